import { UserError } from '../mesh/user-error.ts'
import { DamagedError, type PacketSink, type RecordReader } from './packet.ts'
import { PCAP_HEADER, PCAP_MAGIC, PcapReader } from './pcap.ts'
import { PCAPNG_MAGIC, PcapngReader } from './pcapng.ts'

/** What a capture file says of itself, and whether all of it could be read. */
export interface FileFacts {
  format: string
  bytes: number
  /** How many bytes of a packet were kept at most; undefined: all of it. */
  snapLength: number | undefined
  /** Packets the capturing side says it lost; undefined where it does not say. */
  dropped: number | undefined
  /** Bytes at the end that are a packet's beginning: the file was cut, or its writer killed. 0 for a whole file. */
  cutBytes: number
  /** Why reading ended before the end of the file, and at which byte. */
  damage?: { at: number; says: string }
}

/** What other first bytes mean. */
const OTHERS: readonly (readonly [bytes: readonly number[], what: string, remedy: string])[] = [
  [[0x1f, 0x8b], 'It is compressed with gzip', 'Unpack it first: gunzip FILE.'],
  [[0x28, 0xb5, 0x2f, 0xfd], 'It is compressed with zstd', 'Unpack it first: zstd -d FILE.'],
  [[0x50, 0x4b, 0x03, 0x04], 'It is a zip archive', 'Unpack it first, and name the capture in it.'],
  [[0x73, 0x6e, 0x6f, 0x6f, 0x70], 'It is a capture of snoop', 'Convert it: editcap -F pcapng FILE out.pcapng.'],
]

function refusal(first: Uint8Array): UserError {
  const other = OTHERS.find(([bytes]) => bytes.every((byte, index) => first[index] === byte))
  const shown = [...first.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')
  const isText = first.every((byte) => byte === 9 || byte === 10 || byte === 13 || (byte >= 32 && byte < 127))
  const what = other?.[1] ?? (isText ? 'It is text' : `It begins with ${shown}`)
  return new UserError(
    {
      why: `This is not a packet capture. ${what}; pcap begins with a1 b2 c3 d4 or d4 c3 b2 a1, pcapng with 0a 0d 0d 0a.`,
      remedies: [
        other?.[2] ??
          (isText
            ? 'Let tcpdump write packets, not lines: -w FILE.'
            : 'Give what tcpdump -w or Wireshark has written.'),
      ],
    },
    { code: 'not-a-capture' },
  )
}

const EMPTY = new Uint8Array()

/**
 * Takes a capture file in pieces of any size and gives its packets away as soon as they are whole. A piece is lent for the call: of what is not whole, a copy
 * is kept, and completed by the beginning of the next piece.
 */
export class CaptureFile {
  readonly #sink: PacketSink
  #reader: RecordReader | undefined
  /** The beginning of a record, or of the file, whose end has not come. */
  #begun = EMPTY
  #waiting = 0
  #needs = PCAP_HEADER
  #bytes = 0
  /** The place in the file of the first byte that waits. */
  #place = 0
  #damage: { at: number; says: string } | undefined

  constructor(sink: PacketSink) {
    this.#sink = sink
  }

  /** @throws UserError for what is no capture */
  push(piece: Uint8Array): void {
    this.#bytes += piece.length
    let from = 0
    while (from < piece.length && this.#damage === undefined) {
      // Too little to tell a format by.
      const isShort = this.#reader === undefined && piece.length - from < PCAP_HEADER
      if (this.#waiting === 0 && !isShort) {
        const next = this.#read(piece, from)
        if (next === undefined) return
        this.#append(piece, next, piece.length)
        return
      }
      const missing = this.#needs - this.#waiting
      const end = Math.min(piece.length, from + missing)
      this.#append(piece, from, end)
      from = end
      if (this.#waiting >= this.#needs) this.#readBegun()
    }
  }

  /** @throws UserError for a file that ends within its header, or is none */
  end(): FileFacts {
    if (this.#reader === undefined && this.#waiting > 0) this.#readBegun()
    if (this.#reader === undefined)
      throw new UserError(
        {
          why:
            this.#bytes === 0
              ? 'The capture is empty: not even its header was written.'
              : `The capture ends within its header, after ${this.#bytes} bytes.`,
          remedies: ['tcpdump writes the header as it begins: look at what it said on standard error.'],
        },
        { code: 'not-a-capture' },
      )
    const { format, snapLength, dropped } = this.#reader
    return {
      format,
      bytes: this.#bytes,
      snapLength,
      dropped,
      cutBytes: this.#damage === undefined ? this.#waiting : 0,
      ...(this.#damage !== undefined && { damage: this.#damage }),
    }
  }

  /** Takes what is whole of what waits; the rest waits on. */
  #readBegun(): void {
    const bytes = this.#begun.subarray(0, this.#waiting)
    this.#waiting = 0
    const next = this.#read(bytes, 0)
    if (next === undefined) return
    this.#begun.copyWithin(0, next, bytes.length)
    this.#waiting = bytes.length - next
  }

  /** Takes the whole records of some bytes. @returns where the rest begins; undefined for damage */
  #read(bytes: Uint8Array, begin: number): number | undefined {
    let from = begin
    if (this.#reader === undefined) {
      const begun = this.#begin(begin === 0 ? bytes : bytes.subarray(begin))
      if (begun === undefined) {
        this.#needs = PCAP_HEADER
        return begin
      }
      from += begun
    }
    try {
      const taken = this.#reader?.take(bytes, from, bytes.length)
      if (taken === undefined) return undefined
      this.#place += taken.next - begin
      this.#needs = taken.needs
      return taken.next
    } catch (error) {
      if (!(error instanceof DamagedError)) throw error
      this.#damage = { at: this.#place + error.at - begin, says: error.message }
      return undefined
    }
  }

  /** Chooses the reader; answers where its records begin, undefined while the header is not whole. */
  #begin(bytes: Uint8Array): number | undefined {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const [big, little] = bytes.length < 4 ? [0, 0] : [view.getUint32(0, false), view.getUint32(0, true)]
    if (big === PCAPNG_MAGIC) {
      if (bytes.length < 12) return undefined
      this.#reader = new PcapngReader(this.#sink)
      return 0
    }
    if (!Object.values<number>(PCAP_MAGIC).some((magic) => magic === big || magic === little)) throw refusal(bytes)
    if (bytes.length < PCAP_HEADER) return undefined
    this.#reader = new PcapReader(bytes.slice(0, PCAP_HEADER), this.#sink)
    return PCAP_HEADER
  }

  #append(bytes: Uint8Array, from: number, to: number): void {
    const length = this.#waiting + to - from
    if (length > this.#begun.length) {
      const larger = new Uint8Array(Math.max(length, Math.min(this.#needs, 1 << 20), this.#begun.length * 2))
      larger.set(this.#begun.subarray(0, this.#waiting))
      this.#begun = larger
    }
    this.#begun.set(from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to), this.#waiting)
    this.#waiting = length
  }
}
