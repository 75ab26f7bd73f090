import { afterEach, expect, it } from 'vitest'
import { policyOf } from '../../src/config/policy.ts'
import { readChange } from '../../src/fixes/record.ts'
import { openFixHouse, type FixHouse } from './fix-house.ts'

const PEOPLE = [
  { id: 'U_ONCALL', name: 'oncall' },
  { id: 'U_SECOND', name: 'second' },
  { id: 'U_GUEST', name: 'guest', guest: 'multi-channel' },
  { id: 'U_BOT', name: 'alertbot', isBot: true },
  { id: 'U_PARTNER', name: 'partner', team: 'T_PARTNER' },
] as const
const USERS = PEOPLE.map(({ id }) => id)
/** Guests and bots may ask; somebody has named them approvers. */
const POLICY = policyOf({
  access: { guests: true, bots: true },
  channels: { C_MESH: { roles: { approver: { users: USERS } } } },
  identities: { users: Object.fromEntries(USERS.map((user) => [user, { user: `${user}@example.com` }])) },
  changes: { proofSeconds: 0.01 },
})

let house: FixHouse
afterEach(() => house.close())

it('guests, bots and people of other workspaces approve nothing, whoever named them approvers', async () => {
  house = await openFixHouse({ slack: { people: [...PEOPLE] }, policy: POLICY })
  const { message, change } = await house.proposed()
  for (const [user, says] of [
    ['U_GUEST', 'Guests of the workspace may not decide here'],
    ['U_BOT', 'Bots may not decide here'],
    ['U_PARTNER', 'Only members of this workspace may'],
  ] as const) {
    await house.press(message, 'Approve', user)
    await house.slack.waitFor(() => house.told(user).includes(says))
  }
  await house.idle()
  expect(house.api.writes).toEqual([])
  expect((await readChange(house.backend.records, change.id))!.state).toBe('proposed')
  await house.press(message, 'Approve', 'U_SECOND')
  await house.idle()
  expect(house.api.writes.filter(({ dryRun }) => !dryRun)).toHaveLength(1)
})
