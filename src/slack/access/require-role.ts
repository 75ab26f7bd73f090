import { roleOf, type AnyCapability } from '../../capabilities/capability.ts'
import { denyRole } from '../../fixes/authorise.ts'
import { groupsOf } from '../../fixes/roles.ts'
import { defined } from '../../mesh/defined.ts'
import { UserError, type UserAnswer } from '../../mesh/user-error.ts'
import { recordAudit } from '../../store/audit.ts'
import type { StoredRequest } from '../../store/runs.ts'
import type { SlackDeps } from '../deps.ts'
import type { Asking } from './asking.ts'

/** Throws why somebody may not ask here. Where no viewers are named everybody may, and Slack is not asked who is in which group. @throws UserError */
export async function requireViewer(
  { policy, members }: Pick<SlackDeps, 'policy' | 'members'>,
  { user, channel }: Asking,
): Promise<void> {
  if (policy.roles(channel).viewer === undefined) return
  const denied = denyRole(policy, { user, channel, groups: await groupsOf(policy, user, members) }, 'viewer')
  if (denied !== undefined)
    throw new UserError({
      why: denied.why,
      remedies: [
        "The bot's administrator names who may, under channels.CHANNEL.roles in its configuration, and for direct messages and other channels under unlisted.roles.",
      ],
    })
}

/** Throws why somebody may not ask for this here, and records it; the worker looks again at what only some may. @throws UserError */
export async function requireRole(
  deps: Pick<SlackDeps, 'policy' | 'members' | 'records'>,
  asking: Asking,
  capability: AnyCapability,
  request: StoredRequest,
): Promise<void> {
  const { audit } = capability
  const higher = capability.roleFor?.(request)
  const role = roleOf(capability, request)
  if (role === undefined) return
  if (role === 'viewer') return requireViewer(deps, asking)
  const { policy, members, records } = deps
  const { user, team, channel } = asking
  const denied = denyRole(policy, { user, channel, groups: await groupsOf(policy, user, members) }, role, higher?.act)
  if (denied === undefined) return
  if (audit.refused !== undefined)
    await recordAudit(records, {
      event: audit.refused,
      by: { user, ...defined({ team }) },
      ...(request.target !== undefined && { target: request.target.key }),
      facts: { text: request.text, channel, ...audit.facts?.(request), why: denied.why },
    })
  const commands = higher?.without ?? []
  throw commands.length === 0 ? denied : new UserError({ ...told(denied), commands })
}

const told = ({ why, remedies, named }: UserError): UserAnswer => ({ why, remedies, named })
