import type { StreamReport } from '../capture/capture-report.ts'
import { streamEnd } from '../capture/stream-line.ts'
import type { Joined } from '../timeline/join.ts'
import type { Leg } from '../timeline/leg.ts'
import { placeOf } from '../timeline/rows.ts'

/** The streams of one capture, and what it is called. */
export interface CapturedStreams {
  name: string
  streams: readonly StreamReport[]
}

/** Milliseconds by which two machines' clocks may differ. */
const CLOCKS = 2000

/**
 * Joins a request with packets that were captured meanwhile: a stream with the four-tuple of the connection on which a proxy sent it, that was there at the time. A
 * sentence for each; nothing is joined by less.
 */
export function packetsOf({ legs, tries = [] }: Joined, captures: readonly CapturedStreams[]): string[] {
  return [...tries.map(({ leg }) => leg), ...legs].flatMap((leg) => {
    const { upstreamLocal, upstreamHost } = leg.access ?? {}
    if (upstreamLocal === undefined || upstreamHost === undefined) return []
    return captures.flatMap(({ name, streams }) => {
      const same = streams.filter((one) => isOf(one, upstreamLocal, upstreamHost) && isThen(one, leg))
      const [stream, another] = same
      if (stream === undefined) return []
      const connection = leg.attempts.at(-1)?.connection
      const which = `${connection === undefined ? 'the connection' : `connection ${connection}`} of the ${placeOf(leg)} (${upstreamLocal} > ${upstreamHost})`
      return [
        another === undefined
          ? `In ${name}, stream ${stream.id} is ${which}: ${streamEnd(stream, { ofLast: true })}.`
          : `In ${name}, ${same.length} streams have the ports of ${which}, and nothing tells which is meant.`,
      ]
    })
  })
}

const place = ({ address, port }: StreamReport['client']): string =>
  `${address.includes(':') ? `[${address}]` : address}:${port}`

const isOf = ({ client, server }: StreamReport, local: string, host: string): boolean =>
  place(client) === local && place(server) === host

/** True for a stream that was there when the proxy had the request. */
function isThen({ begins, lasts }: StreamReport, { begunAt, endedAt }: Leg): boolean {
  const from = Date.parse(begins)
  return from <= endedAt / 1000 + CLOCKS && from + lasts >= begunAt / 1000 - CLOCKS
}
