import { defined } from '../../mesh/defined.ts'
import { UnseenError, type Prometheus } from '../clients/clients.ts'
import type { Step } from '../step.ts'
import { briefly, PROMETHEUS_PATIENCE } from './prometheus-patience.ts'
import type { TrafficHistory } from '../traffic.ts'

/** Seconds that are looked back, between two points, and that the rate at a point is over. */
const BACK = 3600
const STEP = 60
const OVER = 120
/** Seconds that latencies are over. */
const LATENCIES_OVER = 300
/** Kinds of answer and pods that are kept, those with most requests and the slowest first. */
const MOST_SERIES = 200
const MOST_PODS = 200
/** Seconds by which clocks may differ without being apart: a scrape or two. */
const APART = 30

/** True for milliseconds that a date can be made of. */
const isTime = (milliseconds: number): boolean => !Number.isNaN(new Date(milliseconds).getTime())

/** A host as a string of PromQL holds it. */
const quoted = (host: string): string => JSON.stringify(host)

/** Asks Prometheus how requests to a host were answered over the last hour, by both ends, and how long each pod took. */
export function trafficHistory(host: string, patience = PROMETHEUS_PATIENCE): Step<'traffic-history'> {
  const answers = `sum by (reporter, response_code, response_flags) (rate(istio_requests_total{destination_service=${quoted(host)}}[${OVER}s]))`
  const latency = (share: number): string =>
    `histogram_quantile(${share}, sum by (le, pod) (rate(istio_request_duration_milliseconds_bucket{destination_service=${quoted(host)},reporter="destination"}[${LATENCIES_OVER}s])))`
  return {
    id: `traffic-history ${host}`,
    kind: 'traffic-history',
    group: 'traffic',
    title: `requests to ${host} over the last hour`,
    source: `curl -G "$PROMETHEUS_URL/api/v1/query_range" --data-urlencode 'query=${answers}' -d start=$(date -d -1hour +%s) -d end=$(date +%s) -d step=${STEP}`,
    async collect(clients, stop) {
      const signal = briefly(stop, patience)
      const { prometheus } = clients
      if (prometheus?.range === undefined)
        throw new UnseenError('unavailable', 'no Prometheus is configured (PROMETHEUS_URL)')
      // By its own clock: what it has scraped is of that.
      const [clock] = await prometheus.query('vector(time())', signal)
      const here = clients.now()
      const there = clock !== undefined && isTime(clock.value * 1000) ? clock.value * 1000 : here.getTime()
      const to = new Date(there)
      const from = new Date(there - BACK * 1000)
      const [all, latencies] = await Promise.all([
        prometheus.range(answers, { from: from.toISOString(), to: to.toISOString(), step: STEP }, signal),
        latenciesOf(prometheus, [latency(0.5), latency(0.95)], signal),
      ])
      const ahead = there - here.getTime()
      const isApart = Math.abs(ahead) > APART * 1000
      const shift = isApart ? ahead : 0
      const series = all
        .map(({ metric, points }) => ({
          reporter: metric.reporter ?? '',
          code: metric.response_code ?? '',
          flags: metric.response_flags ?? '',
          points: points
            .filter(({ at, value }) => Number.isFinite(at) && Number.isFinite(value) && value >= 0)
            .map(({ at, value }) => ({ at: at - shift, value })),
        }))
        .filter(({ points }) => points.length > 0)
      if (series.length === 0 && all.some(({ points }) => points.length > 0))
        throw new UnseenError('unparsable', 'Prometheus answered with values that are no rates')
      const ranked = series
        .map((one) => ({ one, sum: one.points.reduce((sum, { value }) => sum + value, 0) }))
        .toSorted((a, b) => b.sum - a.sum)
        .map(({ one }) => one)
      const left = ranked.length - MOST_SERIES
      return {
        host,
        from: new Date(from.getTime() - shift).toISOString(),
        to: new Date(to.getTime() - shift).toISOString(),
        step: STEP,
        over: OVER,
        latenciesOver: LATENCIES_OVER,
        series: ranked.slice(0, MOST_SERIES),
        ...(left > 0 && { left }),
        ...defined({ latencies }),
        ...(isApart && { ahead: Math.round(ahead / 1000) }),
      }
    },
  }
}

/** p50 and p95 of each pod, the slowest first; undefined where there is no histogram, or it could not be asked for. */
async function latenciesOf(
  prometheus: Prometheus,
  expressions: readonly [string, string],
  signal: AbortSignal,
): Promise<TrafficHistory['latencies']> {
  try {
    const [p50, p95] = await Promise.all(expressions.map((one) => prometheus.query(one, signal)))
    const of = new Map((p95 ?? []).map(({ metric, value }) => [metric.pod ?? '', value]))
    const known = (p50 ?? []).flatMap(({ metric: { pod = '' }, value }) => {
      const high = of.get(pod) ?? NaN
      return pod !== '' && Number.isFinite(value) && Number.isFinite(high) ? [{ pod, p50: value, p95: high }] : []
    })
    return known.length === 0
      ? undefined
      : known.toSorted((a, b) => b.p50 - a.p50 || a.pod.localeCompare(b.pod, 'en')).slice(0, MOST_PODS)
  } catch (error) {
    if (error instanceof UnseenError && !signal.aborted) return undefined
    throw error
  }
}
