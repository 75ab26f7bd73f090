import { afterEach, beforeEach, expect, it } from 'vitest'
import type { SlackStandIn } from '../../src/sandbox/slack/stand-in.ts'
import { startPatientStandIn } from '../sandbox/patient-stand-in.ts'
import { SlackCalls } from '../../src/slack/transport/calls.ts'
import { userGroups } from '../../src/slack/transport/user-groups.ts'
import { rememberingLog } from './house.ts'

let slack: SlackStandIn
beforeEach(async () => {
  slack = await startPatientStandIn({ groups: [{ id: 'S_OWNERS', handle: 'mesh-owners', users: ['U_SECOND'] }] })
})
afterEach(() => slack.close())

const calls = (): SlackCalls =>
  new SlackCalls({ token: slack.botToken, apiUrl: slack.url, log: rememberingLog().log, pauses: [5] })
const asked = (): number => slack.calls.filter(({ method }) => method === 'usergroups.users.list').length

it('asks Slack once for as long as its answer is believed', async () => {
  const members = userGroups(calls())
  expect(await Promise.all([members('S_OWNERS'), members('S_OWNERS')])).toEqual([['U_SECOND'], ['U_SECOND']])
  await members('S_OWNERS')
  expect(asked()).toBe(1)
  const forgetful = userGroups(calls(), { kept: 0 })
  await forgetful('S_OWNERS')
  await forgetful('S_OWNERS')
  expect(asked()).toBe(3)
})

it.each([
  ['a group that is gone', 'S_GONE', 'no_such_subteam'],
  ['a group that may not be read', 'S_OWNERS', 'missing_scope'],
])('takes nobody to be in %s, and notes it', async (_name, group, reason) => {
  if (reason === 'missing_scope') slack.withoutScope('usergroups:read')
  const { log, logged } = rememberingLog()
  expect(await userGroups(calls(), { log })(group)).toEqual([])
  expect(logged).toMatchObject([{ level: 'error', fields: { group, err: { data: { error: reason } } } }])
})

it('says nothing of a group while Slack does not answer, and asks again', async () => {
  const members = userGroups(calls())
  slack.fail.next('usergroups.users.list', { status: 500 }, 2)
  await expect(members('S_OWNERS')).rejects.toThrow('Slack did not answer')
  expect(await members('S_OWNERS')).toEqual(['U_SECOND'])
})
