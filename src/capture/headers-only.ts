import { CaptureFile } from './capture-file.ts'
import { decode } from './decode.ts'
import { startsAs } from './http1.ts'
import type { Packet } from './packet.ts'
import { emptySegment, type Segment } from './segment.ts'
import { startsRecord } from './tls.ts'

const FILE_HEADER = 24
const RECORD_HEADER = 16
const [CR, LF, SPACE, QUESTION, HASH] = [0x0d, 0x0a, 0x20, 0x3f, 0x23]
/** TLS records that are sent in the clear: alerts, and the handshake's beginning. */
const CLEAR = [21, 22]

/**
 * Makes a capture of headers of another one, as it comes: of each packet all up to the end of TCP's header, and of what follows only what the first line of an
 * HTTP/1 request or response says (method, path without its query, status), and TLS handshakes and alerts. The result is pcap, as the first was.
 */
export class HeadersOnly {
  readonly #segment = emptySegment()
  readonly #file = new CaptureFile((packet) => this.#take(packet))
  #made: Uint8Array[] = []
  #isBegun = false

  /** Takes a piece of the capture; answers what is made of it so far. @throws UserError for what is no capture */
  push(piece: Uint8Array): Uint8Array[] {
    this.#file.push(piece)
    const made = this.#made
    this.#made = []
    return made
  }

  #take(packet: Packet): void {
    if (!this.#isBegun) this.#begin(packet.link)
    const kept = this.#keep(packet)
    const record = new Uint8Array(RECORD_HEADER + kept)
    const view = new DataView(record.buffer)
    view.setUint32(0, Math.floor(packet.at / 1000), true)
    view.setUint32(4, Math.min(999_999, Math.round((packet.at % 1000) * 1000)), true)
    view.setUint32(8, kept, true)
    view.setUint32(12, packet.length, true)
    record.set(packet.bytes.subarray(packet.from, packet.from + kept), RECORD_HEADER)
    this.#made.push(record)
  }

  #begin(link: number): void {
    this.#isBegun = true
    this.#made.push(emptyPcap(link))
  }

  /** How many bytes of a packet are kept. What is no TCP is of no use here. */
  #keep(packet: Packet): number {
    const { from, captured } = packet
    const segment = this.#segment
    if (decode(packet, segment) !== 'tcp') return Math.min(captured, 64)
    return segment.from - from + firstWords(segment)
  }
}

/** The header of a pcap file. */
export function emptyPcap(link: number): Uint8Array {
  const header = new DataView(new ArrayBuffer(FILE_HEADER))
  header.setUint32(0, 0xa1b2c3d4, true)
  header.setUint16(4, 2, true)
  header.setUint16(6, 4, true)
  header.setUint32(16, 0x40000, true)
  header.setUint32(20, link, true)
  return new Uint8Array(header.buffer)
}

/** How many bytes of the payload say what kind of message begins here, and nothing of its contents. */
function firstWords({ bytes, from, captured }: Segment): number {
  const to = from + captured
  if (startsRecord(bytes, from, to)) return CLEAR.includes(bytes[from] ?? 0) ? captured : 5
  const kind = startsAs(bytes, from, to)
  if (kind === undefined) return 0
  let spaces = 0
  for (let at = from; at < to; at += 1) {
    const byte = bytes[at] ?? 0
    if (byte === CR || byte === LF) return at - from
    if (byte === SPACE) spaces += 1
    // The second word of a request is its target; the third word of a status line is free text.
    if (kind === 'request' && spaces === 1 && (byte === QUESTION || byte === HASH)) return at - from
    if (spaces === 2 && kind === 'response') return at - from
  }
  return captured
}
