import type { Evidence } from '../evidence/evidence.ts'
import { clockText } from '../mesh/duration.ts'
import { latencyOf } from '../mesh/latency.ts'
import { refOf, type Pod } from '../mesh/objects.ts'
import { isReady } from '../mesh/pods.ts'
import type { Ref } from '../mesh/ref.ts'
import { formatRef, sameRef } from '../mesh/ref.ts'
import type { Target } from '../mesh/target.ts'
import type { Found, Proof } from './check.ts'
import { defineCheck, proof } from './check.ts'
import { ownerOf, podsBeside } from './facts/owners.ts'
import { isGrave, requestsTo, scopeOf, type Request } from './facts/requests-to.ts'
import { limitOf, proofOfLimit } from './facts/route-limit.ts'
import {
  slowEndpoints,
  slowPaths,
  type SlowEndpoint,
  type SlowEndpoints,
  type SlowPath,
} from './facts/slow-endpoints.ts'
import { quoteLine, ROUTING_KINDS, trafficCountsFrom } from './facts/traffic-of.ts'

/** One pod of several, or all pods of one version or on one node, take much longer than the rest for the same requests. */
export const slowPod = defineCheck({
  name: 'slow-pod',
  about: 'no pod of the target takes much longer than the others for the same requests',
  needs: ['access-log', 'pods', ...ROUTING_KINDS],
  confirms: ['routes', 'replica-sets', 'endpoints'],
  problems: {
    MESH0433: {
      severity: 'error',
      counts: 'failures',
      title: 'one pod is slow',
      explains: ['MESH0401', 'MESH0403', 'MESH0404', 'MESH0407', 'MESH0448', 'MESH0449'],
      says: '{subject} is slow: its requests take {slow}, those of the other endpoints {quick} (median); {cut} of {requests} requests were cut off{by}',
      remedy:
        'Take {subject} out of service and find out why it is slow (CPU, memory, its node, what it waits for); the other endpoints carry the load.',
    },
    MESH0434: {
      severity: 'warning',
      title: 'one pod answers slowly',
      says: '{subject} is slow: its requests take {slow}, those of the other endpoints {quick} (median)',
      remedy: 'Find out why {subject} is slow: CPU, memory, its node, what it waits for.',
    },
    MESH0435: {
      severity: 'error',
      counts: 'failures',
      title: 'one version or node is slow',
      explains: ['MESH0401', 'MESH0403', 'MESH0404', 'MESH0407', 'MESH0448', 'MESH0449'],
      says: '{where} {subject} are slow: their requests take {slow}, those of the others {quick} (median); {cut} of {requests} requests were cut off{by}',
      remedy: 'Send requests to the other pods, and find out what is different about {subject}.',
    },
    MESH0436: {
      severity: 'warning',
      title: 'one version or node answers slowly',
      says: '{where} {subject} are slow: their requests take {slow}, those of the others {quick} (median)',
      remedy: 'Find out what is different about {subject}.',
    },
    MESH0446: {
      severity: 'warning',
      title: 'one path answers slowly',
      says: '{path} takes {slow} at each endpoint of {subject}, all other requests {quick} (median); {cut} of {requests} were cut off',
      remedy:
        'Find out what {path} waits for in the application; give its route a timeout of its own where callers may wait.',
    },
  },
  run(evidence, target) {
    const moment = trafficCountsFrom(evidence, target)
    if (moment === undefined) return []
    const requests = requestsTo(target, moment, evidence)
    const known = slowEndpoints(requests)
    const slow = known.slow.filter((one): one is Slow => one.pod !== undefined)
    return [
      ...groupsOf(slow, evidence, target).map((group) => found(group, known, requests, evidence, target)),
      // What takes long by its nature is no trouble as long as it is waited for.
      ...slowPaths(requests)
        .filter((one) => isGrave(one.cut, one.requests))
        .map((path) => foundPath(path, evidence, target)),
    ]
  },
})

type Slow = SlowEndpoint & Required<Pick<SlowEndpoint, 'pod'>>

/** What is slow together: one pod, all pods of a workload, on a node, or in a zone. */
interface SlowGroup {
  subject: Ref
  members: readonly [Slow, ...Slow[]]
}

/** Slow pods by what all of them, and no other ready pods behind the target's Services, have in common: their workload, else their node, else their zone; else each by itself. */
function groupsOf(slow: readonly Slow[], evidence: Evidence, target: Target): SlowGroup[] {
  const [first, ...others] = slow
  if (first === undefined) return []
  const ready = podsBeside(evidence, target).filter(isReady)
  const wholly = (sameAs: (pod: Pod) => boolean, members: readonly Slow[]): boolean =>
    ready.filter(sameAs).every((pod) => members.some((one) => one.pod === pod)) && !ready.every(sameAs)
  const node = first.pod.spec?.nodeName
  const byOwner = Map.groupBy(slow, ({ pod }) => formatRef(ownerOf(pod, evidence)))
  if (
    others.length > 0 &&
    node !== undefined &&
    byOwner.size > 1 &&
    slow.every(({ pod }) => pod.spec?.nodeName === node) &&
    wholly(({ spec }) => spec?.nodeName === node, slow)
  )
    return [{ subject: { kind: 'Node', name: node }, members: [first, ...others] }]
  const zone = others.length > 0 && byOwner.size > 1 ? zoneOf(first.pod, evidence) : undefined
  const isThere = (pod: Pod): boolean => zoneOf(pod, evidence) === zone
  if (zone !== undefined && slow.every(({ pod }) => isThere(pod)) && wholly(isThere, slow))
    return [{ subject: { kind: 'Zone', name: zone }, members: [first, ...others] }]
  return [...byOwner.values()].flatMap((members): SlowGroup[] => {
    const owner = ownerOf((members[0] ?? first).pod, evidence)
    return wholly((pod) => sameRef(ownerOf(pod, evidence), owner), members)
      ? [{ subject: owner, members: members as unknown as SlowGroup['members'] }]
      : members.map((one) => ({ subject: refOf(one.pod), members: [one] }))
  })
}

/** The zone of a pod's node, as istiod tells callers' proxies; undefined where no node has one. */
function zoneOf(pod: Pod, evidence: Evidence): string | undefined {
  const address = pod.status?.podIP
  if (address === undefined) return undefined
  for (const { value } of evidence.seen('endpoints'))
    for (const { hostStatuses = [] } of value)
      for (const { address: { socketAddress } = {}, locality } of hostStatuses)
        if (socketAddress?.address === address && (locality?.zone ?? '') !== '') return locality?.zone
  return undefined
}

const WHERE: Readonly<Record<string, string>> = { Node: 'The pods on', Zone: 'The pods in' }

function found(
  { subject, members }: SlowGroup,
  { quick }: SlowEndpoints,
  all: readonly Request[],
  evidence: Evidence,
  target: Target,
): Found {
  const own = members.flatMap((one) => one.requests)
  const cut = members.flatMap((one) => one.cut)
  // The last of which both ends are known: logs are read one after the other.
  const example = cut.findLast(isEchoed) ?? cut.at(-1) ?? own[0]
  const limit = example === undefined ? undefined : limitOf(example, evidence)
  const isPod = subject.kind === 'Pod'
  const slowest = members.reduce((a, b) => (b.latency.p50 > a.latency.p50 ? b : a))
  // What was answered before it became slow makes it no better.
  const requests = slowest.since ?? all
  const isError = isGrave(cut, requests)
  // Of a request that was given up it is only known that it takes longer.
  const isAtLeast = slowest.cut.length > 0 && slowest.cut.length * 2 >= slowest.requests.length
  const { only, isOnTheWay } = slowest
  const began = isOnTheWay === true ? passedBefore(own) : beganAfter(own)
  const slow = `${slowest.latency.p50} ms${isOnTheWay === true ? ' on the way to it' : ''}${isAtLeast ? ' or longer' : ''}${only === undefined ? '' : ` for ${only} alone`}`
  const quickly = quick.latency.p50 < 1 ? 'less than 1 ms' : `${quick.latency.p50} ms`
  const addresses = members.map(({ address }) => address).join(', ')
  return {
    code: isPod ? (isError ? 'MESH0433' : 'MESH0434') : isError ? 'MESH0435' : 'MESH0436',
    standing: 'observed',
    subject,
    args: {
      slow,
      quick: quickly,
      cut: cut.length,
      flags: [...new Set(cut.flatMap(({ entry }) => entry.flags))],
      requests: requests.length,
      // The window of the whole report needs no name.
      by: `${limit === undefined ? '' : ` by the timeout ${limit.timeout} of ${formatRef(limit.owner)}`}${slowest.since === undefined ? '' : ` since ${firstOf(requests)}`}`,
      where: WHERE[subject.kind] ?? 'The pods of',
      others: quick.endpoints,
    },
    because: [
      proof(
        (example ?? members[0].requests[0]).log,
        `${own.length} requests to ${addresses} since ${firstOf(requests)} took ${slow} (p50; p95 ${slowest.latency.p95} ms, p99 ${slowest.latency.p99} ms), ${quick.latency.count} requests to ${quick.endpoints} others ${quickly} (p50; p95 ${quick.latency.p95} ms, p99 ${quick.latency.p99} ms)${began}`,
        quoteLine((example ?? members[0].requests[0]).entry),
      ),
      ...(example === undefined ? [] : echo(example)),
      ...(limit === undefined || example === undefined ? [] : proofOfLimit(limit, example.log, evidence)),
    ],
    scope: scopeOf(own, target),
  }
}

/** When the first of some requests was, as a time of day. */
const firstOf = (requests: readonly Request[]): string =>
  clockText(requests.map(({ entry }) => entry.at).reduce((a, b) => (a < b ? a : b)))

/** Answers of which it must be known when they began. */
const FEWEST_BEGUN = 3

/** How long requests took by the count of both ends. */
function passedBefore(requests: readonly Request[]): string {
  const [outer, inner] = [
    latencyOf(requests.flatMap(({ entry }) => entry.duration ?? [])),
    latencyOf(requests.flatMap((one) => one.inner?.entry.duration ?? [])),
  ]
  return `; ${outer.p50} ms as their callers' proxies logged, ${inner.p50} ms as its own did (p50): connecting to it or the network is slow, not its answers`
}

/** Where what was answered took its time: until the answer began, or in its transfer. */
function beganAfter(requests: readonly Request[]): string {
  const known = requests.flatMap(({ entry, inner }) => {
    const { service, duration } = inner?.entry.service === undefined ? entry : inner.entry
    return service === undefined || duration === undefined ? [] : [{ service, duration }]
  })
  if (known.length < FEWEST_BEGUN) return ''
  const [service, duration] = [latencyOf(known.map((one) => one.service)), latencyOf(known.map((one) => one.duration))]
  return service.p50 * 2 < duration.p50
    ? `; answers began after ${service.p50} ms and were complete after ${duration.p50} ms (p50 of ${known.length}): their transfer is slow`
    : `; answers began after ${service.p50} ms (p50 of ${known.length}): the application is slow, not the transfer`
}

function foundPath({ path, requests, latency, cut, others }: SlowPath, evidence: Evidence, target: Target): Found {
  const [example = requests[0]] = cut.toReversed()
  const limit = limitOf(example, evidence)
  const slow = `${latency.p50} ms${cut.length * 2 >= requests.length ? ' or longer' : ''}`
  const quick = others.latency.p50 < 1 ? 'less than 1 ms' : `${others.latency.p50} ms`
  return {
    code: 'MESH0446',
    standing: 'observed',
    subject: target.ref,
    args: { path, slow, quick, cut: cut.length, requests: requests.length },
    because: [
      proof(
        example.log,
        `${requests.length} requests for ${path} took ${slow} (p50; p95 ${latency.p95} ms), ${others.requests} others ${quick} (p50; p95 ${others.latency.p95} ms)`,
        quoteLine(example.entry),
      ),
      ...(limit === undefined || cut.length === 0 ? [] : proofOfLimit(limit, example.log, evidence)),
    ],
    scope: scopeOf(requests, target),
  }
}

const isEchoed = ({ log, inner }: Request): boolean => inner?.entry.flags.includes('DC') === true && inner.log !== log

/** The same request as the pod's own proxy logged it: who waits no longer closes the connection, which is no error there. */
function echo(request: Request): Proof[] {
  const { entry, inner } = request
  if (inner === undefined || !isEchoed(request)) return []
  const { name = 'the pod' } = inner.log.of ?? {}
  return [
    proof(
      inner.log,
      `the same request (x-request-id ${entry.requestId ?? ''}) in the log of ${name}: 0 DC, because the caller closed the connection when it stopped waiting; there it does not count as an error`,
      quoteLine(inner.entry),
    ),
  ]
}
