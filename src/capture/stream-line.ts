import type { StreamReport } from './capture-report.ts'
import { span } from './words.ts'

const place = ({ address, port }: StreamReport['client']): string =>
  `${address.includes(':') ? `[${address}]` : address}:${port}`

/** A stream in a line: when it began, its four-tuple, its slowest answer, who closed first. */
export function streamLine({ id, begins, client, server, exchanges, firstClose }: StreamReport): string {
  const slowest = Math.max(-1, ...exchanges.flatMap(({ firstByteAfter }) => firstByteAfter ?? []))
  return [
    `${begins} stream ${id}: ${place(client)} > ${place(server)}`,
    ...(slowest < 0 ? [] : [`first byte after ${span(slowest)}`]),
    ...(firstClose === undefined
      ? []
      : [`${firstClose.by} closed first (${firstClose.with}) at ${span(firstClose.at)}`]),
  ].join(', ')
}
