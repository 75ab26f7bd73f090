import type { Evidence } from '../../evidence/evidence.ts'
import type { Seen } from '../../evidence/reading.ts'
import type { AccessLog, AccessLogLine } from '../../mesh/access-log.ts'
import { since } from '../../mesh/access-log.ts'
import { ipOf } from '../../mesh/address.ts'
import type { Pod } from '../../mesh/objects.ts'
import type { Target } from '../../mesh/target.ts'
import { fact, once } from './fact.ts'
import { podScope, podsOf, servicesOf } from './owners.ts'
import { proof, type Proof } from '../check.ts'
import { linesTo, quoteLine } from './traffic-of.ts'
import { defined } from '../../mesh/defined.ts'

/** One line of one proxy's log. */
export interface Logged {
  entry: AccessLogLine
  log: Seen<'access-log'>
}

/** A request to the target, as the proxies on its way logged it. */
export interface Request extends Logged {
  /** The same request in the log of the sidecar that took it; the line itself when no caller's log has it. */
  inner?: Logged
  /** The pod it was sent to, when it got that far. */
  pod?: Pod
  /** True where sidecars of several pods logged it: its caller's proxy sent it again. */
  isRetried?: true
}

/** The pod at an upstream address, `10.244.0.9:3000`. */
export function podAt(address: string | undefined, evidence: Evidence): Pod | undefined {
  const ip = ipOf(address)
  return ip === undefined ? undefined : podsByAddress(evidence).get(ip)
}

/** Pods by their address, those on their way out left out. */
const podsByAddress = once((evidence: Evidence): ReadonlyMap<string, Pod> => {
  const known = new Map<string, Pod>()
  for (const pod of evidence.objects('pods')) {
    const ip = pod.status?.podIP
    if (ip !== undefined && pod.metadata.deletionTimestamp === undefined && !known.has(ip)) known.set(ip, pod)
  }
  return known
})

/** Requests to the target after a moment, each once: as a caller's proxy logged it or, when no caller's log has it, the target's own. */
export const requestsTo = (target: Target, moment: number, evidence: Evidence): readonly Request[] =>
  requestsByMoment(evidence, target)(moment)

const requestsByMoment = fact((evidence, target) => {
  const known = new Map<number, readonly Request[]>()
  return (moment: number): readonly Request[] => {
    let requests = known.get(moment)
    if (requests === undefined) known.set(moment, (requests = joined(evidence, target, moment)))
    return requests
  }
})

/** Joins the lines that the proxies on a request's way logged of it. */
function joined(evidence: Evidence, target: Target, moment: number): Request[] {
  const own = new Set(podsOf(target, evidence).map(({ metadata }) => metadata.name))
  const outward: Logged[] = []
  const inward: Logged[] = []
  // A retried request has a line per try: the one the caller's last answer came from counts.
  const lastTries = new Map<string, Logged>()
  const tries = new Map<string, number>()
  for (const { log, lines } of linesTo(evidence, target, moment)) {
    const name = log.of?.name ?? ''
    for (const entry of lines) {
      const one = { entry, log }
      if (!own.has(name) || entry.upstreamCluster?.startsWith('outbound|') === true) {
        outward.push(one)
        continue
      }
      inward.push(one)
      if (entry.requestId === undefined) continue
      lastTries.set(`${name} ${entry.requestId}`, one)
      tries.set(entry.requestId, (tries.get(entry.requestId) ?? 0) + 1)
    }
  }
  const known = new Set<string>()
  const isNew = ({ entry: { requestId } }: Logged): boolean => {
    if (requestId === undefined) return true
    if (known.has(requestId)) return false
    known.add(requestId)
    return true
  }
  return [
    ...outward.filter(isNew).map((one): Request => {
      const { requestId, upstreamHost } = one.entry
      const pod = podAt(upstreamHost, evidence)
      const inner =
        (requestId === undefined || pod === undefined
          ? undefined
          : lastTries.get(`${pod.metadata.name} ${requestId}`)) ??
        refusedConnections(evidence, target).get(connectionOf(one.entry.upstreamLocal, upstreamHost) ?? '')
      const isRetried = (tries.get(requestId ?? '') ?? 0) > 1
      return { ...one, ...defined({ inner, pod }), ...(isRetried && { isRetried }) }
    }),
    ...inward
      .filter(isNew)
      .map((one): Request => ({ ...one, inner: one, ...defined({ pod: podAt(one.entry.upstreamHost, evidence) }) })),
  ]
}

/** A connection by its two ends; undefined when one of them is not known. */
const connectionOf = (from: string | undefined, to: string | undefined): string | undefined =>
  from === undefined || to === undefined ? undefined : `${from} ${to}`

/** Connections that the target's own proxies passed on without reading a request, and that were not taken there, by their two ends. */
const refusedConnections = fact((evidence, target): ReadonlyMap<string, Logged> => {
  const own = new Set(podsOf(target, evidence).map(({ metadata }) => metadata.name))
  return new Map(
    evidence
      .seen('access-log')
      .filter(({ of }) => own.has(of?.name ?? ''))
      .flatMap((log) =>
        log.value.lines.flatMap((entry): [string, Logged][] => {
          const { authority, method, flags, upstreamCluster = '', downstreamRemote, downstreamLocal } = entry
          const key = connectionOf(downstreamRemote, downstreamLocal)
          return key === undefined ||
            !flags.includes('UF') ||
            authority !== undefined ||
            method !== undefined ||
            upstreamCluster.startsWith('outbound|')
            ? []
            : [[key, { entry, log }]]
        }),
      ),
  )
})

/** The addresses that clients of the target connect to: of its Services and pods, and of the entries for its hosts. */
const addressesOf = fact((evidence, target): ReadonlySet<string> => {
  const services = servicesOf(target, evidence)
  return new Set([
    ...services.flatMap(({ spec }) => spec?.clusterIP ?? []),
    ...podsOf(target, evidence).flatMap(({ status }) => status?.podIP ?? []),
    ...evidence
      .objects('service-entries')
      .filter(({ spec }) => (spec?.hosts ?? []).some((host) => target.hosts.includes(host)))
      .flatMap(({ spec }) => spec?.addresses ?? []),
  ])
})

/** Connections to the target of which a proxy read no host, after a moment: they count by the address they were made to. */
export function connectionsTo(target: Target, moment: number, evidence: Evidence): Request[] {
  const addresses = addressesOf(evidence, target)
  const own = new Set(podsOf(target, evidence).map(({ metadata }) => metadata.name))
  const known = new Set(requestsTo(target, moment, evidence).map(({ inner }) => inner?.entry))
  return evidence.seen('access-log').flatMap((log) =>
    since(log.value.lines, moment)
      .filter((entry) => !known.has(entry))
      .filter(
        ({ authority, downstreamLocal, upstreamCluster = '' }) =>
          authority === undefined &&
          !upstreamCluster.startsWith('outbound|') &&
          addresses.has(ipOf(downstreamLocal) ?? ''),
      )
      .map((entry): Request => {
        const one = { entry, log }
        return {
          ...one,
          ...(own.has(log.of?.name ?? '') && { inner: one }),
          ...defined({ pod: podAt(entry.upstreamHost, evidence) }),
        }
      }),
  )
}

/** Flags of a caller whose peer ended the connection: why, the peer's own line tells. */
const ENDED: readonly string[] = ['UC', 'UR', 'UPE']

/** The line of the proxy next to where the request ended: the sidecar's when its caller was merely passed an answer, or had its connection ended by it. */
export function nearest({ entry, log, inner }: Request): Logged {
  if (inner === undefined) return { entry, log }
  const isCut =
    inner.entry.method === undefined &&
    inner.entry.flags.includes('UF') &&
    entry.flags.some((flag) => ENDED.includes(flag))
  return entry.flags.length === 0 || isCut ? inner : { entry, log }
}

/** Requests that have something in common; never none. */
export type Group = readonly [Request, ...Request[]]

/** Requests in groups, the largest first. */
export function groupBy(requests: readonly Request[], key: (request: Request) => string): Group[] {
  return ([...Map.groupBy(requests, key).values()] as unknown as Group[]).toSorted((a, b) => b.length - a.length)
}

/** The last of a group, which stands as the example. */
export const latest = (group: Group): Request => group.at(-1) ?? group[0]

/** What a finding about these requests concerns: the target's hosts and the pods they met. */
export const scopeOf = (group: readonly Request[], target: Target): string[] => [
  ...target.hosts,
  ...new Set(group.flatMap(({ pod }) => (pod === undefined ? [] : [podScope(pod)]))),
]

/** From this share of requests on, and at least two of them, failing counts as an error: less may be a passing matter. */
const SHARE = 0.05
export const isGrave = (failures: readonly Request[], requests: readonly Request[]): boolean =>
  failures.length >= 2 && failures.length / requests.length >= SHARE

/** Milliseconds for which a connection that was open before may still be judged by what a sidecar had then: Istio drains old listeners for 45 seconds. */
const DRAINED_AFTER = 60_000

/** When each connection to an upstream was first used, by its two ends. */
const firstUses = once((log: AccessLog): ReadonlyMap<string, number> => {
  const known = new Map<string, number>()
  for (const { upstreamLocal, upstreamHost, at } of log.lines) {
    if (upstreamLocal === undefined) continue
    const key = `${upstreamLocal} ${upstreamHost ?? ''}`
    const moment = Date.parse(at)
    if (!(moment >= (known.get(key) ?? Infinity))) known.set(key, moment)
  }
  return known
})

/** True for a request that came over a connection from before a change of policy, so soon after it that the old policy judged it. */
export function isJudgedByOldPolicy({ entry, log }: Request, changed: number): boolean {
  const { at, upstreamLocal, upstreamHost } = entry
  if (upstreamLocal === undefined || Date.parse(at) - changed > DRAINED_AFTER) return false
  return (firstUses(log.value).get(`${upstreamLocal} ${upstreamHost ?? ''}`) ?? Infinity) < changed
}

/** What a caller was passed of a failure at the other end, when another proxy than `log`'s has logged it. */
export const passedOn = ({ entry, log: last }: Request, log: Logged['log']): Proof[] =>
  last === log
    ? []
    : [proof(last, `the caller was passed ${entry.code} as if the application had answered`, quoteLine(entry))]
