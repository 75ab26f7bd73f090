import type { Evidence } from '../evidence/evidence.ts'
import { failed } from '../mesh/access-log.ts'
import type { Pod, Workload } from '../mesh/objects.ts'
import type { Ref } from '../mesh/ref.ts'
import { clockText } from '../mesh/duration.ts'
import { formatRef, sameRef } from '../mesh/ref.ts'
import type { Target } from '../mesh/target.ts'
import { defineCheck, proof, type Found, type Proof } from './check.ts'
import { quoted } from './facts/pod-trouble.ts'
import { endedPods, type EndedPod } from './facts/ended-pods.ts'
import { areOver } from './facts/over.ts'
import { ownerOf, podsOf } from './facts/owners.ts'
import { endAlike, endingOf, endingText, type Ending } from './facts/pod-ending.ts'
import { readingFor } from './facts/readings.ts'
import { isGrave, latest, requestsTo, scopeOf, type Group, type Request } from './facts/requests-to.ts'
import { presentOf, quoteLine } from './facts/traffic-of.ts'

/** Seconds of the event of a pod's end are whole ones; after its grace period the kernel's and the endpoints' own time. */
const BEFORE = 1000
const AFTER = 2000
/** Fewest failures: one may have any reason. */
const FEWEST = 2
/** For each failure at a pod that was ending, failures since at others, at most: more are another trouble, whatever ended meanwhile. */
const MOST_ELSEWHERE = 0.25

/** Pods that end while callers still send them requests: 503s in the seconds of a rollout, a scale-down or a drain. */
export const errorsInRollout = defineCheck({
  name: 'errors-in-rollout',
  about: 'no request failed because the pod it was sent to was just ending, in the last 15 minutes',
  needs: ['access-log', 'pods', 'virtual-services'],
  confirms: ['events', 'replica-sets'],
  problems: {
    MESH0440: {
      severity: 'error',
      counts: 'failures',
      title: 'errors during a rollout',
      explains: ['MESH0401', 'MESH0402', 'MESH0403', 'MESH0404', 'MESH0405'],
      says: '{failed} of {requests} requests to {subject} since {since} failed because they were sent to terminating pods, {clause}',
      remedy: '{correction}.',
    },
    MESH0441: {
      severity: 'warning',
      title: 'a rollout made requests fail',
      says: '{failed} of {requests} requests to {subject} since {since} failed because they were sent to terminating pods, {clause}',
      remedy: '{correction}.',
    },
  },
  run(evidence, target) {
    const ended = endedPods(evidence, target)
    if (ended.length === 0) return []
    const now = Math.max(0, ...evidence.seen('access-log').map(({ at }) => Date.parse(at)))
    const requests = requestsTo(target, now - presentOf(target), evidence)
    const met = requestsOfEnded(requests, ended)
    return [...Map.groupBy(met, ({ pod }) => formatRef(pod.owner)).values()].flatMap((group) =>
      found(group, requests, evidence, target),
    )
  },
})

/** What is to be done where pods of the present template end otherwise than those that made requests fail. */
const PUT_RIGHT = 'Wait until the pods of the former template have ended: those of the present one end otherwise'

/** A failed request, and the pod whose end made it fail. */
interface Met {
  request: Request
  pod: EndedPod
}

const began = ({ entry }: Request): number => Date.parse(entry.at)
const until = (one: Request): number => began(one) + (one.entry.duration ?? 0)
const graceOf = ({ ending }: EndedPod): number => (ending ?? endingOf(undefined)).graceSeconds * 1000

/** A 5xx or no answer, for another reason than that it took too long. */
const isBroken = ({ entry }: Request): boolean =>
  failed(entry) && !entry.flags.includes('UT') && (entry.code === 0 || entry.code >= 502)

/**
 * The failures at each address that no pod has any more, when they lie within the end of a pod: between the moment it was told to end and that at which it was gone. An
 * address that was sent requests later, or failed as often before, is left out.
 */
function requestsOfEnded(requests: readonly Request[], ended: readonly EndedPod[]): Met[] {
  const gone = Map.groupBy(
    requests.filter(
      ({ entry, pod }) => pod === undefined && entry.upstreamHost !== undefined && entry.upstreamCluster !== undefined,
    ),
    ({ entry }) => entry.upstreamHost ?? '',
  )
  return [...gone.values()].flatMap((group): Met[] => {
    const broken = group.filter(isBroken)
    const pods = ended
      .map((pod) => {
        const within = broken.filter(
          (one) => until(one) >= pod.at - BEFORE && began(one) <= pod.at + graceOf(pod) + AFTER,
        )
        return { pod, within }
      })
      .filter(
        ({ pod, within }) =>
          within.length * 2 > broken.length && group.every((one) => began(one) <= pod.at + graceOf(pod) + AFTER),
      )
    // Of several that ended in one rollout, the one that ended just before.
    const [first] = pods.toSorted((a, b) => b.within.length - a.within.length || b.pod.at - a.pod.at)
    return first === undefined ? [] : first.within.map((request) => ({ request, pod: first.pod }))
  })
}

/** The newest ReplicaSet of a Deployment. */
function newestOf(owner: Ref, evidence: Evidence): Workload | undefined {
  const revision = ({ metadata: { annotations } }: Workload): number =>
    Number(annotations?.['deployment.kubernetes.io/revision'] ?? 0)
  return evidence
    .objects('replica-sets')
    .filter(
      ({ metadata: { namespace, ownerReferences = [] } }) =>
        namespace === owner.namespace &&
        ownerReferences.some(({ kind, name }) => kind === owner.kind && name === owner.name),
    )
    .toSorted((a, b) => revision(b) - revision(a))[0]
}

/** True when the requests since the last failure tell that it is over: the failures of a rollout stand close together. */
function isPast(failures: readonly Request[], requests: readonly Request[]): boolean {
  const times = failures.map(began)
  const [first, last] = [Math.min(...times), Math.max(...times)]
  const span = requests.filter((one) => began(one) >= first && began(one) <= last).length
  const since = requests.filter((one) => began(one) > last && !failed(one.entry)).length
  return areOver(failures.length, span, since)
}

function found(met: readonly Met[], requests: readonly Request[], evidence: Evidence, target: Target): Found[] {
  const owner = met[0]?.pod.owner
  if (owner === undefined || met.length < FEWEST) return []
  const own = podsOf(target, evidence).filter((pod) => sameRef(ownerOf(pod, evidence), owner))
  const living = own.find(({ metadata }) => metadata.deletionTimestamp === undefined)
  const newest = newestOf(owner, evidence)
  const current = endingOf(newest?.spec?.template?.spec ?? living?.spec)
  const failures = met.map(({ request }) => request).toSorted((a, b) => began(a) - began(b)) as unknown as Group
  const first = Math.min(...failures.map(began))
  const since = requests.filter((one) => began(one) >= first)
  const elsewhere = since.filter(({ entry }) => failed(entry)).length - failures.length
  if (elsewhere > failures.length * MOST_ELSEWHERE) return []
  const past = isPast(failures, requests)
  // What ended otherwise than pods would now was put right since, unless it goes on.
  const isOther = met.every(({ pod: { ending } }) => ending !== undefined && !endAlike(ending, current))
  if (past && isOther) return []
  const pods = [...new Map(met.map(({ pod }) => [pod.name, pod])).values()].toSorted((a, b) => a.at - b.at)
  const isError = !past && isGrave(failures, since)
  const last = latest(failures)
  return [
    {
      code: isError ? 'MESH0440' : 'MESH0441',
      standing: 'observed',
      subject: owner,
      args: {
        failed: failures.length,
        requests: since.length,
        since: clockText(first),
        pods: pods.map(({ name }) => name),
        clause: `${occasion(pods, newest)}: ${endingText(pods[0]?.ending ?? current, living)}${isOther ? `; of the pods that take their place, ${endingText(current, undefined)}` : ''}`,
        correction: isOther ? PUT_RIGHT : correction(current),
      },
      because: [
        proof(
          last.log,
          `${failures.length} of ${since.length} requests failed at ${addressesOf(failures)}, of terminating pods; since ${clockText(first)}`,
          quoteLine(last.entry),
        ),
        ...pods.slice(0, 3).map(({ reading, says, quote }): Proof => proof(reading, says, quote)),
        ...templateProof(owner, newest, current, living, evidence),
      ],
      scope: [...scopeOf(failures, target), formatRef(owner)],
    },
  ]
}

const addressesOf = (failures: readonly Request[]): string =>
  [...new Set(failures.flatMap(({ entry }) => entry.upstreamHost ?? []))].slice(0, 5).join(', ')

/** While another template took the place of theirs, or for another reason. */
function occasion(pods: readonly EndedPod[], newest: Workload | undefined): string {
  const names = pods.map(({ name }) => quoted(name)).slice(0, 3)
  const isRollout =
    newest !== undefined &&
    pods.some(({ maker }) => maker !== undefined && maker.metadata.name !== newest.metadata.name)
  return isRollout ? `while it was rolled out (${names.join(', ')} ended)` : `as ${names.join(', ')} ended`
}

/** What would let callers learn of a pod's end before it ends. */
function correction({ preStop, graceSeconds }: Ending): string {
  return preStop.length === 0
    ? `Let the application wait before it ends, so that its callers learn of it first: a preStop hook of its container, such as ${quoted('sleep: { seconds: 10 }')}, with terminationGracePeriodSeconds above it`
    : `Let the preStop hook wait longer than callers need to learn of a pod's end (terminationGracePeriodSeconds, now ${quoted(String(graceSeconds))}, must be above it), and let the application finish its requests when it gets SIGTERM`
}

/** Where the settings stand. */
function templateProof(
  owner: Ref,
  newest: Workload | undefined,
  current: Ending,
  living: Pod | undefined,
  evidence: Evidence,
): Proof[] {
  const says = `the template of ${formatRef(owner)}: ${endingText(current, living).replaceAll('`', '')}`
  if (newest !== undefined) return [proof(readingFor('replica-sets', evidence), says)]
  return living === undefined ? [] : [proof(readingFor('pods', evidence), says)]
}
