import { LeaseRefusedError } from '../lease-refused.ts'

/**
 * Lines that one request writes at debug, its headers among them, by logger: counted in the logs of a gateway and of a sidecar of Istio 1.31 with short
 * requests over connections that are kept open.
 */
const LINES: Readonly<Record<string, number>> = { http: 20, router: 18, connection: 5, pool: 4, client: 2 }
/** Of a logger that was not counted. */
const OTHERS = 5
/** Trace writes several times as much. */
const FACTOR: Readonly<Record<string, number>> = { trace: 4, debug: 1 }

/** Lines in a second that a lease may add, on all of its proxies: some 150 kB. */
export const MOST_LINES_PER_SECOND = 2000

/** A proxy, and how many requests a second it has had lately; absent where that is not known. */
export interface ProxyTraffic {
  pod: string
  requestsPerSecond?: number
}

/** Lines that one request adds to a log at these levels; 0 where none is below info. */
export const linesPerRequest = (levels: Readonly<Record<string, string>>): number =>
  Object.entries(levels).reduce((sum, [logger, level]) => sum + (FACTOR[level] ?? 0) * (LINES[logger] ?? OTHERS), 0)

const shown = (value: number): string => (value >= 10 ? String(Math.round(value)) : value.toFixed(1))

/** How much log is expected, in a few words; undefined where the levels add none for a request. */
export function expectedText(
  levels: Readonly<Record<string, string>>,
  proxies: readonly ProxyTraffic[],
): string | undefined {
  const lines = linesPerRequest(levels)
  if (lines === 0 || proxies.length === 0) return undefined
  const known = proxies.flatMap(({ requestsPerSecond }) => requestsPerSecond ?? [])
  if (known.length === 0)
    return `about ${lines} lines of log for each request; how many there are is not known: neither the access log nor Prometheus tells`
  const rate = known.reduce((sum, one) => sum + one, 0)
  const unknown = proxies.length - known.length
  return [
    `about ${shown(rate * lines)} lines of log a second (${shown(rate)} requests a second, about ${lines} lines each)`,
    ...(unknown === 0
      ? []
      : [`not counting ${unknown} of ${proxies.length} proxies, of which neither the access log nor Prometheus tells`]),
  ].join(', ')
}

/**
 * Those of the proxies that may be raised without more log than is allowed: all, or the one with most traffic that fits.
 *
 * @param isNamed whether the person named them: then none is left out
 * @throws LeaseRefusedError where even one is too much
 */
export function withinLimit<T extends ProxyTraffic>(
  levels: Readonly<Record<string, string>>,
  proxies: readonly T[],
  isNamed = false,
): { proxies: readonly T[]; note?: string } {
  const lines = linesPerRequest(levels)
  const of = ({ requestsPerSecond = 0 }: ProxyTraffic): number => requestsPerSecond * lines
  const all = proxies.reduce((sum, one) => sum + of(one), 0)
  if (all <= MOST_LINES_PER_SECOND) return { proxies }
  const [one] = proxies.filter((each) => of(each) <= MOST_LINES_PER_SECOND).toSorted((a, b) => of(b) - of(a))
  if (one === undefined || isNamed || proxies.length === 1)
    throw new LeaseRefusedError(
      `That would log about ${shown(all)} lines a second (about ${lines} for each request); at most ${MOST_LINES_PER_SECOND} are raised.`,
      [
        'Raise fewer loggers: router:debug alone tells timeouts and resets.',
        ...(one === undefined ? [] : [`Raise one proxy: pod/${one.pod}`]),
        'Or wait for a time with less traffic.',
      ],
    )
  return {
    proxies: [one],
    note: `only ${one.pod}: all ${proxies.length} would log about ${shown(all)} lines a second, more than ${MOST_LINES_PER_SECOND}`,
  }
}
