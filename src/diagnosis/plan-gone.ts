import { connectionsTo, requestsTo, type Request } from '../checks/facts/requests-to.ts'
import { fact } from '../checks/facts/fact.ts'
import { trafficCountsFrom } from '../checks/facts/traffic-of.ts'
import { istiodPushes } from '../evidence/collectors/istiod-pushes.ts'
import type { Evidence } from '../evidence/evidence.ts'
import type { AnyStep } from '../evidence/step.ts'
import { ipOf } from '../mesh/address.ts'
import { refOf } from '../mesh/objects.ts'
import { isIstiod } from '../mesh/pods.ts'
import type { Target } from '../mesh/target.ts'
import { answerOf, type Answer } from './requests/answer.ts'

/** Requests that tell that they were answered, or fail. */
const ENOUGH = 3
/** Logs of istiod read, at most. */
const MOST_ISTIODS = 3

/** Who asks, and for what; of a connection that was turned away nothing but who made it is known. */
const caller = ({ entry, log }: Request): string => ipOf(entry.downstreamRemote) ?? log.of?.name ?? ''
const asked = (one: Request): string => `${caller(one)} ${(one.entry.path ?? '').replace(/\?.*$/s, '')}`

/**
 * True when requests that were answered since the last change of any object that acts on the target fail now: what they lack may have been deleted, which the objects
 * that are left do not show.
 */
const failsUnchanged = fact((evidence, target): boolean => {
  const moment = trafficCountsFrom(evidence, target)
  if (moment === undefined) return false
  const requests = [...requestsTo(target, moment, evidence), ...connectionsTo(target, moment, evidence)].toSorted(
    (a, b) => Date.parse(a.entry.at) - Date.parse(b.entry.at),
  )
  const answers = (some: readonly Request[]): Answer[] =>
    some.map(answerOf).filter((answer) => answer === 'answered' || answer === 'failed')
  const fails = (all: readonly Answer[]): boolean => {
    const first = all.indexOf('failed')
    const since = all.slice(Math.max(0, first))
    // Connections from before a change are judged by what was there then for a while.
    const kept = since.filter((answer) => answer === 'answered').length
    return first >= ENOUGH && since.length - kept >= ENOUGH && kept <= since.length / 4 && since.at(-1) === 'failed'
  }
  const byCaller = Map.groupBy(requests, caller)
  return [...byCaller.values()].some((own) => {
    const connections = own.filter((one) => one.entry.path === undefined && answerOf(one) === 'failed')
    return (
      [...Map.groupBy(own, asked).values()].some((same) => fails(answers(same))) ||
      (connections.length >= ENOUGH && fails(answers(own)))
    )
  })
})

/** What istiod told its proxies of lately, when requests fail and no object that is there was changed before they did. */
export function planIstiodPushes(target: Target, evidence: Evidence): AnyStep[] {
  if (!failsUnchanged(evidence, target)) return []
  return evidence
    .objects('pods')
    .filter(isIstiod)
    .slice(0, MOST_ISTIODS)
    .map((pod) => istiodPushes(refOf(pod)))
}
