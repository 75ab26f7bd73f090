import type { FollowedClass, Report, TrafficFigure } from '../diagnosis/report.ts'
import type { Mark } from './telling.ts'
import { secondsInWords } from './logs-read-text.ts'
import { headline, percent, warningsOf } from './telling.ts'
import type { Check } from '../checks/check.ts'

/** How what is going on is written. */
export interface GoingOnOptions {
  /** Marks a value. */
  mark?: Mark
  /** Writes an ISO time for whoever reads it. */
  time?: (iso: string) => string
}

/** Milliseconds from the beginning of the logs within which a first failure may well have others before it. */
const AT_ONCE = 2 * 60_000
/** Answers that are named; the rest are only counted. */
const MOST_ANSWERS = 2

const clock = (iso: string): string => `${iso.slice(11, 19)} UTC`
const requestsOf = (count: number): string => (count === 1 ? '1 request' : `${count} requests`)

/**
 * What is going on, as one or two sentences: which share of which requests fails, with which answer, since when; of a target that is not
 * ill, what is known to be well.
 */
export function goingOn(
  checks: readonly Check[],
  report: Report,
  { mark = (value) => value, time = clock }: GoingOnOptions = {},
): string {
  const { verdict, traffic } = report
  if (verdict === 'healthy') return well(report, time)
  if (verdict !== 'ill') return headline(checks, report, mark)
  const failing = report.requests.filter(({ outcome }) => outcome === 'fails')
  const own = figureOf(failing)
  // 4xx of proxies and connections that fail count for who followed them alone.
  const figure = own !== undefined && own.failed > (traffic?.failed ?? 0) ? own : traffic
  if (figure !== undefined && figure.failed > 0) return failed(figure, failing, report, { mark, time })
  const seen = traffic === undefined ? unseen(report, time) : withoutFailures(traffic, time)
  if (failing.length === 0) return `${seen}.`
  const share =
    failing.length === report.requests.length
      ? 'every kind of request that was followed fails'
      : `${failing.length} of ${report.requests.length} kinds of request that were followed fail`
  return `${seen}; ${share}: ${kinds(failing, mark)}.`
}

/** The requests of classes that fail, taken together; undefined when none of them was seen to. */
function figureOf(failing: readonly FollowedClass[]): TrafficFigure | undefined {
  const seen = failing.filter((one) => one.failed > 0)
  const froms = seen.flatMap(({ failingFrom }) => failingFrom ?? []).toSorted()
  const [from] = froms
  if (from === undefined) return undefined
  const answers = Map.groupBy(
    seen.flatMap((one) => one.answers ?? []),
    ({ answer }) => answer,
  )
  const sum = (counts: readonly number[]): number => counts.reduce((total, one) => total + one, 0)
  return {
    requests: sum(seen.map((one) => one.seen)),
    failed: sum(seen.map((one) => one.failed)),
    from,
    to: froms.at(-1) ?? from,
    failingFrom: from,
    failures: [...answers]
      .map(([answer, each]) => ({ answer, requests: sum(each.map(({ requests }) => requests)) }))
      .toSorted((a, b) => b.requests - a.requests),
  }
}

/** What Prometheus counted where no access log tells of a request. */
function unseen({ history, rates }: Report, time: (iso: string) => string): string {
  const nothing = 'No request was seen in the access logs'
  const now = history?.now ?? rates
  if (now === undefined) return nothing
  const since =
    history?.since === undefined || now.failedShare === 0 ? '' : `, since about ${time(minuteOf(history.since.at))}`
  return `${nothing}; by the count of Prometheus ${percent(now.failedShare)} of ${now.perSecond.toFixed(1)} requests a second${now.seconds === undefined ? '' : ` over ${secondsInWords(now.seconds)}`} fail${since}`
}

/** The beginning of a minute: what is known of a change is no more exact than that. */
const minuteOf = (iso: string): string => `${iso.slice(0, 16)}:00.000Z`

/** Requests of which none failed. What was denied (401, 403) is not counted as failed, and may well be what is wrong. */
function withoutFailures({ requests, unanswered = 0, from }: TrafficFigure, time: (iso: string) => string): string {
  return unanswered > 0
    ? `${unanswered} of ${requestsOf(requests)} since ${time(from)} got no answer before the caller gave up`
    : `${requestsOf(requests)} since ${time(from)}, none answered with a 5xx`
}

function failed(
  { requests, failed: count, failures = [], from, failingFrom = from }: TrafficFigure,
  failing: readonly FollowedClass[],
  { history }: Report,
  { mark, time }: Required<GoingOnOptions>,
): string {
  const named = failures.slice(0, MOST_ANSWERS).map(({ answer }) => mark(answer))
  const more = failures.length - named.length
  const answers = named.length === 0 ? '' : ` with ${named.join(' or ')}${more > 0 ? ` and ${more} more answers` : ''}`
  const seen = failing.filter((one) => one.failed > 0).toSorted((a, b) => b.failed - a.failed)
  const which = seen.length === 0 ? '' : `: ${kinds(seen, mark)}`
  const verb = count === 1 ? 'fails' : 'fail'
  // Logs tell to the second, but where they begin with failures they do not tell since when.
  const since = history?.since
  const begin =
    since !== undefined && since.at < failingFrom && Date.parse(failingFrom) - Date.parse(from) < AT_ONCE
      ? `about ${time(minuteOf(since.at))}`
      : time(failingFrom)
  // What is counted begins earlier than what fails.
  const counted = Date.parse(failingFrom) - Date.parse(from) > AT_ONCE ? ` since ${time(from)}` : ''
  return `${count} of ${requestsOf(requests)}${counted} ${verb} (${percent(count / requests)})${answers}, ${counted === '' ? 'since' : 'the first at'} ${begin}${which}.`
}

function kinds([first, ...rest]: readonly FollowedClass[], mark: Mark): string {
  if (first === undefined) return ''
  return `${mark(`${first.method} ${first.host}${first.path}`)}${rest.length === 0 ? '' : ` and ${rest.length} more`}`
}

function well(report: Report, time: (iso: string) => string): string {
  const { traffic, requests } = report
  const arriving = requests.filter(({ outcome }) => outcome === 'arrives').length
  const followed =
    arriving === 0
      ? ''
      : `; ${arriving === 1 ? 'the kind of request that was followed arrives' : `${arriving} kinds of request were followed and arrive`}`
  const begins =
    warningsOf(report).length > 0 ? '' : `No ${(traffic?.failed ?? 0) > 0 ? 'lasting ' : ''}problem was found. `
  if (traffic === undefined) return `${begins}${unseen(report, time)}${followed}.`
  const { requests: all, failed: errors, unanswered = 0, from } = traffic
  const given = `${unanswered} of ${requestsOf(all)} since ${time(from)} got no answer before the caller gave up`
  const answered =
    errors > 0
      ? `${errors} of ${requestsOf(all)} since ${time(from)} got an error as their answer`
      : unanswered > 0
        ? `${given}, none got an error`
        : `${requestsOf(all)} since ${time(from)}, none failed`
  return `${begins}${answered}${followed}.`
}
