import { ACK, FIN, RST, SYN, type Segment } from './segment.ts'
import type { Side } from './side.ts'

/** Who hears what one side of a stream sent, in order and once. `bytes` is lent for the call. */
export interface Delivery {
  /** @param missing bytes that follow and were not kept: the snap length cut them off */
  data(side: Side, bytes: Uint8Array, from: number, to: number, missing: number, at: number): void
  /** Bytes that never came into the capture. */
  gap(side: Side, length: number, at: number): void
}

/** A segment that waits for those before it. */
interface Held {
  sequence: number
  bytes: Uint8Array
  length: number
}

/** A segment that fills a gap within this time after the first one behind the gap overtook it or was overtaken; later it was sent again. Milliseconds. */
const OVERTAKEN = 3
/** What waits for a gap to be filled, at most: the gap is passed over then. */
const MOST_HELD = 256
const MOST_HELD_BYTES = 1 << 20
/** The widest window there is (RFC 7323): what is further away is of another numbering, of a connection whose beginning was not captured. */
const WIDEST = 1 << 30
/** Shared, and replaced before anything is put into it. */
const NONE: Held[] = []

/** The distance from one sequence number to another, which go round at 2^32. */
const distance = (from: number, to: number): number => (to - from) | 0

/** What one side of a stream sends: puts segments in order and counts what went wrong on the way. */
export class Flow {
  packets = 0
  /** Bytes of payload, each once. */
  bytes = 0
  retransmissions = 0
  outOfOrder = 0
  /** The same packet captured twice: on two interfaces, say. */
  copies = 0
  /** Bytes that the other side acknowledged and the capture lacks. */
  notCaptured = 0
  /** How often SYN was sent. */
  syns = 0
  /** How often this side said that it takes no more, and for how many milliseconds in all. */
  zeroWindows = 0
  zeroWindowFor = 0
  #zeroSince: number | undefined
  #scale = 0
  #isn: number | undefined
  #next: number | undefined
  #finished = false
  #held: Held[] = NONE
  #heldBytes = 0
  #heldSince = 0
  /** Identification and sequence number of the last two packets: a copy comes soon. */
  #id0 = -1
  #sequence0 = 0
  #id1 = -1
  #sequence1 = 0
  readonly #side: Side
  readonly #delivery: Delivery

  constructor(side: Side, delivery: Delivery) {
    this.#side = side
    this.#delivery = delivery
  }

  /** The sequence number of the SYN; undefined when none was seen. */
  get isn(): number | undefined {
    return this.#isn
  }

  /** Takes a segment that this side sent; answers whether it brought bytes that were not seen before, or was a retransmission. */
  take(segment: Segment): 'new' | 'again' | 'copy' | 'nothing' {
    this.packets += 1
    this.#takeWindow(segment)
    let sequence = segment.sequence | 0
    if (segment.flags & SYN) {
      this.syns += 1
      const isAgain = this.#isn === sequence
      this.#isn = sequence
      sequence = (sequence + 1) | 0
      if (isAgain) {
        if (this.#isCopy(segment)) {
          this.syns -= 1
          return 'copy'
        }
        this.retransmissions += 1
        return 'again'
      }
      this.#remember(segment)
      this.#next = sequence
      if (segment.windowScale !== undefined) this.#scale = segment.windowScale
    }
    if (segment.flags & RST || (segment.length === 0 && !(segment.flags & FIN))) return 'nothing'
    this.#next ??= sequence
    const ahead = distance(this.#next, sequence)
    if (ahead > 0) return this.#hold(segment, sequence)
    const known = -ahead
    if (known > 0 && known >= segment.length + (segment.flags & FIN ? 1 : 0)) return this.#again(segment, known)
    if (known > 0) this.retransmissions += 1
    else if (this.#held.length > 0) {
      if (segment.at - this.#heldSince <= OVERTAKEN) this.outOfOrder += 1
      else this.retransmissions += 1
    }
    this.#deliver(
      segment.bytes,
      segment.from,
      segment.captured,
      segment.length,
      Math.min(known, segment.length),
      segment.at,
    )
    if (segment.flags & FIN) this.#finish()
    this.#release(segment.at)
    this.#remember(segment)
    return 'new'
  }

  /** Hears how far the other side has this side's bytes: what lies before and was not captured never will be. */
  acknowledged(segment: Segment): void {
    if (!(segment.flags & ACK) || this.#next === undefined) return
    const ahead = distance(this.#next, segment.acknowledged)
    if (ahead <= 0 || ahead > WIDEST || this.#finished) return
    // The end of the stream counts as one byte, and its packet may be what is missing.
    const first = this.#held[0]
    const gap = first === undefined ? ahead : Math.min(ahead, distance(this.#next, first.sequence))
    this.notCaptured += gap
    this.#skip(gap, segment.at)
  }

  /** Gives away what still waits for bytes that did not come. */
  end(at: number): void {
    for (let first = this.#held[0]; first !== undefined; first = this.#held[0])
      this.#skip(distance(this.#next ?? first.sequence, first.sequence), at)
    if (this.#zeroSince !== undefined) this.zeroWindowFor += at - this.#zeroSince
    this.#zeroSince = undefined
  }

  /** True when the side said that it sends no more, and all before that has come. */
  get isFinished(): boolean {
    return this.#finished
  }

  #takeWindow(segment: Segment): void {
    if (segment.flags & (SYN | FIN | RST)) return
    const isZero = segment.window << this.#scale === 0
    if (isZero && this.#zeroSince === undefined) {
      this.#zeroSince = segment.at
      this.zeroWindows += 1
    } else if (!isZero && this.#zeroSince !== undefined) {
      this.zeroWindowFor += segment.at - this.#zeroSince
      this.#zeroSince = undefined
    }
  }

  #isCopy({ ipId, sequence }: Segment): boolean {
    const number = sequence | 0
    return (
      ipId !== 0 &&
      ((ipId === this.#id0 && number === this.#sequence0) || (ipId === this.#id1 && number === this.#sequence1))
    )
  }

  #remember({ ipId, sequence }: Segment): void {
    this.#id1 = this.#id0
    this.#sequence1 = this.#sequence0
    this.#id0 = ipId
    this.#sequence0 = sequence | 0
  }

  #again(segment: Segment, known: number): 'again' | 'copy' | 'nothing' {
    if (this.#isCopy(segment)) {
      this.copies += 1
      return 'copy'
    }
    // A keep-alive asks for an acknowledgement with the byte before the next.
    if (segment.length <= 1 && known === 1 && !(segment.flags & FIN)) return 'nothing'
    this.retransmissions += 1
    this.#remember(segment)
    return 'again'
  }

  #hold(segment: Segment, sequence: number): 'new' | 'again' | 'copy' {
    const at = this.#held.findIndex((one) => distance(one.sequence, sequence) <= 0)
    const same = this.#held.find((one) => one.sequence === sequence && one.length >= segment.length)
    if (same !== undefined) {
      const isCopy = this.#isCopy(segment)
      if (isCopy) this.copies += 1
      else this.retransmissions += 1
      return isCopy ? 'copy' : 'again'
    }
    if (this.#held.length === 0) {
      this.#heldSince = segment.at
      this.#held = []
    }
    const kept = {
      sequence,
      bytes: segment.bytes.slice(segment.from, segment.from + segment.captured),
      length: segment.length,
    }
    this.#held.splice(at === -1 ? this.#held.length : at, 0, kept)
    this.#heldBytes += kept.bytes.length
    this.#remember(segment)
    if (this.#held.length > MOST_HELD || this.#heldBytes > MOST_HELD_BYTES) {
      const [first] = this.#held
      const gap = distance(this.#next ?? 0, first?.sequence ?? 0)
      if (gap <= WIDEST) this.notCaptured += gap
      this.#skip(gap, segment.at)
    }
    return 'new'
  }

  /** Passes over a gap, and gives away what waited behind it. */
  #skip(gap: number, at: number): void {
    this.#next = ((this.#next ?? 0) + gap) | 0
    if (gap > 0) this.#delivery.gap(this.#side, gap, at)
    this.#release(at)
  }

  #release(at: number): void {
    for (let first = this.#held[0]; first !== undefined; first = this.#held[0]) {
      const known = -distance(this.#next ?? 0, first.sequence)
      if (known < 0) return
      this.#held.shift()
      this.#heldBytes -= first.bytes.length
      if (known < first.length) this.#deliver(first.bytes, 0, first.bytes.length, first.length, known, at)
    }
  }

  #deliver(bytes: Uint8Array, from: number, captured: number, length: number, known: number, at: number): void {
    const fresh = length - known
    this.#next = ((this.#next ?? 0) + fresh) | 0
    this.bytes += fresh
    if (fresh === 0) return
    const begin = Math.min(known, captured)
    const missing = length - Math.max(captured, known)
    this.#delivery.data(this.#side, bytes, from + begin, from + captured, missing, at)
  }

  #finish(): void {
    if (this.#finished) return
    this.#finished = true
    this.#next = ((this.#next ?? 0) + 1) | 0
  }
}
