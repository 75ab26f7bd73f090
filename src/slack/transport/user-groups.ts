import { WebAPIPlatformError } from '@slack/web-api'
import type { GroupMembers } from '../../fixes/roles.ts'
import type { Log } from '../../queue/log.ts'
import type { SlackCalls } from './calls.ts'

/** Milliseconds that Slack's answer is believed. */
const KEPT = 60_000
/** Nobody is in a group that is gone; whose members may not be read, nobody is taken to be in. */
const NOBODY = new Set([
  'no_such_subteam',
  'subteam_disabled',
  'missing_scope',
  'not_allowed_token_type',
  'access_denied',
  'permission_denied',
])

/** Who is in a Slack user group, as of the last minute. Rejects when Slack does not answer. */
export function userGroups(slack: SlackCalls, { log, kept = KEPT }: { log?: Log; kept?: number } = {}): GroupMembers {
  const known = new Map<string, { members: Promise<readonly string[]>; until: number }>()
  return (group) => {
    const before = known.get(group)
    if (before !== undefined && before.until > Date.now()) return before.members
    const members = read(slack, group, log)
    known.set(group, { members, until: Date.now() + kept })
    members.catch(() => known.delete(group))
    return members
  }
}

async function read(slack: SlackCalls, group: string, log: Log | undefined): Promise<readonly string[]> {
  try {
    const { users = [] } = await slack.patiently('usergroups.users.list', (client) =>
      client.usergroups.users.list({ usergroup: group }),
    )
    return users
  } catch (error) {
    if (!(error instanceof WebAPIPlatformError) || !NOBODY.has(error.data.error)) throw error
    log?.error({ err: error, group }, 'the members of a Slack user group cannot be read: nobody counts as a member')
    return []
  }
}
