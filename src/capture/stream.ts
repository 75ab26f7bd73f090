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

/** One TCP stream. Side 0 is who sent the first packet of it that was captured. */
export class Stream {
  /** Its number in the order of the file, from 0: what Wireshark calls `tcp.stream`. */
  readonly id: number
  readonly addresses: readonly [Address, Address]
  readonly ports: readonly [number, number]
  /** The next stream with the same hash. */
  next: Stream | undefined
  readonly conversation: Conversation
  readonly flows: readonly [Flow, Flow]
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

  constructor(id: number, segment: Segment, addresses: readonly [Address, Address]) {
    this.id = id
    this.addresses = addresses
    this.ports = [segment.sourcePort, segment.targetPort]
    this.conversation = new Conversation(likelyClient(this.ports))
    this.firstAt = segment.at
    this.lastAt = segment.at
    this.flows = [new Flow(0, this.conversation), new Flow(1, this.conversation)]
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
    const brought = this.flows[side].take(segment)
    this.flows[otherSide(side)].acknowledged(segment)
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
      if (isLast || (this.flows[0].isFinished && this.flows[1].isFinished)) this.#endConversation()
    }
  }

  /** The capture is over. */
  end(): void {
    this.flows[0].end(this.lastAt)
    this.flows[1].end(this.lastAt)
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
    const { retransmissions } = this.flows[by]
    const { zeroWindows } = this.flows[otherSide(by)]
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
