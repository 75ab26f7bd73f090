import { isRewritten } from '../../checks/facts/path-at-target.ts'
import { isJudgedByOldPolicy, nearest } from '../../checks/facts/requests-to.ts'
import { portOf } from '../../mesh/address.ts'
import { nearestRule } from '../../mesh/authorization.ts'
import { defined } from '../../mesh/defined.ts'
import type { AuthorizationPolicy } from '../../mesh/objects.ts'
import { changedAt, refOf } from '../../mesh/objects.ts'
import { hasProxy } from '../../mesh/pods.ts'
import { answerOf } from '../requests/answer.ts'
import { identityOf } from '../follow/callee.ts'
import type { Case, Lead } from './lead.ts'
import { newest } from './lead.ts'

/** Answers before the first refusal that tell that requests were allowed. */
const ENOUGH = 3
/** Milliseconds in which a changed policy comes to a proxy. */
const PUSHED = 10_000

/**
 * Where several policies allow and none of their rules takes requests that were answered before: the one that was changed when they began to be refused. The requests
 * say of no other policy that it was meant for them.
 *
 * @param allowing those that act on the pod
 */
export function changedWithRefusals(
  allowing: readonly AuthorizationPolicy[],
  { followed: { requests, present, way }, target, evidence }: Case,
): Lead[] {
  const [first] = present.failures
  if (first === undefined || allowing.length < 2) return []
  const at = ({ entry }: typeof first): number => Date.parse(entry.at)
  const allowed = requests.requests.filter((one) => at(one) < at(first) && answerOf(one) === 'answered')
  const { entry } = nearest(first)
  const { method, path, authority, downstreamLocal } = entry
  const caller = way?.trace.callerPod
  const principal =
    caller !== undefined && hasProxy(caller) ? identityOf(caller, evidence).replace(/^spiffe:\/\//, '') : undefined
  const isKnown = path !== undefined && !isRewritten(evidence, target)(path)
  const facts = defined({
    method,
    path: isKnown ? path : undefined,
    host: authority,
    port: portOf(downstreamLocal),
    principal,
  })
  const changed = newest(
    allowing.filter((policy) => {
      const moment = changedAt(policy) ?? 0
      const before = allowed.filter((one) => at(one) < moment)
      const wasAllowedSince = allowed.some(
        (one) => at(one) > moment + PUSHED && !isJudgedByOldPolicy(one, moment + PUSHED),
      )
      return before.length >= ENOUGH && moment <= at(first) && !wasAllowedSince
    }),
  )
  const near = changed === undefined ? undefined : nearestRule([changed], facts)
  const misses = (near?.misses ?? []).filter(({ sure }) => sure)
  return changed === undefined || misses.length === 0
    ? []
    : [
        {
          code: 'MESH0531',
          isDeeper: true,
          subject: refOf(changed),
          why: `these requests have been refused since it was changed, and none of its rules matches them: ${misses.map(({ says }) => says).join('; ')}`,
          remedy: 'Make one of its rules match them again, as before',
        },
      ]
}
