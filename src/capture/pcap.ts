import { DamagedError, type PacketSink, type RecordReader, type Taken } from './packet.ts'

/** The first four bytes of a pcap file, read as the writer's machine wrote them: fractions in µs, in ns, and µs with longer record headers. */
export const PCAP_MAGIC = { microseconds: 0xa1b2c3d4, nanoseconds: 0xa1b23c4d, modified: 0xa1b2cd34 } as const

/** Bytes of the file's header. */
export const PCAP_HEADER = 24
/** No packet is longer: four times what tcpdump captures at most. */
const LONGEST = 1 << 20

/** Reads pcap: https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-03.html. */
export class PcapReader implements RecordReader {
  readonly format = 'pcap'
  readonly dropped = undefined
  readonly snapLength: number | undefined
  readonly #isLittle: boolean
  readonly #perMillisecond: number
  readonly #recordHeader: number
  readonly #link: number
  readonly #sink: PacketSink

  /** @param header the file's first 24 bytes */
  constructor(header: Uint8Array, sink: PacketSink) {
    const view = new DataView(header.buffer, header.byteOffset, header.byteLength)
    const { microseconds, nanoseconds, modified } = PCAP_MAGIC
    const little = view.getUint32(0, true)
    this.#isLittle = little === microseconds || little === nanoseconds || little === modified
    const magic = view.getUint32(0, this.#isLittle)
    this.#perMillisecond = magic === nanoseconds ? 1e6 : 1e3
    this.#recordHeader = magic === modified ? 24 : 16
    const snapLength = view.getUint32(16, this.#isLittle)
    this.snapLength = snapLength === 0 || snapLength >= 0x40000 ? undefined : snapLength
    // Above are the length of a frame check sequence and whether there is one.
    this.#link = view.getUint32(20, this.#isLittle) & 0x0fffffff
    this.#sink = sink
  }

  take(bytes: Uint8Array, from: number, to: number): Taken {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const isLittle = this.#isLittle
    const packet = { link: this.#link, at: 0, bytes, from: 0, captured: 0, length: 0 }
    let next = from
    for (;;) {
      if (to - next < this.#recordHeader) return { next, needs: this.#recordHeader }
      const captured = view.getUint32(next + 8, isLittle)
      if (captured > LONGEST) throw new DamagedError(`a packet claims to have ${captured} bytes`, next)
      const needs = this.#recordHeader + captured
      if (to - next < needs) return { next, needs }
      packet.at = view.getUint32(next, isLittle) * 1000 + view.getUint32(next + 4, isLittle) / this.#perMillisecond
      packet.from = next + this.#recordHeader
      packet.captured = captured
      packet.length = Math.max(captured, view.getUint32(next + 12, isLittle))
      this.#sink(packet)
      next += needs
    }
  }
}
