import { afterEach, describe, expect, it } from 'vitest'
import { ASK_ONLY, MEMBERS_ONLY, type AccessPolicy } from '../../src/fixes/policy.ts'
import type { SlackStandInOptions } from '../../src/sandbox/slack/contract.ts'
import { ended, openHouse, type House } from './house.ts'
import { shownIn } from './texts.ts'

let house: House
afterEach(() => house.close())

const PEOPLE: SlackStandInOptions = {
  people: [
    { id: 'U_ONCALL', name: 'oncall' },
    { id: 'U_GUEST', name: 'guest', guest: 'multi-channel' },
    { id: 'U_VISITOR', name: 'visitor', guest: 'single-channel' },
    { id: 'U_GONE', name: 'gone', isDeactivated: true },
    { id: 'U_BOT', name: 'alertbot', isBot: true },
    { id: 'U_PARTNER', name: 'partner', team: 'T_PARTNER' },
  ],
  channels: [
    { id: 'C_MESH', name: 'mesh' },
    { id: 'C_SHARED', name: 'shared', isExtShared: true },
  ],
}
const open = async (access: Partial<AccessPolicy> = {}): Promise<void> => {
  house = await openHouse({ slack: PEOPLE, policy: { ...ASK_ONLY, access: { ...MEMBERS_ONLY, ...access } } })
}

/** Types a command that is refused; what the person is told. */
async function refused(user: string, channel = 'C_MESH'): Promise<string> {
  const typed = await house.slack.type('/mesh diagnose catalog', { user, channel })
  await house.slack.waitFor(() => typed.ephemerals()[0])
  expect(house.slack.messages(channel)).toEqual([])
  return shownIn(typed.ephemerals()[0]!)
}

const CASES = [
  ['a guest of several channels', 'U_GUEST', 'Guests of the workspace may not ask here'],
  ['a guest of one channel', 'U_VISITOR', 'Guests of the workspace may not ask here'],
  ['a bot', 'U_BOT', 'Bots may not ask here'],
  ['somebody of another workspace', 'U_PARTNER', 'Only members of this workspace may ask here'],
] as const

it.each([...CASES, ['a deactivated account', 'U_GONE', 'This account is deactivated']] as const)(
  'refuses %s',
  async (_name, user, says) => {
    await open()
    expect(await refused(user)).toContain(says)
  },
)

it('refuses a channel that another organisation shares, to members too', async () => {
  await open()
  expect(await refused('U_ONCALL', 'C_SHARED')).toContain('shared with another organisation')
  const mention = await house.slack.mention('@mesh-medic diagnose catalog', { user: 'U_ONCALL', channel: 'C_SHARED' })
  await house.slack.waitFor(() => mention.ephemerals()[0])
  expect(house.slack.messages('C_SHARED').filter(({ botId }) => botId !== undefined)).toEqual([])
})

it('refuses presses of buttons and mentions as it refuses commands', async () => {
  await open()
  await house.slack.type('/mesh diagnose catalog', { user: 'U_ONCALL', channel: 'C_MESH' })
  const run = await ended(house)
  const before = house.slack.files().length
  const pressed = await house.slack.click(house.slack.message('C_MESH', run.thread!)!, 'full-report', {
    user: 'U_GUEST',
    channel: 'C_MESH',
  })
  await house.slack.waitFor(() => pressed.ephemerals()[0])
  expect(shownIn(pressed.ephemerals()[0]!)).toContain('Guests of the workspace')
  expect(house.slack.files()).toHaveLength(before)
  const mention = await house.slack.mention('@mesh-medic status', { user: 'U_PARTNER', channel: 'C_MESH' })
  await house.slack.waitFor(() => mention.ephemerals()[0])
  expect(shownIn(mention.ephemerals()[0]!)).toContain('Only members of this workspace')
})

it.each([
  ['a guest', 'U_GUEST', { guests: true }],
  ['a bot', 'U_BOT', { bots: true }],
  ['another workspace', 'U_PARTNER', { teams: ['T_PARTNER'] }],
] as const)('lets %s ask where the configuration says so', async (_name, user, access) => {
  await open(access)
  await house.slack.type('/mesh diagnose catalog', { user, channel: 'C_MESH' })
  expect((await ended(house)).outcome?.verdict).toBe('ill')
})

it('lets members ask in a shared channel where the configuration says so', async () => {
  await open({ sharedChannels: true })
  await house.slack.type('/mesh diagnose catalog', { user: 'U_ONCALL', channel: 'C_SHARED' })
  expect((await ended(house)).outcome?.verdict).toBe('ill')
})

describe('what Slack is asked', () => {
  const asked = (method: string): number => house.slack.calls.filter((call) => call.method === method).length

  it('it is asked once in a while for each person and channel', async () => {
    await open()
    for (let times = 1; times <= 3; times += 1) {
      const typed = await house.slack.type('/mesh help', { user: 'U_ONCALL', channel: 'C_MESH' })
      await house.slack.waitFor(() => typed.ephemerals()[0])
    }
    expect(asked('users.info')).toBe(1)
    expect(asked('conversations.info')).toBe(1)
  })

  it('without the scope nobody is answered, and it is said which is missing', async () => {
    await open()
    house.slack.withoutScope('users:read')
    const says = await refused('U_ONCALL')
    expect(says).toContain('missing_scope')
    expect(says).toContain('reinstall it')
  })
})
