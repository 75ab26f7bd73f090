import { lastPolicyChange, trafficCountsFrom } from '../../checks/facts/traffic-of.ts'
import { formatRef } from '../../mesh/ref.ts'
import { answerOf } from '../requests/answer.ts'
import type { Case, Lead } from './lead.ts'
import { value } from './lead.ts'

/** Answers since the last change that tell that requests were allowed, and refusals that they are no more. */
const ENOUGH = 3
/** Milliseconds in which a changed policy comes to act on every connection: what is refused only then is refused by that. */
const SETTLED = 60_000

/**
 * Where no policy allows what was allowed since the last change of anything that is there: the policy that allowed it was deleted. It cannot be named, and none of those
 * that are left is to blame.
 */
export function policyGone({ followed: { requests }, target, evidence }: Case): Lead[] {
  const moment = trafficCountsFrom(evidence, target)
  if (moment === undefined) return []
  const settled = Math.max(moment, lastPolicyChange(evidence, target) + SETTLED)
  const since = requests.requests
    .filter(({ entry }) => Date.parse(entry.at) > settled)
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
          remedy: 'Restore the AuthorizationPolicy that was deleted, or let one that is left allow them',
        },
      ]
    : []
}
