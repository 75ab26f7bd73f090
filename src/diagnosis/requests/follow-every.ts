import { podsOf } from '../../checks/facts/owners.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { defined } from '../../mesh/defined.ts'
import { refOf } from '../../mesh/objects.ts'
import type { Target } from '../../mesh/target.ts'
import type { Hop } from '../follow/report.ts'
import { Pace } from '../pace.ts'
import { madeClasses } from './made-classes.ts'
import { nearest } from '../../checks/facts/requests-to.ts'
import type { RequestClass } from './classes.ts'
import { classKey, seenClasses } from './classes.ts'
import type { ProbedClass } from './probed-class.ts'
import { probeRequests } from './probed-class.ts'
import { answerOf } from './answer.ts'
import { gonePort } from './gone-port.ts'
import { presentByDestination } from './by-destination.ts'
import { presentOf } from './present.ts'
import { failsByWhatIsAsked, isBare, lastAnswerAtTarget, maySayMore } from './unread.ts'
import type { Followed, FollowOptions } from './followed.ts'
import { wayOf, lastUpdate } from './way.ts'
import { lastChange, lastChangeFor } from './last-change.ts'
import { gotSince, answeredElsewhere, answeredAsHttp } from './answered-since.ts'
import { withAllDeclined } from './declined.ts'

/** Milliseconds within which what an answer met is not known: the time of a change is a whole second, and a proxy has it somewhat later. */
const TAKES_EFFECT = 2_000

function follow(
  requests: RequestClass,
  classes: readonly RequestClass[],
  { moment, target }: { moment: number; target: Target },
  evidence: Evidence,
  options: FollowOptions,
): Followed {
  const gone = gonePort(requests, classes, target, evidence)
  if (gone !== undefined)
    return { requests, present: { requests: 0, failures: [], state: 'none' }, gone, outcome: 'fails', standing: 'live' }
  const way = wayOf(requests, evidence, options)
  const known = [
    ...requests.requests,
    ...gotSince(requests, classes),
    ...answeredElsewhere(requests, evidence),
    ...answeredAsHttp(requests, classes),
  ]
  const whole = presentOf(known, moment)
  const present =
    whole.state === 'over' || whole.state === 'few'
      ? (presentByDestination(requests.requests, moment, way?.trace.walk.route?.virtualHost?.routes ?? []) ?? whole)
      : whole
  const one = { requests, present, ...defined({ way }) }
  if (present.state === 'fails') return { ...one, outcome: 'fails', standing: 'observed' }
  if (way?.foreseen === 'fails' && isBare(requests) && failsByWhatIsAsked(way)) {
    const last = lastAnswerAtTarget(requests, classes, moment)
    if (last === undefined) return { ...one, outcome: 'unknown', standing: 'live' }
    if (last === 'answered') return { ...one, outcome: 'contradicted', standing: 'observed' }
  }
  // Requests that are alike in all that logs tell may differ in a header: those without it fail, and others are answered.
  if (way?.foreseen === 'fails' && maySayMore(way)) {
    // Of a trouble that is past only those failed as is foreseen that no route took.
    const failures =
      present.state === 'over'
        ? present.failures.filter((each) => nearest(each).entry.flags.includes('NR'))
        : present.failures
    if (failures.length > 1) return { ...one, outcome: 'fails', standing: 'observed' }
    if (present.state === 'answered') {
      const isSince = known.some(
        (each) => Date.parse(each.entry.at) > moment + TAKES_EFFECT && answerOf(each) === 'answered',
      )
      return isSince
        ? { ...one, outcome: 'contradicted', standing: 'observed' }
        : { ...one, outcome: 'unknown', standing: 'live', isDoubtful: true }
    }
  }
  if (way?.foreseen === 'fails') {
    const updated = lastUpdate(way, evidence)
    const wasAnswered = requests.requests.some(
      (request) => Date.parse(request.entry.at) > Math.max(moment, updated) && answerOf(request) === 'answered',
    )
    // Nobody was seen to ask since, and no object names the host: it may have been given up on purpose.
    if (!requests.isNamed && !wasAnswered && present.failures.length === 0)
      return { ...one, outcome: 'unknown', standing: 'live' }
    return wasAnswered
      ? { ...one, outcome: 'contradicted', standing: 'observed' }
      : { ...one, outcome: 'fails', standing: present.failures.length > 0 ? 'observed' : 'live' }
  }
  const seen =
    present.state === 'answered' ||
    present.state === 'over' ||
    (present.state === 'few' && present.failures.length < present.requests)
  return {
    ...one,
    outcome: seen || way?.foreseen === 'arrives' ? 'arrives' : 'unknown',
    standing: seen ? 'observed' : 'live',
  }
}

/** Follows a class that probes were sent for. That one failed and no log shows how, or that the only ones there are failed, is never "arrives". */
function followProbed(
  one: RequestClass,
  probed: ProbedClass,
  classes: readonly RequestClass[],
  since: { moment: number; target: Target },
  evidence: Evidence,
  options: FollowOptions,
): Followed {
  const own = probeRequests(probed, evidence)
  const followed = follow({ ...one, requests: [...one.requests, ...own] }, classes, since, evidence, options)
  const { present, outcome } = followed
  const isDoubtful = probed.isDoubtful || (present.requests > 0 && present.failures.length === present.requests)
  return {
    ...followed,
    ...(own.length > 0 && { probes: own.length }),
    ...(isDoubtful && outcome === 'arrives' && { outcome: 'unknown', isDoubtful }),
  }
}

/** Every class of requests that concerns the target, followed through its caller's live configuration and compared with what was observed. */
export async function followEvery(
  target: Target,
  evidence: Evidence,
  options: FollowOptions,
  pace = new Pace(),
): Promise<{ followed: Followed[]; left: readonly RequestClass[] }> {
  const { classes, left } = seenClasses(target, evidence)
  await pace.breathe()
  const change = lastChange(target, evidence)
  const momentOf = (one: RequestClass): number => Math.max(change, lastChangeFor(one, target, evidence))
  const made = madeClasses(target, classes, evidence)
  await pace.breathe()
  const own = new Set(podsOf(target, evidence).map((pod) => refOf(pod).name))
  const each: Followed[] = []
  for (const one of [...classes, ...made]) {
    const probed = options.probed?.get(classKey(one))
    each.push(
      probed === undefined
        ? follow(one, classes, { moment: momentOf(one), target }, evidence, options)
        : followProbed(one, probed, classes, { moment: momentOf(one), target }, evidence, options),
    )
    await pace.breathe()
  }
  const followed = withAllDeclined(each, momentOf)
  // A workload need not be allowed to call itself, and policies are there to refuse callers: nobody was seen to be.
  const isRefused = ({ objects }: Hop): boolean =>
    objects.some(({ kind }) => kind === 'AuthorizationPolicy' || kind === 'RequestAuthentication')
  return {
    left,
    followed: followed.filter(({ requests: { requests, caller }, way }) => {
      const [hop] = way?.failing ?? []
      const isUnseen = requests.length === 0 && caller?.kind === 'sidecar' && hop?.stage === 'inbound'
      return !(isUnseen && (own.has(caller.pod.name) || isRefused(hop)))
    }),
  }
}
