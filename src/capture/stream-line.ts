import type { StreamReport } from './capture-report.ts'
import { span } from './words.ts'

const place = ({ address, port }: StreamReport['client']): string =>
  `${address.includes(':') ? `[${address}]` : address}:${port}`

/** What came of a stream, in a few words: how long an answer took (the last, or the slowest), who closed first, what was sent again. */
export function streamEnd(
  { exchanges, firstClose, retransmissions }: StreamReport,
  { ofLast = false }: { ofLast?: boolean } = {},
): string {
  const meant = ofLast ? exchanges.slice(-1) : exchanges
  const slowest = Math.max(-1, ...meant.flatMap(({ firstByteAfter }) => firstByteAfter ?? []))
  const again = retransmissions.client + retransmissions.server
  return [
    slowest < 0 ? 'no answer was captured' : `first byte of the answer after ${span(slowest)}`,
    ...(firstClose === undefined
      ? []
      : [`${firstClose.by} closed first (${firstClose.with}) at ${span(firstClose.at)}`]),
    ...(again > 0 ? [`${again} segments sent again`] : []),
  ].join(', ')
}

/** A stream in a line: when it began, its four-tuple, and what came of it. */
export const streamLine = (stream: StreamReport): string =>
  `${stream.begins} stream ${stream.id}: ${place(stream.client)} > ${place(stream.server)}, ${streamEnd(stream)}`
