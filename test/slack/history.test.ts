import { afterEach, describe, expect, it } from 'vitest'
import { listRuns } from '../../src/store/runs.ts'
import { recordedClients } from '../replay.ts'
import { ended, openHouse, type House } from './house.ts'
import { heldClients } from './slow-clients.ts'
import { shownIn } from './texts.ts'

/** A second channel, where nobody asked for anything. */
const channels = [
  { id: 'C_MESH', name: 'mesh' },
  { id: 'C_OTHER', name: 'other' },
]

let house: House
afterEach(() => house.close())

async function told(line: string, user = 'U_ONCALL', channel = 'C_MESH'): Promise<string> {
  const typed = await house.slack.type(line, { user, channel })
  await house.slack.waitFor(() => typed.ephemerals()[0])
  return shownIn(typed.ephemerals()[0]!)
}

describe('/mesh history', () => {
  it('says how to begin where nothing was asked', async () => {
    house = await openHouse()
    expect(await told('/mesh history')).toContain('Nothing was asked in this channel in the last 30 days.')
    expect(await told('/mesh history catalog')).toContain('`/mesh diagnose catalog`')
  })

  it('shows the runs of the channel and of a target, newest first, each with its thread', async () => {
    house = await openHouse()
    await house.slack.type('/mesh diagnose catalog', { user: 'U_SECOND', channel: 'C_MESH' })
    await ended(house)
    await house.slack.type('/mesh status', { user: 'U_SECOND', channel: 'C_MESH' })
    await ended(house, 2)
    const all = (await told('/mesh history')).split('\n').filter((line) => line.startsWith('- '))
    expect(all).toHaveLength(2)
    expect(all[0]).toMatch(/ status .*\|Thread>/)
    expect(all[1]).toMatch(/🔴 .* diagnose `Service istioinaction\/catalog` {2}Ill: .*\|Thread>/)
    const own = await told('/mesh history svc/catalog -n istioinaction')
    expect(own).toContain('The last run about svc/catalog')
    expect(own).not.toContain(' status ')
  })

  it('shows nothing of another channel but what one asked there oneself', async () => {
    house = await openHouse({ slack: { channels } })
    await house.slack.type('/mesh diagnose catalog', { user: 'U_SECOND', channel: 'C_MESH' })
    await ended(house)
    expect(await told('/mesh history catalog', 'U_ONCALL', 'C_OTHER')).toContain('Nothing was asked about catalog')
    expect(await told('/mesh history catalog', 'U_SECOND', 'C_OTHER')).toContain('Ill')
  })

  it.each([
    ['/mesh history catalog reviews', 'One target at a time.'],
    ['/mesh history -n shop', 'A namespace alone is not a target.'],
    ['/mesh history katalog', 'catalog'],
    ['/mesh history --all', 'Unknown flag --all.'],
  ])('%s is refused: %s', async (line, why) => {
    house = await openHouse()
    expect(await told(line)).toContain(why)
  })
})

describe('/mesh cancel', () => {
  it('stops a run by its id, names those that run when none is given, and says when one is over', async () => {
    const held = heldClients(recordedClients('chapter-10/ill'))
    house = await openHouse({ clients: held.clients, slack: { channels } })
    expect(await told('/mesh cancel')).toContain('Nothing is running here.')
    await house.slack.type('/mesh diagnose catalog', { user: 'U_ONCALL', channel: 'C_MESH' })
    await house.slack.waitFor(() => held.asked() > 0)
    const run = (await listRuns(house.backend.records)).findLast(({ createdAt }) => createdAt >= house.openedAt)!
    expect(await told('/mesh cancel', 'U_SECOND')).toContain(`/mesh cancel ${run.id}`)
    expect(await told('/mesh cancel', 'U_SECOND', 'C_OTHER')).toContain('Nothing is running here.')
    expect(await told(`/mesh cancel ${run.id}`, 'U_SECOND', 'C_OTHER')).toContain('is known here')
    expect(await told(`/mesh cancel ${run.id}`, 'U_SECOND')).toContain('Cancelling')
    expect(await ended(house)).toMatchObject({ state: 'cancelled', cancelAskedBy: 'U_SECOND' })
    held.release()
    expect(await told(`/mesh cancel ${run.id}`)).toContain('That run was already cancelled.')
  })

  it.each([
    ['/mesh cancel one two', 'One run at a time.'],
    ['/mesh cancel <!channel>', 'is known here'],
    [`/mesh cancel ${'x'.repeat(300)}`, 'is known here'],
  ])('%s is refused', async (line, why) => {
    house = await openHouse()
    expect(await told(line)).toContain(why)
  })
})
