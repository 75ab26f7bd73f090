import { withoutQuery } from '../mesh/walk/path.ts'
import { cameWhereNothingListens } from '../checks/facts/came-where-nothing-listens.ts'
import { connectionsTo, requestsTo, type Request } from '../checks/facts/requests-to.ts'
import { onsetOf } from '../checks/facts/gone-objects.ts'
import { fact } from '../checks/facts/fact.ts'
import { trafficCountsFrom } from '../checks/facts/traffic-of.ts'
import { istiodPushes } from '../evidence/collectors/istiod-pushes.ts'
import type { Evidence } from '../evidence/evidence.ts'
import type { AnyStep } from '../evidence/step.ts'
import { ipOf } from '../mesh/address.ts'
import { refOf } from '../mesh/objects.ts'
import { isIstiod } from '../mesh/pods.ts'
import type { Target } from '../mesh/target.ts'
import { answerOf } from './requests/answer.ts'

/** Requests in a row that tell that they were answered, and failures that are no chance. */
const ANSWERED = 3
const FAILED = 6
/** Logs of istiod read, at most. */
const MOST_ISTIODS = 3

/** Who asks, and for what; of a connection that was turned away nothing but who made it is known. */
const caller = ({ entry, log }: Request): string => ipOf(entry.downstreamRemote) ?? log.of?.name ?? ''
const asked = (one: Request): string => `${caller(one)} ${withoutQuery(one.entry.path ?? '')}`

/**
 * True when requests that were answered since the last change of any object that acts on the target fail now: what they lack may have been deleted, which the objects
 * that are left do not show.
 */
const failsUnchanged = fact((evidence, target): boolean => {
  const moment = trafficCountsFrom(evidence, target)
  if (moment === undefined) return false
  const requests = [...requestsTo(target, moment, evidence), ...connectionsTo(target, moment, evidence)]
  const fails = (some: readonly Request[]): boolean =>
    onsetOf(
      some.flatMap((one) => {
        const answer = answerOf(one)
        return answer === 'answered' || answer === 'failed'
          ? [{ at: Date.parse(one.entry.at), isAnswered: answer === 'answered' }]
          : []
      }),
      ANSWERED,
      FAILED,
    ) !== undefined
  const byCaller = Map.groupBy(requests, caller)
  return [...byCaller.values()].some((own) => {
    const connections = own.filter((one) => one.entry.path === undefined && answerOf(one) === 'failed')
    return [...Map.groupBy(own, asked).values()].some(fails) || (connections.length >= FAILED && fails(own))
  })
})

/** What istiod told its proxies of lately, when requests fail and no object that is there was changed before they did, or a gateway does not listen any more where they came in. */
export function planIstiodPushes(target: Target, evidence: Evidence): AnyStep[] {
  if (!failsUnchanged(evidence, target) && cameWhereNothingListens(evidence, target).length === 0) return []
  return evidence
    .objects('pods')
    .filter(isIstiod)
    .slice(0, MOST_ISTIODS)
    .map((pod) => istiodPushes(refOf(pod)))
}
