import type { Ref } from './ref.ts'

/** Says whom a request comes from, and which one it is: `x-mesh-medic-probe: ID`. */
export const PROBE_HEADER = 'x-mesh-medic-probe'

/** One request of ours, as it goes through a port-forward to a gateway's own pod. */
export interface ProbeRequest {
  /** A UUID; also its `x-request-id`, unless the gateway gives it another. */
  id: string
  /** The gateway's pod, and the port that it listens on. */
  pod: Ref
  port: number
  /** TLS, with the server name that is asked for; absent: plain text. */
  tls?: { sni?: string }
  method: 'GET' | 'HEAD'
  /** The Host header. */
  authority: string
  path: string
  /** Those that routes ask for; names in lower case. */
  headers: Readonly<Record<string, string>>
}

/** A request that was sent. */
export interface Probe extends ProbeRequest {
  /** The status that came back; absent when none did. */
  code?: number
  /** Why there is no status: a sentence without its full stop. */
  failure?: string
  /** Until the answer began, in milliseconds. */
  milliseconds: number
}

/** How a probe signs: access logs show it, whatever id the gateway gave the request. */
export const userAgentOf = (id: string): string => `mesh-medic-probe/${id}`

/** The id of the probe whose user agent stands in a text. */
export function probeOf(text: string): string | undefined {
  return /mesh-medic-probe\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?![0-9a-f-])/.exec(text)?.[1]
}
