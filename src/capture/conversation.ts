import { Exchanges, Message } from './exchange.ts'
import type { Delivery } from './flow.ts'
import { Http1, startsAs } from './http1.ts'
import { latin1 } from './http1-head.ts'
import { otherSide, type Side } from './side.ts'
import { hello, startsRecord, TlsRecords, type TlsFacts } from './tls.ts'

/** `unknown`: bytes that are none of these; `unseen`: bytes of which none were kept; undefined: none were sent. */
export type Protocol = 'http/1' | 'http/2' | 'tls' | 'unknown' | 'unseen'

const PREFACE = 'PRI * HTTP/2.0'
/** Of a stream in which nothing was said; nobody adds to it. */
const NO_EXCHANGES = new Exchanges()

/** What two sides say to each other over one stream: recognises the protocol, and keeps its requests and responses. */
export class Conversation implements Delivery {
  protocol: Protocol | undefined
  /** Who opened the stream, or asks; undefined while nothing tells. */
  client: Side | undefined
  #exchanges: Exchanges | undefined
  tls: TlsFacts | undefined
  #http: [Http1, Http1] | undefined
  #records: [TlsRecords, TlsRecords] | undefined
  #turn: { by: Side; message: Message } | undefined
  #isGreeting = false
  #isOver = false
  /** When the client changed its cipher. */
  #greetedAt: number | undefined
  /** Who the client is while nothing tells. */
  readonly #likely: Side

  /** @param likely the side that is taken for the client where no handshake and no words tell */
  constructor(likely: Side) {
    this.#likely = likely
  }

  /** Its requests and responses. */
  get exchanges(): Exchanges {
    return this.#exchanges ?? NO_EXCHANGES
  }

  data(side: Side, bytes: Uint8Array, from: number, to: number, missing: number, at: number): void {
    if (this.#isOver) return
    if (this.protocol === undefined || this.protocol === 'unknown' || this.protocol === 'unseen')
      this.#recognise(side, bytes, from, to)
    if (this.#http !== undefined) {
      const isTunnel = this.#http[0].isTunnel || this.#http[1].isTunnel
      if (!isTunnel) this.#http[side].data(bytes, from, to, missing, at)
    } else if (this.#records !== undefined) this.#records[side].data(bytes, from, to, missing, at)
    else this.#say(side, to - from + missing, at)
  }

  /** Bytes of a side that are not in the capture. */
  gap(side: Side, length: number, at: number): void {
    if (this.#http !== undefined) this.#http[side].gap(length, at)
    else if (this.#records !== undefined) this.#records[side].gap(length, at)
  }

  /** Nothing more will be said: lets go of what is needed to hear it. What is known stays. */
  end(): void {
    this.#isOver = true
    this.#http = undefined
    this.#records = undefined
    this.#turn = undefined
  }

  /** A side says that it sends no more. */
  closed(side: Side, at: number): void {
    this.#http?.[side].closed(at)
  }

  #recognise(side: Side, bytes: Uint8Array, from: number, to: number): void {
    const begin = startsAs(bytes, from, to)
    if (begin !== undefined) {
      const exchanges = (this.#exchanges = new Exchanges())
      this.client = begin === 'request' ? side : otherSide(side)
      const make = (of: Side): Http1 => new Http1(of === this.client ? 'request' : 'response', exchanges)
      this.#http = [make(0), make(1)]
      this.protocol = 'http/1'
      return
    }
    if (bytes[from] === 0x50 && to - from >= PREFACE.length && latin1(bytes, from, from + PREFACE.length) === PREFACE) {
      this.client = side
      this.protocol = 'http/2'
      return
    }
    if (startsRecord(bytes, from, to)) {
      this.#exchanges = new Exchanges()
      const says = hello(bytes, from, to)
      if (says !== undefined) this.client = says === 'client' ? side : otherSide(side)
      const facts: TlsFacts = { alerts: [] }
      this.tls = facts
      const make = (of: Side): TlsRecords =>
        new TlsRecords(of, facts, (heard, length, when) => this.#hear(of, heard, length, when))
      this.#records = [make(0), make(1)]
      this.protocol = 'tls'
      this.#isGreeting = says === 'client'
      return
    }
    if (this.protocol !== 'unknown') this.protocol = from === to ? 'unseen' : 'unknown'
  }

  /** Leaves out what is sealed and still part of the handshake: all until the client has changed its cipher, and what it sends together with that. */
  #hear(side: Side, heard: 'cipher' | 'data', length: number, at: number): void {
    const isClient = side === (this.client ?? this.#likely)
    if (heard === 'cipher') {
      if (!isClient) return
      this.#isGreeting = false
      this.#greetedAt = at
      return
    }
    // A client that does not announce it: its first sealed bytes end the handshake.
    if (isClient && this.#isGreeting) {
      this.#isGreeting = false
      this.#greetedAt = at
    }
    if (length > 0 && !this.#isGreeting && !(isClient && at === this.#greetedAt)) this.#say(side, length, at)
  }

  /** Bytes whose meaning is not seen: what a client says until the server speaks is a request, what the server says then its response. */
  #say(side: Side, length: number, at: number): void {
    if (this.#turn?.by === side) {
      this.#turn.message.end = at
      this.#turn.message.bytes += length
      return
    }
    const message = new Message(at, length, undefined)
    this.#turn = { by: side, message }
    const exchanges = (this.#exchanges ??= new Exchanges())
    if (side === (this.client ?? this.#likely)) exchanges.ask(message)
    else exchanges.answer(message)
  }
}
