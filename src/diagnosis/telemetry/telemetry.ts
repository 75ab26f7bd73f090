import { UnseenError, type Clients, type Prometheus } from '../../evidence/clients/clients.ts'
import { Evidence } from '../../evidence/evidence.ts'
import { Gathering, STEP_TIMEOUT } from '../../evidence/gather.ts'
import {
  countedOnce,
  differencesOf,
  endOf,
  sideOf as totalsOf,
  type Answered,
  type Side,
} from '../../mesh/both-ends.ts'
import { changePoint, type Point } from '../../mesh/change-point.ts'
import { fromFqdn } from '../../mesh/host.ts'
import { formatRef } from '../../mesh/ref.ts'
import { parseFlags } from '../../mesh/response-flags.ts'
import type { TargetQuery } from '../../mesh/target-query.ts'
import type { Target } from '../../mesh/target.ts'
import { sentenceOf } from '../../mesh/sentence-of.ts'
import { UserError } from '../../mesh/user-error.ts'
import { planTarget } from '../plan-target.ts'
import { resolveTarget } from '../resolve-target.ts'
import { HANG_UPS, type Telemetry } from './report.ts'

/** Seconds that are looked at where nobody says otherwise, and at least and most. */
export const WINDOW = 300
export const LEAST_WINDOW = 30
export const MOST_WINDOW = 24 * 3600
/** Seconds looked back for the time since when it is so, and of one point. */
const BACK = 3600
const STEP = 60
/** Seconds that the share at a point is over. */
const OVER = 2 * STEP
/** Milliseconds by which clocks may differ without being apart: a scrape or two. */
const APART = 30_000

interface Sample {
  metric: Record<string, string>
  value: number
}

/** Prometheus gave no answer, or none that can be read. */
export class NoAnswerFromPrometheusError extends UserError {
  override readonly name = 'NoAnswerFromPrometheusError'
  constructor(cause: UnseenError) {
    super(
      {
        why: `No answer from Prometheus: ${sentenceOf(cause.message)}`,
        remedies: ['Set PROMETHEUS_URL to the address of a Prometheus that mesh-medic can reach; `doctor` tries it.'],
      },
      { code: 'prometheus-unreachable' },
    )
  }
}

/** What is asked, and in which time. */
export interface TelemetryOptions {
  /** Seconds. */
  window?: number | undefined
  signal: AbortSignal
  stepTimeout?: number | undefined
}

/**
 * Asks Prometheus how the requests to a target were answered, as the proxies at both ends counted them.
 *
 * @throws UserError when no Prometheus is configured, or no Service is the target's; UnknownTargetError, AmbiguousTargetError; NoAnswerFromPrometheusError
 */
export async function telemetryOf(
  query: TargetQuery,
  clients: Clients,
  { window = WINDOW, signal, stepTimeout = STEP_TIMEOUT }: TelemetryOptions,
): Promise<Telemetry> {
  const { prometheus } = clients
  if (prometheus === undefined)
    throw new UserError({
      why: 'No Prometheus is configured.',
      remedies: [
        'Set PROMETHEUS_URL to the Prometheus that scrapes the mesh, for example http://prometheus.istio-system:9090',
      ],
    })
  const limited = (): AbortSignal => AbortSignal.any([signal, AbortSignal.timeout(stepTimeout)])
  const [target, { there, asked }] = await Promise.all([
    targetOf(query, clients, { signal, stepTimeout }),
    clockOf(prometheus, limited()).then((time) => ({ there: time, asked: Date.now() })),
  ])
  if (target.hosts.length === 0)
    throw new UserError({
      why: `No Service selects ${formatRef(target.ref)}: proxies count requests by the Service that they are sent to.`,
    })
  const at = clients.now(asked)
  const hosts = target.hosts.filter((host) => fromFqdn(host) !== undefined)
  const where = `destination_service=~"${(hosts.length === 0 ? target.hosts : hosts).map(escaped).join('|')}"`
  const queries = queriesFor(where, window)
  const ask = async ({ expression }: { expression: string }): Promise<Sample[]> =>
    (await prometheus.query(expression, limited())).filter(({ value }) => Number.isFinite(value))
  let isCounted = true
  const counts = async ({ expression }: { expression: string }): Promise<readonly Sample[]> => {
    const all = await prometheus.query(expression, limited())
    const some = all.filter(({ value }) => value >= 0 && value <= Number.MAX_SAFE_INTEGER)
    isCounted = some.length > 0 || all.length === 0
    return countedOnce(some, ({ metric }) => metric.reporter)
  }
  const missed = new Map<'latencies' | 'history', string>()
  /** What is told beside the counts: they are told without it, too. */
  const beside = <T>(of: 'latencies' | 'history', answer: Promise<T>): Promise<T | undefined> =>
    answer.catch((error: unknown) => {
      signal.throwIfAborted()
      if (!(error instanceof UnseenError)) throw error
      missed.set(of, error.message)
      return undefined
    })
  const once = async (query: { expression: string }): Promise<readonly Sample[]> =>
    countedOnce(await ask(query), ({ metric }) => metric.reporter)
  const ahead = there === undefined ? 0 : apart(there, at)
  const [requests, p50 = [], p95 = [], p99 = [], slow = [], shares] = await Promise.all([
    counts(queries.requests),
    beside('latencies', once(queries.p50)),
    beside('latencies', once(queries.p95)),
    beside('latencies', once(queries.p99)),
    beside('latencies', ask(queries.pods)),
    beside('history', sharesOver(prometheus, queries.share.expression, { at, ahead }, limited())),
  ]).catch((error: unknown) => {
    signal.throwIfAborted()
    if (error instanceof UnseenError) throw new NoAnswerFromPrometheusError(error)
    throw error
  })
  const answers = answersOf(requests)
  const side = (end: Answered['end']): Side | undefined => sideOf(answers, end, { p50, p95, p99 })
  const [client, server] = [side('client'), side('server')]
  const since = changePoint(shares?.[client === undefined ? 'server' : 'client'] ?? [], OVER * 1000)
  const isWaypoint = requests.some(({ metric }) => metric.reporter === 'waypoint')
  return {
    target: target.ref,
    ...(target.services.length > 0 && target.ref.kind !== 'Service' && { services: target.services }),
    hosts: [...target.hosts],
    window,
    at: at.toISOString(),
    ...(client !== undefined && { client }),
    ...(server !== undefined && { server }),
    ...(isWaypoint && { by: 'waypoint' as const }),
    answers,
    differences: differencesOf(answers),
    pods: podsOf(requests, slow),
    ...(since !== undefined && { since }),
    ...(shares !== undefined && {
      history: {
        from: new Date(at.getTime() - BACK * 1000).toISOString(),
        to: at.toISOString(),
        step: STEP,
        client: successIn(shares.client),
        server: successIn(shares.server),
      },
    }),
    notes: notesOf(
      {
        requests,
        isCounted,
        client,
        server,
        isWaypoint,
        hasHistogram: p50.length > 0,
        hasHistory: shares !== undefined,
        missed,
        ahead,
      },
      window,
    ),
    queries: Object.values(queries),
  }
}

/** A host as a regular expression inside a string of PromQL; `*.example.com` stands for all below. */
const escaped = (host: string): string => host.replaceAll('.', String.raw`\\.`).replaceAll('*', '.*')

function queriesFor(where: string, window: number) {
  const quantile = (share: number) => ({
    what: `p${share * 100} by end`,
    expression: `histogram_quantile(${share}, sum by (le, reporter) (rate(istio_request_duration_milliseconds_bucket{${where}}[${window}s])))`,
  })
  const failing = `{${where},response_code=~"5..|0",response_flags!="DC"}`
  return {
    requests: {
      what: 'requests by end, answer, pod and version',
      expression: `sum by (reporter, response_code, response_flags, pod, destination_version) (increase(istio_requests_total{${where}}[${window}s]))`,
    },
    p50: quantile(0.5),
    p95: quantile(0.95),
    p99: quantile(0.99),
    pods: {
      what: 'p50 of each pod, as its own proxy counts',
      expression: `histogram_quantile(0.5, sum by (le, pod) (rate(istio_request_duration_milliseconds_bucket{${where},reporter="destination"}[${window}s])))`,
    },
    // Shown for people; what is counted is asked for by `requests`.
    hangUps: {
      what: HANG_UPS,
      expression: `sort_desc(sum by (response_code, pod, version) (irate(istio_requests_total{${where},reporter="destination",response_flags="DC"}[5m])))`,
    },
    share: {
      what: 'share of failures by end, over the last hour',
      expression: `(sum by (reporter) (rate(istio_requests_total${failing}[${OVER}s])) or sum by (reporter) (rate(istio_requests_total{${where}}[${OVER}s])) * 0) / sum by (reporter) (rate(istio_requests_total{${where}}[${OVER}s]))`,
    },
  }
}

/** The target's Services, with as few looks as it takes. */
async function targetOf(
  query: TargetQuery,
  clients: Clients,
  options: { signal: AbortSignal; stepTimeout: number },
): Promise<Target> {
  const gathering = new Gathering(clients, options)
  await gathering.gather(planTarget(query))
  const blind = gathering.readings.find((reading) => !reading.ok && reading.kind !== 'namespaces')
  if (blind?.ok === false)
    throw new UserError({
      why: `The cluster could not be read: ${blind.detail}`,
      remedies: [`To see it by hand: ${blind.source}`],
    })
  return resolveTarget(query, new Evidence(gathering.readings))
}

/** By which a share may be above 1: its parts are extrapolated each by itself. */
const ROUNDING = 0.01

const successIn = (shares: readonly Point[]): Point[] => shares.map(({ at, value }) => ({ at, value: 1 - value }))

/** What time it is at a Prometheus; undefined where it does not say: what else is asked tells why. @throws {NoAnswerFromPrometheusError} when it is too slow */
async function clockOf(prometheus: Prometheus, signal: AbortSignal): Promise<Date | undefined> {
  try {
    const [clock] = await prometheus.query('vector(time())', signal)
    const there = new Date((clock?.value ?? NaN) * 1000)
    return Number.isNaN(there.getTime()) ? undefined : there
  } catch (error) {
    // One that is too slow for this is not waited for again.
    if (error instanceof UnseenError && error.reason === 'timeout') throw new NoAnswerFromPrometheusError(error)
    if (error instanceof UnseenError) return undefined
    throw error
  }
}

/** Milliseconds that one clock is ahead of another, where it is worth saying; else 0. */
function apart(there: Date, here: Date): number {
  const ahead = there.getTime() - here.getTime()
  return Math.abs(ahead) > APART ? ahead : 0
}

/** The share of failures of each end, by time of the mesh; undefined where Prometheus cannot be asked for it. */
async function sharesOver(
  prometheus: Prometheus,
  expression: string,
  { at, ahead }: { at: Date; ahead: number },
  signal: AbortSignal,
): Promise<Record<Answered['end'], Point[]> | undefined> {
  if (prometheus.range === undefined) return undefined
  // By its own clock: what it has scraped is of that.
  const to = at.getTime() + ahead
  const series = await prometheus.range(
    expression,
    { from: new Date(to - BACK * 1000).toISOString(), to: new Date(to).toISOString(), step: STEP },
    signal,
  )
  const of = (reporter: string): Point[] | undefined =>
    series
      .find(({ metric }) => metric.reporter === reporter)
      ?.points.filter(({ value }) => value >= 0 && value <= 1 + ROUNDING)
      .map(({ at: when, value }) => ({ at: when - ahead, value: Math.min(value, 1) }))
  return { client: of('source') ?? [], server: of('destination') ?? of('waypoint') ?? [] }
}

const endOfSample = ({ metric }: Sample): Answered['end'] | undefined => endOf(metric.reporter)

function answersOf(samples: readonly Sample[]): Answered[] {
  const known = new Map<string, Answered>()
  for (const sample of samples) {
    const end = endOfSample(sample)
    if (end === undefined || sample.value <= 0) continue
    const { response_code: code = '', response_flags: flags = '' } = sample.metric
    const key = `${end} ${code} ${flags}`
    const one = known.get(key) ?? { end, code, flags: parseFlags(flags), requests: 0 }
    one.requests += sample.value
    known.set(key, one)
  }
  return [...known.values()].toSorted((a, b) => b.requests - a.requests)
}

function sideOf(
  answers: readonly Answered[],
  end: Answered['end'],
  quantiles: Readonly<Record<'p50' | 'p95' | 'p99', readonly Sample[]>>,
): Side | undefined {
  const totals = totalsOf(answers, end)
  if (totals === undefined) return undefined
  const of = (samples: readonly Sample[]): number | undefined => samples.find((one) => endOfSample(one) === end)?.value
  const [p50, p95, p99] = [of(quantiles.p50), of(quantiles.p95), of(quantiles.p99)]
  return {
    ...totals,
    ...(p50 !== undefined && p95 !== undefined && p99 !== undefined && { latency: { p50, p95, p99 } }),
  }
}

/** By the proxies of the target's own pods, which have the pod's name in what is scraped of them. */
function podsOf(samples: readonly Sample[], slow: readonly Sample[]): Telemetry['pods'] {
  const medians = new Map(slow.map(({ metric: { pod = '' }, value }) => [pod, value]))
  const own = samples.filter(
    ({ metric, value }) => metric.reporter === 'destination' && metric.pod !== undefined && value > 0,
  )
  return [...Map.groupBy(own, ({ metric }) => metric.pod ?? '')]
    .map(([name, group]) => {
      const version = group.find(({ metric }) => (metric.destination_version ?? 'unknown') !== 'unknown')?.metric
        .destination_version
      const p50 = medians.get(name)
      const total = (some: readonly Sample[]): number => some.reduce((sum, { value }) => sum + value, 0)
      return {
        name,
        ...(version !== undefined && { version }),
        requests: total(group),
        failed: total(group.filter(({ metric }) => (metric.response_code ?? '').startsWith('5'))),
        ...(p50 !== undefined && { p50 }),
      }
    })
    .toSorted((a, b) => b.failed - a.failed || (b.p50 ?? 0) - (a.p50 ?? 0) || a.name.localeCompare(b.name, 'en'))
}

function notesOf(
  {
    requests,
    isCounted,
    client,
    server,
    isWaypoint,
    hasHistogram,
    hasHistory,
    missed,
    ahead,
  }: {
    requests: readonly Sample[]
    /** False when there were values, and none is a number of requests. */
    isCounted: boolean
    client?: Side | undefined
    server?: Side | undefined
    isWaypoint: boolean
    hasHistogram: boolean
    hasHistory: boolean
    /** Why something could not be asked for. */
    missed: ReadonlyMap<'latencies' | 'history', string>
    /** Milliseconds. */
    ahead: number
  },
  window: number,
): string[] {
  if (client === undefined && server === undefined)
    return [
      requests.some(({ value }) => value > 0)
        ? 'Prometheus has the series without the label reporter: which end counted is not known.'
        : !isCounted
          ? 'Prometheus answered with values that are no numbers of requests: nothing is known from it.'
          : requests.length === 0
            ? `Prometheus has no series of istio_requests_total for it: it received no requests in the last ${window} s, or neither its proxies nor its callers' are scraped.`
            : `It received no requests in the last ${window} s.`,
    ]
  return [
    ...(isWaypoint
      ? [
          'A waypoint counted: what it answers itself, 504 UT for instance, is among it, and the pods behind it count no requests.',
        ]
      : []),
    ...(client === undefined
      ? ["The clients' side is not known: the callers have no proxies, or these are not scraped."]
      : []),
    ...(server === undefined
      ? ["The servers' side is not known: the target's own proxies are not scraped, or no request reached them."]
      : []),
    ...(hasHistogram && !missed.has('latencies')
      ? []
      : [
          `${hasHistogram ? 'Some latencies' : 'Latencies'} are not known: ${sentenceOf(missed.get('latencies') ?? 'Prometheus has no istio_request_duration_milliseconds')}`,
        ]),
    ...(ahead === 0
      ? []
      : [
          `Prometheus's clock is ${Math.abs(Math.round(ahead / 1000))} s ${ahead < 0 ? 'behind' : 'ahead of'} the mesh's; times here are by the mesh's.`,
        ]),
    ...(hasHistory
      ? []
      : [
          `The time since when requests fail is not known: ${sentenceOf(missed.get('history') ?? 'Prometheus was not queried over time')}`,
        ]),
  ]
}
