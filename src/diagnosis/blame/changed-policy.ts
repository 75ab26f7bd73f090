import { isJudgedByOldPolicy } from '../../checks/facts/requests-to.ts'
import { nearestRule } from '../../mesh/authorization.ts'
import type { AuthorizationPolicy } from '../../mesh/objects.ts'
import { changedAt, refOf } from '../../mesh/objects.ts'
import { answerOf } from '../requests/answer.ts'
import type { Case, Lead } from './lead.ts'
import { newest } from './lead.ts'
import { factsOf } from './request-facts.ts'

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
export function changedWithRefusals(allowing: readonly AuthorizationPolicy[], one: Case): Lead[] {
  const { requests, present } = one.followed
  const [first] = present.failures
  if (first === undefined || allowing.length < 2) return []
  const at = ({ entry }: typeof first): number => Date.parse(entry.at)
  const allowed = requests.requests.filter((each) => at(each) < at(first) && answerOf(each) === 'answered')
  const facts = factsOf(first, one)
  const changed = newest(
    allowing.filter((policy) => {
      const moment = changedAt(policy) ?? 0
      const before = allowed.filter((each) => at(each) < moment)
      const wasAllowedSince = allowed.some(
        (each) => at(each) > moment + PUSHED && !isJudgedByOldPolicy(each, moment + PUSHED),
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
