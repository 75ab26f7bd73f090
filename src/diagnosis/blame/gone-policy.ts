import { isJudgedByOldPolicy, type Request } from '../../checks/facts/requests-to.ts'
import { lastPolicyChange, trafficCountsFrom } from '../../checks/facts/traffic-of.ts'
import { formatRef } from '../../mesh/ref.ts'
import { answerOf } from '../requests/answer.ts'
import type { Case, Lead } from './lead.ts'
import { value } from './lead.ts'

/** Answers since the last change that tell that requests were allowed, and refusals that they are no more. */
const ENOUGH = 3
/** Milliseconds in which a changed policy comes to a proxy, and in which it comes to act on every connection, whichever that is. */
const PUSHED = 20_000
const SETTLED = 60_000

/**
 * Where no policy allows what was allowed since the last change of anything that is there: the policy that allowed it was deleted. It cannot be named, and none of those
 * that are left is to blame.
 */
export function policyGone({ followed: { requests }, target, evidence }: Case): Lead[] {
  const moment = trafficCountsFrom(evidence, target)
  if (moment === undefined) return []
  const changed = lastPolicyChange(evidence, target)
  // What is refused sooner is refused by that change; what is allowed over a connection that was made since is allowed by it.
  const isSettled = (one: Request): boolean => {
    const since = Date.parse(one.entry.at) - changed
    const isNew = one.entry.upstreamLocal !== undefined && !isJudgedByOldPolicy(one, changed + PUSHED)
    return since > SETTLED || (since > PUSHED && (isNew || answerOf(one) !== 'answered'))
  }
  const since = requests.requests
    .filter((one) => Date.parse(one.entry.at) > moment && isSettled(one))
    .toSorted((a, b) => Date.parse(a.entry.at) - Date.parse(b.entry.at))
    .map(answerOf)
  const first = since.indexOf('failed')
  // Connections from before are judged by the old policies for a while.
  const refused = since.length - 1 - since.lastIndexOf('answered')
  const isGone = first >= ENOUGH && refused >= ENOUGH && since.slice(0, first).every((one) => one === 'answered')
  return isGone
    ? [
        {
          code: 'MESH0531',
          isDeeper: true,
          subject: target.ref,
          why: `a policy that allowed these requests is gone: ${first} of them were answered since the last change of any object that acts on ${value(formatRef(target.ref))}, and no policy that is left allows them`,
          remedy: 'Restore the AuthorizationPolicy that was deleted, or make one that is left allow them',
        },
      ]
    : []
}
