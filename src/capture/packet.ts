/** A packet as a capture file holds it. `bytes` is lent for the call: whoever keeps some of it copies it. */
export interface Packet {
  /** The link layer, as https://www.tcpdump.org/linktypes.html numbers them. */
  link: number
  /** Milliseconds since 1970, with the fraction that the capture has. */
  at: number
  bytes: Uint8Array
  /** Where in `bytes` the packet begins. */
  from: number
  /** How many of its bytes were captured. */
  captured: number
  /** How long it was on the wire. */
  length: number
}

/** Who is given each packet, in the order of the file. */
export type PacketSink = (packet: Packet) => void

/** What a format's reader says of the records it took: where the next one begins, and how many bytes of it are needed before it can be taken. */
export interface Taken {
  next: number
  needs: number
}

/** A reader of one format: takes the whole records that are between two places, and gives their packets away. */
export interface RecordReader {
  readonly format: string
  take(bytes: Uint8Array, from: number, to: number): Taken
  /** Packets that the capturing side says it lost; undefined where the format does not say. */
  readonly dropped: number | undefined
  /** How many bytes of a packet are kept at most; undefined where that is not limited or not said. */
  readonly snapLength: number | undefined
}

/** The file cannot be read on from here; what came before stands. */
export class DamagedError extends Error {
  /** How far into the bytes handed over the damage is. */
  readonly at: number

  constructor(says: string, at: number) {
    super(says)
    this.at = at
  }
}
