import type { Evidence } from '../../evidence/evidence.ts'
import type { Seen } from '../../evidence/reading.ts'
import type { AccessLogLine } from '../../mesh/access-log.ts'
import { since } from '../../mesh/access-log.ts'
import { ipOf } from '../../mesh/address.ts'
import type { Pod } from '../../mesh/objects.ts'
import type { Target } from '../../mesh/target.ts'
import { podScope, podsOf } from './owners.ts'
import { isForHosts } from './traffic-of.ts'
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
}

/** The pod at an upstream address, `10.244.0.9:3000`. */
export function podAt(address: string | undefined, evidence: Evidence): Pod | undefined {
  const ip = ipOf(address)
  return ip === undefined
    ? undefined
    : evidence
        .objects('pods')
        .find(({ status, metadata }) => status?.podIP === ip && metadata.deletionTimestamp === undefined)
}

/** Requests to the target after a moment, each once: as a caller's proxy logged it or, when no caller's log has it, the target's own. */
export function requestsTo(target: Target, moment: number, evidence: Evidence): Request[] {
  const own = new Set(podsOf(target, evidence).map(({ metadata }) => metadata.name))
  const all = evidence.seen('access-log').flatMap((log) =>
    since(log.value.lines, moment)
      .filter((entry) => isForHosts(entry, target.hosts))
      .map((entry): Logged => ({ entry, log })),
  )
  const inward = all.filter(
    ({ entry, log }) => own.has(log.of?.name ?? '') && entry.upstreamCluster?.startsWith('outbound|') !== true,
  )
  const known = new Set<string>()
  return [...all.filter((one) => !inward.includes(one)), ...inward].flatMap((one): Request[] => {
    const { requestId: id, upstreamHost } = one.entry
    if (id !== undefined && known.has(id)) return []
    if (id !== undefined) known.add(id)
    const pod = podAt(upstreamHost, evidence)
    // A retried request has a line per try: the one the caller's last answer came from counts.
    const inner = inward.includes(one)
      ? one
      : inward.findLast(
          ({ entry, log }) => id !== undefined && entry.requestId === id && log.of?.name === pod?.metadata.name,
        )
    return [{ ...one, ...defined({ inner, pod }) }]
  })
}

/** The line of the proxy next to where the request ended: the sidecar's when its caller was merely passed an answer. */
export function nearest({ entry, log, inner }: Request): Logged {
  return inner !== undefined && entry.flags.length === 0 ? inner : { entry, log }
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

/** True for a request that came over a connection from before a change of policy, so soon after it that the old policy judged it. */
export function isJudgedByOldPolicy({ entry, log }: Request, changed: number): boolean {
  const { at, upstreamLocal, upstreamHost } = entry
  if (upstreamLocal === undefined || Date.parse(at) - changed > DRAINED_AFTER) return false
  return log.value.lines.some(
    (line) =>
      line.upstreamLocal === upstreamLocal && line.upstreamHost === upstreamHost && Date.parse(line.at) < changed,
  )
}
