import { DamagedError, type Packet, type PacketSink, type RecordReader, type Taken } from './packet.ts'

/** The type of a section header, the same read from either end: every pcapng file begins with one. */
export const PCAPNG_MAGIC = 0x0a0d0d0a
const BYTE_ORDER = 0x1a2b3c4d

const INTERFACE = 1
const OLD_PACKET = 2
const SIMPLE_PACKET = 3
const STATISTICS = 5
const ENHANCED_PACKET = 6

/** No block is longer: packets have 256 KB at most, and options are short. */
const LONGEST = 1 << 24
/** The last millisecond that a Date can hold. */
const LAST_MOMENT = 8.64e15

/** One of the interfaces of a section. */
interface Interface {
  link: number
  snapLength: number
  /** Ticks of its clock in a millisecond. */
  perMillisecond: number
  /** Milliseconds to be added. */
  offset: number
  dropped: number | undefined
}

/** Reads pcapng: https://www.ietf.org/archive/id/draft-ietf-opsawg-pcapng-02.html. Blocks that hold no packets (names, secrets) are passed over. */
export class PcapngReader implements RecordReader {
  readonly format = 'pcapng'
  #isLittle = true
  #interfaces: Interface[] = []
  /** Those of all sections. */
  readonly #all: Interface[] = []
  readonly #sink: PacketSink
  readonly #packet: Packet = { link: 0, at: 0, bytes: new Uint8Array(), from: 0, captured: 0, length: 0 }

  constructor(sink: PacketSink) {
    this.#sink = sink
  }

  get dropped(): number | undefined {
    const said = this.#all.flatMap(({ dropped }) => dropped ?? [])
    return said.length === 0 ? undefined : said.reduce((sum, one) => sum + one, 0)
  }

  get snapLength(): number | undefined {
    const lengths = this.#all.map(({ snapLength }) => snapLength).filter((one) => one > 0 && one < 0x40000)
    return lengths.length === 0 ? undefined : Math.min(...lengths)
  }

  take(bytes: Uint8Array, from: number, to: number): Taken {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#packet.bytes = bytes
    let next = from
    for (;;) {
      if (to - next < 12) return { next, needs: 12 }
      const type = view.getUint32(next, this.#isLittle)
      if (type === PCAPNG_MAGIC) this.#readByteOrder(view, next)
      const needs = view.getUint32(next + 4, this.#isLittle)
      if (needs < 12 || needs > LONGEST || needs % 4 !== 0)
        throw new DamagedError(`a block claims to have ${needs} bytes`, next)
      if (to - next < needs) return { next, needs }
      if (view.getUint32(next + needs - 4, this.#isLittle) !== needs)
        throw new DamagedError("a block's two lengths are not the same", next)
      this.#block(type, view, next + 8, next + needs - 4)
      next += needs
    }
  }

  #readByteOrder(view: DataView, at: number): void {
    if (view.getUint32(at + 8, true) === BYTE_ORDER) this.#isLittle = true
    else if (view.getUint32(at + 8, false) === BYTE_ORDER) this.#isLittle = false
    else throw new DamagedError('a section does not say its byte order', at)
    this.#interfaces = []
  }

  #block(type: number, view: DataView, from: number, to: number): void {
    if (type === ENHANCED_PACKET && to - from >= 20)
      this.#give(view, view.getUint32(from, this.#isLittle), from + 4, from + 20, to)
    else if (type === OLD_PACKET && to - from >= 20)
      this.#give(view, view.getUint16(from, this.#isLittle), from + 4, from + 20, to)
    else if (type === SIMPLE_PACKET && to - from >= 4) this.#giveSimple(view, from, to)
    else if (type === INTERFACE && to - from >= 8) this.#addInterface(view, from, to)
    else if (type === STATISTICS && to - from >= 12) this.#readStatistics(view, from, to)
  }

  /** @param time where the time stands, and after it the two lengths */
  #give(view: DataView, index: number, time: number, data: number, to: number): void {
    const of = this.#interfaces[index]
    if (of === undefined) throw new DamagedError(`a packet of interface ${index}, which is not declared`, data)
    const captured = view.getUint32(time + 8, this.#isLittle)
    if (captured > to - data) throw new DamagedError('a packet is longer than its block', data)
    const packet = this.#packet
    packet.link = of.link
    const high = view.getUint32(time, this.#isLittle)
    const low = view.getUint32(time + 4, this.#isLittle)
    // Two parts: a count of nanoseconds has more digits than a number holds.
    packet.at = (high / of.perMillisecond) * 0x100000000 + low / of.perMillisecond + of.offset
    if (!(Math.abs(packet.at) <= LAST_MOMENT)) throw new DamagedError('a packet has a time that is none', data)
    packet.from = data
    packet.captured = captured
    packet.length = Math.max(captured, view.getUint32(time + 12, this.#isLittle))
    this.#sink(packet)
  }

  /** A packet without a time or interface number: of the first interface, at the time of the one before. */
  #giveSimple(view: DataView, from: number, to: number): void {
    const of = this.#interfaces[0]
    if (of === undefined) throw new DamagedError('a packet before any interface', from)
    const packet = this.#packet
    packet.link = of.link
    packet.length = view.getUint32(from, this.#isLittle)
    packet.from = from + 4
    packet.captured = Math.min(packet.length, to - from - 4, of.snapLength === 0 ? Infinity : of.snapLength)
    this.#sink(packet)
  }

  #addInterface(view: DataView, from: number, to: number): void {
    const added: Interface = {
      link: view.getUint16(from, this.#isLittle),
      snapLength: view.getUint32(from + 4, this.#isLittle),
      perMillisecond: 1000,
      offset: 0,
      dropped: undefined,
    }
    for (const { code, at, length } of this.#options(view, from + 8, to)) {
      if (code === 9 && length >= 1) {
        const resolution = view.getUint8(at)
        added.perMillisecond = (resolution & 0x80 ? 2 ** (resolution & 0x7f) : 10 ** resolution) / 1000
      } else if (code === 14 && length >= 8) added.offset = Number(view.getBigInt64(at, this.#isLittle)) * 1000
    }
    this.#interfaces.push(added)
    this.#all.push(added)
  }

  #readStatistics(view: DataView, from: number, to: number): void {
    const of = this.#interfaces[view.getUint32(from, this.#isLittle)]
    if (of === undefined) return
    for (const { code, at, length } of this.#options(view, from + 12, to))
      // isb_ifdrop by the interface, isb_osdrop by the operating system.
      if ((code === 5 || code === 7) && length >= 8)
        of.dropped = Math.max(of.dropped ?? 0, Number(view.getBigUint64(at, this.#isLittle)))
  }

  *#options(view: DataView, from: number, to: number): Generator<{ code: number; at: number; length: number }> {
    for (let at = from; to - at >= 4;) {
      const code = view.getUint16(at, this.#isLittle)
      const length = view.getUint16(at + 2, this.#isLittle)
      if (code === 0 || length > to - at - 4) return
      yield { code, at: at + 4, length }
      at += 4 + length + ((4 - (length % 4)) % 4)
    }
  }
}
