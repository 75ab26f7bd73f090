export const FIN = 0x01
export const SYN = 0x02
export const RST = 0x04
export const ACK = 0x10

/** An IP address: four words, of which IPv4 has the first. */
export type Words = [number, number, number, number]

/** One TCP segment as it was captured. It is filled anew for each packet: nobody keeps it. */
export interface Segment {
  /** Milliseconds since 1970. */
  at: number
  isV6: boolean
  source: Words
  target: Words
  sourcePort: number
  targetPort: number
  /** IPv4's identification, which a copy of a packet shares and a retransmission does not; 0 where there is none. */
  ipId: number
  sequence: number
  acknowledged: number
  flags: number
  /** As sent: not yet scaled. */
  window: number
  /** How far the window is shifted, of a SYN; undefined where it does not say. */
  windowScale: number | undefined
  bytes: Uint8Array
  /** Where the payload begins in `bytes`. */
  from: number
  /** How many bytes of payload were captured. */
  captured: number
  /** How many were sent. */
  length: number
}

export const emptySegment = (): Segment => ({
  at: 0,
  isV6: false,
  source: [0, 0, 0, 0],
  target: [0, 0, 0, 0],
  sourcePort: 0,
  targetPort: 0,
  ipId: 0,
  sequence: 0,
  acknowledged: 0,
  flags: 0,
  window: 0,
  windowScale: undefined,
  bytes: new Uint8Array(),
  from: 0,
  captured: 0,
  length: 0,
})
