import { denyRole } from '../../fixes/authorise.ts'
import { groupsOf } from '../../fixes/roles.ts'
import type { Asking } from './asking.ts'
import type { SlackDeps } from '../deps.ts'
import { RefusalError } from './refusal-of.ts'

/** Throws why somebody may not ask here. Where no viewers are named everybody may, and Slack is not asked who is in which group. @throws RefusalError */
export async function requireViewer(
  { policy, members }: Pick<SlackDeps, 'policy' | 'members'>,
  { user, channel }: Asking,
): Promise<void> {
  if (policy.roles(channel).viewer === undefined) return
  const denied = denyRole(policy, { user, channel, groups: await groupsOf(policy, user, members) }, 'viewer')
  if (denied !== undefined)
    throw new RefusalError({
      why: denied.why,
      remedies: ['Who runs me says who may: channels.CHANNEL.roles in my configuration.'],
    })
}
