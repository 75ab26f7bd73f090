import { denyRole } from '../../fixes/authorise.ts'
import { groupsOf } from '../../fixes/roles.ts'
import { recordAudit } from '../../store/audit.ts'
import type { RunRequest } from '../../store/runs.ts'
import type { Asking } from './asking.ts'
import type { SlackDeps } from '../deps.ts'
import { RefusalError } from './refusal-of.ts'
import { defined } from '../../mesh/defined.ts'

/** Throws why somebody may lend nothing here, and records it; the worker looks again. @throws RefusalError */
export async function requireOperator(
  { policy, members, records }: Pick<SlackDeps, 'policy' | 'members' | 'records'>,
  { user, team, channel }: Asking,
  { text, target, lend }: RunRequest,
): Promise<void> {
  const denied = denyRole(policy, { user, channel, groups: await groupsOf(policy, user, members) }, 'operator')
  if (denied === undefined) return
  await recordAudit(records, {
    event: 'lease-refused',
    by: { user, ...defined({ team }) },
    ...(target !== undefined && { target: target.key }),
    facts: { text, channel, levels: lend?.levels, why: denied.why },
  })
  throw new RefusalError({ ...denied, named: namedIn(denied.remedies) })
}

/** Ids of the people and groups that sentences of authorise.ts name. */
export const namedIn = (sentences: readonly string[]): string[] =>
  sentences.flatMap((one) => [...one.matchAll(/<(?:@|!subteam\^)([A-Z0-9_]+)>/g)].map(([, id = '']) => id))
