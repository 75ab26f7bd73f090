import { authorise, denyRole } from '../../fixes/authorise.ts'
import type { ChangeRecord } from '../../fixes/record.ts'
import { groupsOf } from '../../fixes/roles.ts'
import { UserError } from '../../mesh/user-error.ts'
import type { SlackDeps } from '../deps.ts'
import type { Asking } from './asking.ts'

/** Why somebody may not read what a change writes as it is, secrets and all; undefined for who may approve it. */
export async function denyRaw(
  { policy, members }: Pick<SlackDeps, 'policy' | 'members'>,
  user: string,
  { channel }: Pick<ChangeRecord, 'channel'>,
): Promise<UserError | undefined> {
  const groups = await groupsOf(policy, user, members)
  return denyRole(policy, { user, channel, groups }, 'approver', 'read what it writes as it is')
}

/** Throws why somebody may not put another proposal in the place of a change. The worker looks again. @throws UserError */
export async function requireEditor(
  { policy, members }: Pick<SlackDeps, 'policy' | 'members'>,
  { user, channel }: Pick<Asking, 'user' | 'channel'>,
  change: ChangeRecord,
): Promise<void> {
  const allowed = authorise(policy, change, { user, channel, groups: await groupsOf(policy, user, members) }, 'edit')
  if (allowed instanceof UserError) throw allowed
}
