import { ownerOf, podsOf } from '../checks/facts/owners.ts'
import { routingObjects } from '../checks/facts/traffic-of.ts'
import type { Evidence } from '../evidence/evidence.ts'
import type { TrafficHistory } from '../evidence/traffic.ts'
import { countedOnce, endOf, isFailure, type Answered } from '../mesh/both-ends.ts'
import { changePoint, type ChangePoint, type Point } from '../mesh/change-point.ts'
import { changedAt, refOf } from '../mesh/objects.ts'
import { formatRef, type Ref } from '../mesh/ref.ts'
import { parseFlags } from '../mesh/response-flags.ts'
import type { Target } from '../mesh/target.ts'

/** What changed about a target, and when. */
export interface ChangeMark {
  /** ISO time. */
  at: string
  kind: 'configuration' | 'rollout'
  /** The object that was changed, or the workload that has new pods. */
  of: Ref
}

/** How requests to the target were answered over time, as Prometheus counted them at both ends. */
export interface History {
  /** FQDN of the Service. */
  host: string
  /** ISO times. */
  from: string
  to: string
  /** Seconds between two points. */
  step: number
  /** The share of requests that succeed (0 to 1), for each minute in which there were some. */
  client: Point[]
  server: Point[]
  /** Requests per second over the last seconds (absent in answers of before), and the share of them that failed: as the callers count, else as the target does. */
  now?: { perSecond: number; failedShare: number; seconds?: number }
  /** Since when so many fail. */
  since?: ChangePoint
  changes: ChangeMark[]
  /** Milliseconds; the slowest pod first. */
  latencies: { pod: string; p50: number; p95: number }[]
  /** Seconds that latencies are over; absent in answers of before. */
  latenciesOver?: number
  /** Seconds by which Prometheus's clock is ahead of the mesh's. */
  ahead?: number
}

/** The history of the target's Service with most requests; undefined where Prometheus has none of them. */
export function historyOf(evidence: Evidence, target: Target): History | undefined {
  const [most] = evidence
    .seen('traffic-history')
    .map(({ value }) => value)
    .toSorted((a, b) => volumeOf(b) - volumeOf(a))
  if (most === undefined || volumeOf(most) === 0) return undefined
  const { host, from, to, step, over, latencies = [], latenciesOver, ahead } = most
  const [client, server] = [ratesOf(most, 'client'), ratesOf(most, 'server')]
  const counted = client.length > 0 ? client : server
  const last = counted.at(-1)
  const since = changePoint(
    counted.map(({ at, all, failed }) => ({ at, value: failed / all })),
    over * 1000,
  )
  return {
    host,
    from,
    to,
    step,
    client: client.map(successAt),
    server: server.map(successAt),
    ...(last !== undefined &&
      Date.parse(to) - last.at <= step * 1000 && {
        now: { perSecond: last.all, failedShare: last.failed / last.all, seconds: over },
      }),
    ...(since !== undefined && { since }),
    changes: changesBetween(Date.parse(from), Date.parse(to), evidence, target),
    latencies,
    latenciesOver,
    ...(ahead !== undefined && { ahead }),
  }
}

const volumeOf = ({ series }: TrafficHistory): number =>
  series
    .filter(({ reporter }) => endOf(reporter) !== undefined)
    .reduce((sum, { points }) => points.reduce((all, { value }) => all + value, sum), 0)

const successAt = ({ at, all, failed }: Rates): Point => ({ at, value: (all - failed) / all })

interface Rates {
  at: number
  all: number
  failed: number
}

/** Requests per second of one end, and those that failed, at each point at which there were some. */
function ratesOf({ series }: TrafficHistory, end: Answered['end']): Rates[] {
  const known = new Map<number, Rates>()
  for (const { reporter, code, flags, points } of countedOnce(series, (one) => one.reporter)) {
    if (endOf(reporter) !== end) continue
    const isFailed = end === 'client' ? isFailure({ code, flags: parseFlags(flags) }) : code.startsWith('5')
    for (const { at, value } of points) {
      const rates = known.get(at) ?? { at, all: 0, failed: 0 }
      rates.all += value
      if (isFailed) rates.failed += value
      known.set(at, rates)
    }
  }
  return [...known.values()].filter(({ all }) => all > 0).toSorted((a, b) => a.at - b.at)
}

/** What routes to the target and was changed within a time, and the workloads that got new pods, in order of time. */
function changesBetween(from: number, to: number, evidence: Evidence, target: Target): ChangeMark[] {
  const isWithin = (at: number): boolean => at >= from && at <= to
  const configuration = routingObjects(evidence, target).flatMap((object): ChangeMark[] => {
    const at = changedAt(object)
    return at !== undefined && isWithin(at)
      ? [{ at: new Date(at).toISOString(), kind: 'configuration', of: refOf(object) }]
      : []
  })
  const started = podsOf(target, evidence).flatMap((pod) => {
    const at = Date.parse(pod.metadata.creationTimestamp ?? '')
    return isWithin(at) ? [{ at, of: ownerOf(pod, evidence) }] : []
  })
  // Of pods that a workload got one after the other, the first tells when it began.
  const rollouts = [...Map.groupBy(started, ({ of }) => formatRef(of)).values()].flatMap((group): ChangeMark[] => {
    const [first, ...later] = group.toSorted((a, b) => a.at - b.at)
    if (first === undefined) return []
    const begins = [first]
    for (const one of later) if (one.at - (begins.at(-1)?.at ?? 0) > APART) begins.push(one)
    return begins.map(({ at, of }) => ({ at: new Date(at).toISOString(), kind: 'rollout', of }))
  })
  const seen = new Set<string>()
  return [...configuration, ...rollouts]
    .filter(({ at, of }) => {
      const key = `${at} ${formatRef(of)}`
      return !seen.has(key) && seen.add(key).size > 0
    })
    .toSorted((a, b) => a.at.localeCompare(b.at, 'en') || formatRef(a.of).localeCompare(formatRef(b.of), 'en'))
}

/** Milliseconds between pods of one rollout. */
const APART = 5 * 60_000
