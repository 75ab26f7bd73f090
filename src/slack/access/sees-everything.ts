import { groupsOf, has } from '../../fixes/roles.ts'
import type { SlackDeps } from '../deps.ts'
import type { Asking } from './asking.ts'

/** True for an administrator who asks in a direct message with the bot: nobody else reads there. */
export async function seesEverything(
  { policy, members }: Pick<SlackDeps, 'policy' | 'members'>,
  { user, channel }: Pick<Asking, 'user' | 'channel'>,
): Promise<boolean> {
  if (!channel.startsWith('D')) return false
  const { users = [], groups = [] } = policy.administrators
  if (users.includes(user)) return true
  return groups.length > 0 && has(policy.administrators, user, await groupsOf(policy, user, members))
}
