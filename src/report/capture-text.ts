import type { CaptureReport, Story, StreamReport } from '../capture/capture-report.ts'
import { nothingIn } from '../capture/nothing-in.ts'
import { counted, grouped, span } from '../capture/words.ts'
import { visible } from '../mesh/visible.ts'

/** Stories that are told. */
const MOST_STORIES = 12

/** Which legs the capture holds, in words. */
const LEGS: Readonly<Record<StreamReport['leg'], string>> = {
  application: 'the proxy to its application, in the clear',
  outbound: 'the application to its own proxy',
  mesh: 'between proxies, mutual TLS: contents are not seen',
  proxy: "the proxy's own ports",
  tls: 'TLS: contents are not seen',
  clear: 'in the clear',
  unknown: 'nothing was said in it',
}

const endpoint = ({ address, port }: StreamReport['client']): string =>
  `${address.includes(':') ? `[${address}]` : address}:${port}`

/** `streams 0, 2, 5 and 9 more`. */
export function streamsNamed({ streams, count }: Pick<Story, 'streams' | 'count'>): string {
  const named = streams.slice(0, 5).join(', ')
  const more = count - Math.min(5, streams.length)
  return `${count === 1 ? 'stream' : 'streams'} ${named}${more > 0 ? ` and ${grouped(more)} more` : ''}`
}

/** What a capture is, in a line. */
export function captureHeadline(report: CaptureReport): string {
  const { streamCount, packets, lasts, links, snapLength } = report
  const kept = snapLength === undefined ? '' : `, ${snapLength} bytes of each kept`
  return `${counted(streamCount, 'TCP stream')}, ${counted(packets, 'packet')} in ${span(lasts)} (${links.join(', ')}${kept})`
}

/** The legs a capture holds, each with its number of streams. */
export const legLines = ({ legs }: Pick<CaptureReport, 'legs'>): string[] =>
  (Object.keys(LEGS) as StreamReport['leg'][]).flatMap((leg) =>
    legs[leg] === undefined ? [] : [`${counted(legs[leg], 'stream')}: ${LEGS[leg]}`],
  )

/** A stream as a row: number, the two sides, protocol, requests, who closed first and when, what was sent again. */
export function streamRow(one: StreamReport): string[] {
  const { firstClose, retransmissions, exchanges, requests } = one
  const slowest = Math.max(-1, ...exchanges.flatMap(({ firstByteAfter }) => firstByteAfter ?? []))
  return [
    String(one.id),
    `${endpoint(one.client)} > ${endpoint(one.server)}`,
    one.protocol ?? '-',
    String(requests),
    slowest < 0 ? '-' : span(slowest),
    firstClose === undefined ? '-' : `${firstClose.by} ${firstClose.with} at ${span(firstClose.at)}`,
    String(retransmissions.client + retransmissions.server),
  ]
}

export const STREAM_HEAD = ['#', 'client > server', 'protocol', 'requests', 'first byte', 'first close', 'sent again']

/** Lines with their columns under each other. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = STREAM_HEAD.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  return rows.map(
    (row) =>
      `  ${row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd()}`,
  )
}

/** An explained capture for a terminal: what happened, what it shows, the streams, and what it cannot show. */
export function captureText(report: CaptureReport, { isVerbose = false }: { isVerbose?: boolean } = {}): string {
  const nothing = nothingIn(report)
  const limits = report.limits.length === 0 ? [] : ['', 'Not seen', ...report.limits.map((one) => `  ${one}`)]
  if (nothing !== undefined) return whole([nothing.why, ...nothing.remedies, ...limits])
  const { stories, findings, streams, streamCount, only } = report
  const told = isVerbose ? stories : stories.slice(0, MOST_STORIES)
  return whole([
    `${captureHeadline(report)}.`,
    ...(only === undefined
      ? []
      : [
          `  Only ${only.says}: ${counted(only.leftOut, 'other stream')} of the file ${only.leftOut === 1 ? 'is' : 'are'} left out.`,
        ]),
    ...legLines(report).map((line) => `  ${line}`),
    '',
    'What happened',
    ...told.flatMap((story) => [`  ${story.says}.`, `    ${streamsNamed(story)}`]),
    ...(stories.length > told.length ? [`  and ${stories.length - told.length} more: --verbose tells them`] : []),
    '',
    findings.length === 0 ? 'Nothing wrong was seen in these streams.' : 'Findings (observed)',
    ...findings.flatMap((one) => [`  ${one.check} (${one.severity}): ${one.says}`, `    ${one.means}`]),
    '',
    'Streams, numbered as tcp.stream in Wireshark',
    ...table([STREAM_HEAD, ...streams.map(streamRow)]),
    ...(streamCount > streams.length
      ? [`  and ${grouped(streamCount - streams.length)} more: --verbose lists them`]
      : []),
    ...limits,
  ])
}

const whole = (lines: readonly string[]): string => `${visible(lines.join('\n'))}\n`
