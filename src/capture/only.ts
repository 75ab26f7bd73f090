import { filterOf, type AskedCapture } from './plan.ts'
import type { Capture } from './read-capture.ts'

/** Which streams of a capture are explained, and how many others there are. */
export interface Only {
  /** `port 3000, peer 10.0.0.1` */
  says: string
  leftOut: number
}

/**
 * The streams of a capture that have a port, or an address, on either side, as the filter of a capture would have left them.
 * @throws UserError for what is no port or address
 */
export function onlySome(
  capture: Capture,
  asked: Pick<AskedCapture, 'port' | 'peer' | 'filter'>,
): { capture: Capture; only?: Only } {
  const { port, peer } = filterOf(asked)
  if (port === undefined && peer === undefined) return { capture }
  const address = peer === undefined ? undefined : written(peer)
  const streams = capture.streams.filter(
    ({ ports, addresses }) =>
      (port === undefined || ports.includes(port)) &&
      (address === undefined || addresses.some(({ text }) => written(text) === address)),
  )
  const says = [...(port === undefined ? [] : [`port ${port}`]), ...(peer === undefined ? [] : [`peer ${peer}`])]
  return {
    capture: { ...capture, streams },
    only: { says: says.join(', '), leftOut: capture.streams.length - streams.length },
  }
}

/** An address as all others of its kind are written (RFC 5952). */
const written = (address: string): string =>
  address.includes(':') ? new URL(`http://[${address}]/`).hostname.slice(1, -1) : address
