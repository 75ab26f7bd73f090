import type { Address } from './address.ts'
import { Conversation } from './conversation.ts'
import { Flow } from './flow.ts'
import { likelyClient } from './ports.ts'
import { ACK, FIN, RST, SYN, type Segment } from './segment.ts'
import { otherSide, type Side } from './side.ts'

/** The first FIN or RST of a stream. */
export interface Close {
  by: Side
  kind: 'FIN' | 'RST'
  at: number
}

/** One side paused for long in the middle of what it sent. */
export interface Stall {
  by: Side
  at: number
  for: number
  /** The other side took no more; or a segment had to be sent again; else the sender had nothing to send. */
  why: 'zero-window' | 'retransmission' | 'sender'
}

/** A pause from which on it is a stall: the shortest time after which Linux sends a segment again. Milliseconds. */
const STALL = 200
/** Stalls of a stream that are kept. */
const MOST_STALLS = 8
const NO_STALLS: readonly Stall[] = []

const isSame = (one: readonly number[], other: readonly number[]): boolean =>
  one[0] === other[0] && one[1] === other[1] && one[2] === other[2] && one[3] === other[3]

/** One TCP stream. Side 0 is who sent the first packet of it that was captured. */
export class Stream {
  /** Its number in the order of the file, from 0: what Wireshark calls `tcp.stream`. */
  readonly id: number
  readonly #source: Address
  readonly #target: Address
  readonly #sourcePort: number
  readonly #targetPort: number
  /** The next stream with the same hash. */
  next: Stream | undefined
  readonly conversation: Conversation
  readonly #flow0: Flow
  readonly #flow1: Flow
  readonly firstAt: number
  lastAt: number
  /** When SYN was first sent, and answered with SYN and ACK. */
  syn: { by: Side; at: number } | undefined
  synAckAt: number | undefined
  firstClose: Close | undefined
  /** FIN or RST of the other side, later. */
  otherClose: Close | undefined
  /** New bytes that a side sent after the other had closed: when the first came, how many in all, and whether RST was the answer. */
  afterClose: { by: Side; at: number; bytes: number; isRefused: boolean } | undefined
  stalls: readonly Stall[] = NO_STALLS
  /** Of the last segment with new bytes: whose it was, when, and what had gone wrong by then. */
  #lastBy: Side | undefined
  #isOver = false
  #lastAt = 0
  #lastRetransmissions = 0
  #lastZeroWindows = 0
  /** Where each side's numbers begin. */
  #base0: number | undefined
  #base1: number | undefined

  constructor(id: number, { sourcePort, targetPort, at }: Segment, source: Address, target: Address) {
    this.id = id
    this.#source = source
    this.#target = target
    this.#sourcePort = sourcePort
    this.#targetPort = targetPort
    this.conversation = new Conversation(likelyClient(sourcePort, targetPort))
    this.firstAt = at
    this.lastAt = at
    this.#flow0 = new Flow(0, this.conversation)
    this.#flow1 = new Flow(1, this.conversation)
  }

  /** Of both sides. Made for each look: of many streams, few are looked at twice. */
  get addresses(): readonly [Address, Address] {
    return [this.#source, this.#target]
  }
  get ports(): readonly [number, number] {
    return [this.#sourcePort, this.#targetPort]
  }
  get flows(): readonly [Flow, Flow] {
    return [this.#flow0, this.#flow1]
  }

  /** What one side sends. */
  flow(side: Side): Flow {
    return side === 0 ? this.#flow0 : this.#flow1
  }

  /** Which side sent a segment; undefined when it is of another stream. */
  sideOf({ isV6, source, target, sourcePort, targetPort }: Segment): Side | undefined {
    if (this.#source.isV6 !== isV6) return undefined
    if (
      this.#sourcePort === sourcePort &&
      this.#targetPort === targetPort &&
      isSame(this.#source.words, source) &&
      isSame(this.#target.words, target)
    )
      return 0
    return this.#targetPort === sourcePort &&
      this.#sourcePort === targetPort &&
      isSame(this.#target.words, source) &&
      isSame(this.#source.words, target)
      ? 1
      : undefined
  }

  /** True when a SYN opens another stream between the same ports. */
  isReopenedBy({ sequence }: Segment, side: Side): boolean {
    const base = side === 0 ? this.#base0 : this.#base1
    return base !== undefined && (base !== (sequence | 0) || this.firstClose !== undefined)
  }

  take(segment: Segment, side: Side): void {
    const { at, flags } = segment
    this.lastAt = at
    this.#noteBases(
      side,
      flags & SYN ? segment.sequence | 0 : (segment.sequence - 1) | 0,
      flags & ACK ? (segment.acknowledged - 1) | 0 : undefined,
    )
    const brought = this.flow(side).take(segment)
    this.flow(otherSide(side)).acknowledged(segment)
    if (brought === 'copy') return
    if (flags & SYN) this.#open(side, flags, at)
    if (brought === 'new' && segment.length > 0 && this.firstClose?.by === otherSide(side)) {
      this.afterClose ??= { by: side, at, bytes: 0, isRefused: this.firstClose.kind === 'RST' }
      this.afterClose.bytes += segment.length
    }
    if (brought === 'new' && segment.length > 0) this.#noteData(side, at)
    if (flags & (FIN | RST)) {
      const isLast = flags & RST && this.firstClose !== undefined
      this.#close(side, flags & RST ? 'RST' : 'FIN', at)
      if (isLast || (this.#flow0.isFinished && this.#flow1.isFinished)) this.#endConversation()
    }
  }

  /** The capture is over. */
  end(): void {
    this.#flow0.end(this.lastAt)
    this.#flow1.end(this.lastAt)
    this.#endConversation()
  }

  #endConversation(): void {
    if (this.#isOver) return
    this.#isOver = true
    if (this.firstClose?.kind === 'FIN') this.conversation.closed(this.firstClose.by, this.firstClose.at)
    if (this.otherClose?.kind === 'FIN') this.conversation.closed(this.otherClose.by, this.otherClose.at)
    this.conversation.end()
  }

  #noteBases(side: Side, own: number, others: number | undefined): void {
    if (side === 0) {
      this.#base0 ??= own
      this.#base1 ??= others
    } else {
      this.#base1 ??= own
      this.#base0 ??= others
    }
  }

  #noteData(by: Side, at: number): void {
    const { retransmissions } = this.flow(by)
    const { zeroWindows } = this.flow(otherSide(by))
    if (this.#lastBy === by && at - this.#lastAt >= STALL && this.stalls.length < MOST_STALLS) {
      const isSentAgain = retransmissions > this.#lastRetransmissions
      const why = zeroWindows > this.#lastZeroWindows ? 'zero-window' : isSentAgain ? 'retransmission' : 'sender'
      this.stalls = [...this.stalls, { by, at: this.#lastAt, for: at - this.#lastAt, why }]
    }
    this.#lastBy = by
    this.#lastAt = at
    this.#lastRetransmissions = retransmissions
    this.#lastZeroWindows = zeroWindows
  }

  #open(side: Side, flags: number, at: number): void {
    if (flags & ACK) {
      this.synAckAt ??= at
      this.conversation.client ??= otherSide(side)
    } else {
      this.syn ??= { by: side, at }
      this.conversation.client ??= side
    }
  }

  #close(side: Side, kind: 'FIN' | 'RST', at: number): void {
    if (this.firstClose === undefined) this.firstClose = { by: side, kind, at }
    else if (this.firstClose.by !== side) this.otherClose ??= { by: side, kind, at }
    if (kind === 'RST' && this.afterClose?.by === otherSide(side)) this.afterClose.isRefused = true
  }
}
