import { afterEach, describe, expect, it } from 'vitest'
import { policyOf } from '../../src/config/policy.ts'
import { listRuns } from '../../src/store/runs.ts'
import { recordAudit } from '../../src/store/audit.ts'
import { openLeaseHouse, type LeaseHouse } from './lease-house.ts'
import { shownIn } from './texts.ts'

let house: LeaseHouse
afterEach(() => house.close())

const CHANNELS = { C_MESH: { roles: { viewer: { users: ['U_ONCALL'] }, operator: { users: ['U_ONCALL'] } } } }

/** What somebody is told who types a line in a channel. */
async function told(line: string, user: string, channel: string): Promise<string> {
  const typed = await house.slack.type(line, { user, channel })
  await house.slack.waitFor(() => typed.ephemerals()[0])
  return shownIn(typed.ephemerals()[0]!)
}

describe('where a channel names its viewers', () => {
  it.each([
    '/mesh diagnose catalog',
    '/mesh status',
    '/mesh audit',
    '/mesh leases',
    '/mesh history',
    '/mesh cancel',
    '/mesh doctor',
  ])('%s is not answered to others in a channel that is not listed', async (line) => {
    house = await openLeaseHouse({ policy: policyOf({ channels: CHANNELS }) })
    expect(await told(line, 'U_VISITOR', 'C_OTHER')).toContain('You may not ask here')
    const begun = (await listRuns(house.backend.records)).filter(({ createdAt }) => createdAt >= house.openedAt)
    expect(begun).toEqual([])
  })
})

describe('what belongs to another channel', () => {
  it('is not shown by audit and leases', async () => {
    house = await openLeaseHouse()
    await house.asked('/mesh log-level catalog http:debug --pods 1')
    const channel = `C_NONE_${house.openedAt}`
    await recordAudit(house.backend.records, { event: 'fix-applied', by: { user: 'U' }, facts: { channel } })
    expect(await told('/mesh leases', 'U_ONCALL', 'C_MESH')).toContain('http:debug')
    expect(await told('/mesh leases', 'U_ONCALL', 'C_OTHER')).toContain('No log levels are raised now in this channel.')
    const elsewhere = await told('/mesh audit', 'U_ONCALL', 'C_OTHER')
    expect(elsewhere).not.toContain('lease-granted')
    expect(elsewhere).toContain('the chain is whole')
    expect(await told('/mesh audit', 'U_ONCALL', 'C_MESH')).toContain('lease-granted')
  })
})

describe('an administrator in a direct message', () => {
  it('sees what belongs to every channel; nobody else does, there or elsewhere', async () => {
    house = await openLeaseHouse({
      policy: policyOf({
        channels: { C_MESH: { roles: { viewer: { users: ['U_ONCALL'] }, operator: { users: ['U_ONCALL'] } } } },
        administrators: { users: ['U_THIRD'] },
      }),
    })
    await house.asked('/mesh log-level catalog http:debug --pods 1')
    const direct = await house.bot.app.client.chat.postMessage({ channel: 'U_THIRD', text: 'hello' })
    expect(await told('/mesh leases', 'U_THIRD', direct.channel!)).toContain('http:debug')
    expect(await told('/mesh audit', 'U_THIRD', direct.channel!)).toContain('lease-granted')
    expect(await told('/mesh leases', 'U_THIRD', 'C_MESH')).toContain('You may not ask here')
    const other = await house.bot.app.client.chat.postMessage({ channel: 'U_VISITOR', text: 'hello' })
    expect(await told('/mesh leases', 'U_VISITOR', other.channel!)).toContain('You may not ask here')
  })
})
