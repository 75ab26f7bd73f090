import { HANG_UPS, type Telemetry } from '../diagnosis/telemetry/report.ts'
import { nameOf, percentOf, requestsText, round, successOf, type Side } from '../mesh/both-ends.ts'
import { formatRef } from '../mesh/ref.ts'
import { defined } from '../mesh/defined.ts'
import { queryLink, type Link, type LinkTemplate } from './links.ts'
import { visible } from '../mesh/visible.ts'
import { latencyText } from '../mesh/duration.ts'

/** Pods that are shown. */
const MOST_PODS = 10
/** Differences that are shown. */
const MOST_DIFFERENCES = 20

/** One end as a line: `72.3 % of 60 requests succeed; p50 1.2 ms, p95 490 ms, p99 498 ms`. */
export const sideLine = (side: Side): string =>
  `${percentOf(successOf(side))} of ${requestsText(side.requests)} succeed${side.latency === undefined ? '' : `; p50 ${latencyText(side.latency.p50)}, p95 ${latencyText(side.latency.p95)}, p99 ${latencyText(side.latency.p99)}`}`

/** What it comes to, in one sentence. */
export function telemetryHeadline({ client, server, by, notes }: Telemetry): string {
  if (client !== undefined && server !== undefined) {
    const [here, there] = [percentOf(successOf(client)), percentOf(successOf(server))]
    return here === there
      ? `${here} of the requests succeed, by the count of both clients and servers.`
      : `Clients see ${here} of their requests succeed; servers see ${there}.`
  }
  if (client !== undefined)
    return `${percentOf(successOf(client))} of the requests succeed, by the count of the clients' proxies.`
  if (server !== undefined)
    return `${percentOf(successOf(server))} of the requests succeed, by the count of ${by === 'waypoint' ? 'the waypoint' : "the servers' proxies"}.`
  return notes[0] ?? 'Prometheus has no data.'
}

/** What is counted where that is more than the target, and over which time: `, all requests to Service shop/catalog, the last 300 s`. */
export const countedLine = ({ services = [], window }: Telemetry): string =>
  [
    ...(services.length === 0 ? [] : [`, all requests to ${services.map(formatRef).join(', ')}`]),
    `, the last ${window} s`,
  ].join('')

/** Since when, for people. */
export const sinceLine = ({ since }: Telemetry): string | undefined =>
  since === undefined
    ? undefined
    : `${percentOf(since.after)} of the requests have failed since about ${since.at.slice(11, 16)} UTC (${percentOf(since.before)} before)`

/** The pods that answered, a line each; `and 3 more` in the end. */
export function podLines({ pods }: Telemetry): string[] {
  const shown = pods
    .slice(0, MOST_PODS)
    .map(({ name, version, requests, failed, p50 }) =>
      [
        `${name}${version === undefined ? '' : ` (${version})`}: ${requestsText(requests)}, ${round(failed)} failed`,
        ...(p50 === undefined ? [] : [`p50 ${latencyText(p50)}`]),
      ].join(', '),
    )
  return pods.length > MOST_PODS ? [...shown, `and ${pods.length - MOST_PODS} more`] : shown
}

/** The differences between the ends, a line each; `and 3 more` in the end. */
export function differenceLines({ differences }: Telemetry): string[] {
  const shown = differences
    .slice(0, MOST_DIFFERENCES)
    .map(({ answer, requests, says }) => `${answer} (${round(requests)}): ${says}`)
  const more = differences.length - shown.length
  return more > 0 ? [...shown, `and ${more} more`] : shown
}

/** What each end answered, a line each end: `200 43, 504 UT 17`. */
export const answersLine = ({ answers }: Telemetry, end: 'client' | 'server'): string =>
  answers
    .filter((one) => one.end === end)
    .slice(0, 8)
    .map((one) => `${nameOf(one)} ${round(one.requests)}`)
    .join(', ')

/** The query of requests whose caller hung up, where the servers counted some, and where it can be run. */
export function hangUpsQuery(
  { answers, hosts, at, queries }: Telemetry,
  links: readonly LinkTemplate[],
): { expression: string; link?: Link } | undefined {
  const query = queries.find(({ what }) => what === HANG_UPS)
  if (query === undefined || !answers.some(({ end, flags }) => end === 'server' && flags.includes('DC')))
    return undefined
  const { expression } = query
  return { expression, ...defined({ link: queryLink(expression, { host: hosts[0], at }, links) }) }
}

/** Telemetry as a terminal shows it. */
export function telemetryText(telemetry: Telemetry, links: readonly LinkTemplate[] = []): string {
  const { target, client, server, queries, notes } = telemetry
  const section = (title: string, lines: readonly string[]): string[] =>
    lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)]
  const since = sinceLine(telemetry)
  const hangUps = hangUpsQuery(telemetry, links)?.link
  return `${visible(
    [
      telemetryHeadline(telemetry),
      `${formatRef(target)}${countedLine(telemetry)}`,
      ...section('Clients', client === undefined ? [] : [sideLine(client), answersLine(telemetry, 'client')]),
      ...section('Servers', server === undefined ? [] : [sideLine(server), answersLine(telemetry, 'server')]),
      ...section('Why they differ', differenceLines(telemetry)),
      ...section('Since', since === undefined ? [] : [since]),
      ...section('Pods, as counted by their own proxies', podLines(telemetry)),
      // The headline says it already where nothing is known at all.
      ...section('Not known', client === undefined && server === undefined ? notes.slice(1) : notes),
      ...section(
        'Queries',
        queries.flatMap(({ what, expression }) => [
          `${what}: ${expression}`,
          ...(what === HANG_UPS && hangUps !== undefined ? [`  ${hangUps.name}: ${hangUps.url}`] : []),
        ]),
      ),
    ].join('\n'),
  )}\n`
}
