import { withoutQuery } from '../../mesh/walk/path.ts'
import { chanceOfAsSlow, latencyOf, type Latency } from '../../mesh/latency.ts'
import type { Pod } from '../../mesh/objects.ts'
import { once } from './fact.ts'
import { groupBy, type Request } from './requests-to.ts'

/** Fewest requests of an endpoint, and of those it is compared with: fewer say nothing of it. */
const FEWEST = 5
const FEWEST_OF_OTHERS = 10
/** From so many times the median of the others on, and so many milliseconds above it, an endpoint is slow enough for people to notice. */
const TIMES = 3
const ABOVE = 50
/** Chance at which one of all endpoints is called slow though all are alike. */
const CHANCE = 0.001

/** Flags of requests whose duration says nothing of who was to answer: never sent, cut by the peer, or delayed on purpose. */
const NOT_ITS_TIME: ReadonlySet<string> = new Set(['UF', 'UH', 'UO', 'UC', 'NR', 'NC', 'LH', 'DI', 'FI', 'RL', 'UAEX'])

/** An endpoint that takes much longer than others of the target for the same paths. */
export interface SlowEndpoint {
  /** `10.244.0.9:3000`. */
  address: string
  pod?: Pod
  requests: readonly [Request, ...Request[]]
  latency: Latency
  /** Requests to it that somebody gave up waiting for. */
  cut: readonly Request[]
}

/** Endpoints that are slow, and those that are not; none is slow where there was not enough traffic to tell. */
export interface SlowEndpoints {
  slow: readonly SlowEndpoint[]
  quick: { endpoints: number; latency: Latency }
}

/** What the one that waited saw as the end: its own time-out, or it was given up on itself. */
const isCut = ({ entry }: Request): boolean => entry.flags.some((flag) => flag === 'UT' || flag === 'DC')

/** As the pod's own proxy took the time, where it logged the request: a caller's line counts earlier tries too. */
const durationOf = ({ entry, inner }: Request): number | undefined => inner?.entry.duration ?? entry.duration

/** Requests are compared with those that ask the same: a pod may be sent the slow ones alone. */
const askOf = ({ entry }: Request): string => `${entry.method ?? ''} ${withoutQuery(entry.path ?? '')}`

/** Compares the target's endpoints by how long their requests took. The requests must not change. */
export const slowEndpoints = once((requests: readonly Request[]): SlowEndpoints => {
  const timed = requests.filter(
    (request) =>
      request.entry.upstreamHost !== undefined &&
      durationOf(request) !== undefined &&
      !request.entry.flags.some((flag) => NOT_ITS_TIME.has(flag)),
  )
  const known = groupBy(timed, ({ entry }) => entry.upstreamHost ?? '')
    .filter((group) => group.length >= FEWEST)
    .map((group) => ({ group, latency: latencyOf(group.map((one) => durationOf(one) ?? 0)) }))
  const fastest = Math.min(...known.map(({ latency }) => latency.p50))
  const limit = Math.max(fastest * TIMES, fastest + ABOVE)
  const quick = known.filter(({ latency }) => latency.p50 < limit)
  const quickRequests = quick.flatMap(({ group }) => group)
  const slow = known.flatMap(({ group, latency }): SlowEndpoint[] => {
    if (latency.p50 < limit) return []
    const asks = new Set(group.map(askOf))
    const others = quickRequests.filter((one) => asks.has(askOf(one)))
    const asked = new Set(others.map(askOf))
    const own = group.filter((one) => asked.has(askOf(one)))
    if (own.length < FEWEST || others.length < FEWEST_OF_OTHERS) return []
    const [ours, theirs] = [own, others].map((some) => some.map((one) => durationOf(one) ?? 0)) as [number[], number[]]
    const ownLatency = latencyOf(ours)
    const { p50 } = latencyOf(theirs)
    if (ownLatency.p50 < Math.max(p50 * TIMES, p50 + ABOVE)) return []
    if (chanceOfAsSlow(ours, theirs) > CHANCE / known.length) return []
    const [first] = group
    return [
      {
        address: first.entry.upstreamHost ?? '',
        requests: group,
        latency: ownLatency,
        cut: group.filter(isCut),
        ...(first.pod !== undefined && { pod: first.pod }),
      },
    ]
  })
  return {
    slow,
    quick: {
      endpoints: quick.length,
      latency: latencyOf(quickRequests.map((one) => durationOf(one) ?? 0)),
    },
  }
})
