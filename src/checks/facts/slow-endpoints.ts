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
  /** Where it is not slow for all that it is asked: `GET /reports`. */
  only?: string
  /** Where it became slow a moment ago: all requests since. */
  since?: readonly Request[]
  /** True where the time passes between its callers' proxies and its own: `latency` is of that alone. */
  isOnTheWay?: true
}

/** Endpoints that are slow, and those that are not; none is slow where there was not enough traffic to tell. */
export interface SlowEndpoints {
  slow: readonly SlowEndpoint[]
  quick: { endpoints: number; latency: Latency }
}

/** What the one that waited saw as the end: its own time-out, or it was given up on itself. */
const isCut = ({ entry }: Request): boolean => entry.flags.some((flag) => flag === 'UT' || flag === 'DC')

/** Milliseconds of a request, or of a part of it; undefined where that is not known. */
type Measure = (request: Request) => number | undefined

/** As the pod's own proxy took the time, where it logged the request: a caller's line counts earlier tries too. */
const durationOf: Measure = ({ entry, inner }) => inner?.entry.duration ?? entry.duration

/** What passed between its caller's proxy and the pod's own, of a request that was answered at the first try: connecting, and the network. */
const onTheWay: Measure = ({ entry, inner, isRetried }) =>
  inner === undefined ||
  inner.entry === entry ||
  isRetried === true ||
  entry.flags.length > 0 ||
  entry.duration === undefined ||
  inner.entry.duration === undefined
    ? undefined
    : Math.max(0, entry.duration - inner.entry.duration)

/** Requests are compared with those that ask the same: a pod may be sent the slow ones alone. */
const askOf = ({ entry }: Request): string => `${entry.method ?? ''} ${withoutQuery(entry.path ?? '')}`

/**
 * Compares the target's endpoints by how long their requests took: over all the time, then since the first request to one of them that was given up, as a pod may
 * have become slow a moment ago; then for each path by itself. Where none is slow by its own time, by what passes on the way to them. The requests must not change.
 */
export const slowEndpoints = once((requests: readonly Request[]): SlowEndpoints => {
  const timed = requests.filter(
    (request) =>
      request.entry.upstreamHost !== undefined &&
      durationOf(request) !== undefined &&
      !request.entry.flags.some((flag) => NOT_ITS_TIME.has(flag)),
  )
  const parts = [{ requests: timed }, ...sinceCut(timed), ...byPath(timed)]
  const compared = parts.map((part) => comparedIn(part, parts.length, durationOf))
  if (compared.every(({ slow }) => slow.length === 0)) {
    const late = comparedIn(
      { requests: timed.filter((one) => onTheWay(one) !== undefined) },
      parts.length + 1,
      onTheWay,
    )
    if (late.slow.length > 0)
      return { ...late, slow: late.slow.map((one) => ({ ...one, cut: [], isOnTheWay: true as const })) }
  }
  const [whole = NONE_SLOW, ...others] = compared
  const first = [whole, ...others].find(({ slow }) => slow.length > 0) ?? whole
  const known = new Set(first.slow.map(({ address }) => address))
  const more = others.flatMap(({ slow }) =>
    slow.filter(({ address }) => !known.has(address) && known.add(address).size > 0),
  )
  return { slow: [...first.slow, ...more], quick: first.quick }
})

const NONE_SLOW: SlowEndpoints = { slow: [], quick: { endpoints: 0, latency: latencyOf([]) } }

/** Requests that are compared with each other. */
interface Part {
  requests: readonly Request[]
  /** What all of them ask. */
  only?: string
  /** True where they are those since a moment. */
  isLate?: true
}

/** Endpoints of which it is looked since when they are slow, and paths that are looked at by themselves, at most. */
const MOST_CUT = 5
const MOST_PATHS = 8

/** For each endpoint of which several requests were given up, the requests since the first of them. */
function sinceCut(timed: readonly Request[]): Part[] {
  return groupBy(timed.filter(isCut), ({ entry }) => entry.upstreamHost ?? '')
    .filter((group) => group.length >= FEWEST)
    .slice(0, MOST_CUT)
    .map((group) => {
      const from = group.map(({ entry }) => entry.at).reduce((a, b) => (a < b ? a : b))
      return { requests: timed.filter(({ entry }) => entry.at >= from), isLate: true as const }
    })
    .filter(({ requests }) => requests.length < timed.length)
}

/** The requests for each path, where there are several. */
function byPath(timed: readonly Request[]): Part[] {
  const groups = groupBy(timed, askOf)
  return groups.length < 2
    ? []
    : groups
        .filter((group) => group.length >= FEWEST + FEWEST_OF_OTHERS)
        .slice(0, MOST_PATHS)
        .map((group) => ({ requests: group, only: askOf(group[0]) }))
}

/** Compares endpoints within some of the requests. */
function comparedIn({ requests: timed, only, isLate }: Part, parts: number, measure: Measure): SlowEndpoints {
  const known = groupBy(timed, ({ entry }) => entry.upstreamHost ?? '')
    .filter((group) => group.length >= FEWEST)
    .map((group) => ({ group, latency: latencyOf(group.map((one) => measure(one) ?? 0)) }))
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
    const [ours, theirs] = [own, others].map((some) => some.map((one) => measure(one) ?? 0)) as [number[], number[]]
    const ownLatency = latencyOf(ours)
    const { p50 } = latencyOf(theirs)
    if (ownLatency.p50 < Math.max(p50 * TIMES, p50 + ABOVE)) return []
    if (chanceOfAsSlow(ours, theirs) > CHANCE / known.length / parts) return []
    const [first] = group
    return [
      {
        address: first.entry.upstreamHost ?? '',
        requests: group,
        latency: ownLatency,
        cut: group.filter(isCut),
        ...(first.pod !== undefined && { pod: first.pod }),
        ...(only !== undefined && { only }),
        ...(isLate === true && { since: timed }),
      },
    ]
  })
  return {
    slow,
    quick: {
      endpoints: quick.length,
      latency: latencyOf(quickRequests.map((one) => measure(one) ?? 0)),
    },
  }
}

/** A path that takes long wherever it is answered. */
export interface SlowPath {
  /** `GET /reports` */
  path: string
  requests: readonly [Request, ...Request[]]
  latency: Latency
  cut: readonly Request[]
  /** All other paths. */
  others: { requests: number; latency: Latency }
}

/** Paths that take much longer than all others, at each of the target's endpoints alike. Where an endpoint is slow, that is the matter. */
export const slowPaths = once((requests: readonly Request[]): SlowPath[] => {
  if (slowEndpoints(requests).slow.length > 0) return []
  const timed = requests.filter(
    (request) => durationOf(request) !== undefined && !request.entry.flags.some((flag) => NOT_ITS_TIME.has(flag)),
  )
  const groups = groupBy(timed, askOf).filter((group) => group.length >= FEWEST)
  const known = groups.map((group) => ({ group, latency: latencyOf(group.map((one) => durationOf(one) ?? 0)) }))
  const fastest = Math.min(...known.map(({ latency }) => latency.p50))
  const limit = Math.max(fastest * TIMES, fastest + ABOVE)
  const quick = known.filter(({ latency }) => latency.p50 < limit).flatMap(({ group }) => group)
  if (quick.length < FEWEST_OF_OTHERS) return []
  const theirs = quick.map((one) => durationOf(one) ?? 0)
  const { p50 } = latencyOf(theirs)
  return known
    .filter(
      ({ group, latency }) =>
        latency.p50 >= Math.max(limit, p50 * TIMES, p50 + ABOVE) &&
        chanceOfAsSlow(
          group.map((one) => durationOf(one) ?? 0),
          theirs,
        ) <=
          CHANCE / known.length,
    )
    .map(({ group, latency }) => ({
      path: askOf(group[0]),
      requests: group,
      latency,
      cut: group.filter(isCut),
      others: { requests: quick.length, latency: latencyOf(theirs) },
    }))
})
