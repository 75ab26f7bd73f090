import { CaptureFile, type FileFacts } from './capture-file.ts'
import { decode, type Decoded } from './decode.ts'
import type { Packet } from './packet.ts'
import { emptySegment } from './segment.ts'
import type { Stream } from './stream.ts'
import { Streams } from './streams.ts'

/** What a capture holds. */
export interface Capture {
  file: FileFacts
  packets: number
  /** Milliseconds since 1970; undefined when there are no packets. */
  firstAt: number | undefined
  lastAt: number | undefined
  /** How many packets are what; only TCP is looked into. */
  kinds: Readonly<Partial<Record<Decoded, number>>>
  /** Link layers by number, with their packets. */
  links: ReadonlyMap<number, number>
  /** Packets of which less was kept than was sent. */
  shortened: number
  streams: readonly Stream[]
  /** TCP packets of streams beyond those that are followed. */
  notFollowed: number
}

/** Reads a capture as it comes, in pieces of any size. */
export class CaptureReading {
  readonly #segment = emptySegment()
  readonly #streams = new Streams()
  readonly #kinds = new Map<Decoded, number>()
  readonly #links = new Map<number, number>()
  /** The link layer of the latest packet, and how many packets of it came since another. */
  #link = -1
  #ofLink = 0
  #tcp = 0
  #packets = 0
  #shortened = 0
  #firstAt: number | undefined
  #lastAt: number | undefined
  readonly #file = new CaptureFile((packet) => this.#take(packet))

  /** @throws UserError for what is no capture */
  push(piece: Uint8Array): void {
    this.#file.push(piece)
  }

  /** How many packets have come so far. */
  get packets(): number {
    return this.#packets
  }

  /** @throws UserError for what is no capture */
  end(): Capture {
    const file = this.#file.end()
    const streams = this.#streams.all
    for (const stream of streams) stream.end()
    this.#countLink(-1)
    if (this.#tcp > 0) this.#kinds.set('tcp', this.#tcp)
    return {
      file,
      packets: this.#packets,
      firstAt: this.#firstAt,
      lastAt: this.#lastAt,
      kinds: Object.fromEntries(this.#kinds),
      links: this.#links,
      shortened: this.#shortened,
      streams,
      notFollowed: this.#streams.notFollowed,
    }
  }

  #take(packet: Packet): void {
    this.#packets += 1
    if (packet.captured < packet.length) this.#shortened += 1
    // Packets of several interfaces may stand in another order than they were sent.
    if (this.#firstAt === undefined || packet.at < this.#firstAt) this.#firstAt = packet.at
    if (this.#lastAt === undefined || packet.at > this.#lastAt) this.#lastAt = packet.at
    if (packet.link !== this.#link) this.#countLink(packet.link)
    this.#ofLink += 1
    const kind = decode(packet, this.#segment)
    if (kind === 'tcp') {
      this.#tcp += 1
      this.#streams.take(this.#segment)
    } else this.#kinds.set(kind, (this.#kinds.get(kind) ?? 0) + 1)
  }

  /** Notes the packets of the same link layer that came one after the other. */
  #countLink(next: number): void {
    if (this.#ofLink > 0) this.#links.set(this.#link, (this.#links.get(this.#link) ?? 0) + this.#ofLink)
    this.#link = next
    this.#ofLink = 0
  }
}
