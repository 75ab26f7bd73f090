import { afterEach, expect, it } from 'vitest'
import { policyOf } from '../../src/config/policy.ts'
import type { ShownView } from '../../src/sandbox/slack/stand-in.ts'
import { recordedClients } from '../replay.ts'
import { ended, openHouse, type House } from './house.ts'
import { openLeaseHouse, type LeaseHouse } from './lease-house.ts'
import { heldClients } from './slow-clients.ts'
import { shownIn } from './texts.ts'

let house: House
afterEach(() => house.close())

const homeOf = (user: string): ShownView | undefined => house.slack.views(user).find(({ type }) => type === 'home')

/** What the Home tab of a person shows, once it shows it. */
async function shown(user: string, says: string): Promise<string> {
  await house.slack.openHome({ user })
  await house.slack.waitFor(() => shownIn(homeOf(user) ?? { blocks: [] }).includes(says))
  return shownIn(homeOf(user)!)
}

it('says how to begin where there is nothing yet', async () => {
  house = await openHouse()
  const says = await shown('U_ONCALL', 'Mesh Medic')
  expect(says).toContain('Nothing is running.')
  expect(says).toContain('No log level is raised, no access log is turned on.')
  expect(says).toContain('None in the last 30 days. Begin with `/mesh diagnose TARGET`')
})

it('shows the last runs of a person with their verdict and thread, and nobody else’s', async () => {
  house = await openHouse()
  await house.slack.type('/mesh diagnose catalog', { user: 'U_ONCALL', channel: 'C_MESH' })
  await ended(house)
  const says = await shown('U_ONCALL', 'Ill')
  expect(says).toMatch(/🔴 .* diagnose `Service istioinaction\/catalog` {2}Ill: .*<http.*\|Thread>/)
  expect(await shown('U_SECOND', 'Mesh Medic')).toContain('None in the last 30 days.')
})

it('shows what runs, cancels it by its button, and shows that then', async () => {
  const held = heldClients(recordedClients('chapter-10/ill'))
  house = await openHouse({ clients: held.clients })
  const { slack } = house
  await slack.type('/mesh diagnose catalog', { user: 'U_ONCALL', channel: 'C_MESH' })
  await slack.waitFor(() => held.asked() > 0)
  await shown('U_ONCALL', 'diagnose `Service istioinaction/catalog`')
  expect(await shown('U_SECOND', 'Mesh Medic')).toContain('Nothing is running.')
  await slack.click(homeOf('U_ONCALL')!, 'Cancel', { user: 'U_ONCALL' })
  expect(await ended(house)).toMatchObject({ state: 'cancelled', cancelAskedBy: 'U_ONCALL' })
  held.release()
  expect(await shown('U_ONCALL', 'cancelled')).toContain('Nothing is running.')
})

it('shows what is lent, and gives it back by its button', async () => {
  const lent: LeaseHouse = await openLeaseHouse()
  house = lent
  await lent.asked('/mesh log-level catalog http:debug --pods 1')
  await shown('U_ONCALL', '[Put back now]')
  expect(await shown('U_SECOND', 'Mesh Medic')).not.toContain('[Put back now]')
  await lent.slack.click(homeOf('U_ONCALL')!, 'Put back now', { user: 'U_ONCALL' })
  await lent.slack.waitFor(() => !shownIn(homeOf('U_ONCALL')!).includes('[Put back now]'))
  expect(shownIn(homeOf('U_ONCALL')!)).toContain('No log level is raised')
})

it('shows an administrator what everybody has running and lent', async () => {
  const lent: LeaseHouse = await openLeaseHouse({
    policy: policyOf({
      channels: { C_MESH: { roles: { operator: { users: ['U_ONCALL'] } } } },
      administrators: { users: ['U_SECOND'] },
    }),
  })
  house = lent
  await lent.asked('/mesh log-level catalog http:debug --pods 1')
  const says = await shown('U_SECOND', '[Put back now]')
  expect(says).toContain('Lent now, of everybody')
})

it('shows somebody who may not ask why', async () => {
  house = await openHouse({
    slack: {
      people: [{ id: 'U_GUEST', name: 'guest', guest: 'single-channel' }],
      channels: [{ id: 'C_MESH', name: 'mesh' }],
    },
  })
  const says = await shown('U_GUEST', 'Guests')
  expect(says).not.toContain('Running now')
})

it('lets Slack refuse the tab without a word to anybody else', async () => {
  house = await openHouse()
  house.slack.fail.next('views.publish', { error: 'hash_conflict' })
  await house.slack.openHome({ user: 'U_ONCALL' })
  await house.slack.waitFor(() => house.logged.some(({ says }) => says.includes('Home tab')))
  expect(await shown('U_ONCALL', 'Mesh Medic')).toContain('Nothing is running.')
})
