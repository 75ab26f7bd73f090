import { Message, type Exchanges } from './exchange.ts'
import { endOfHead, latin1, readHead, type Head } from './http1-head.ts'

/** How a request begins, and a response, as bytes. */
const METHODS = ['GET ', 'POST ', 'PUT ', 'HEAD ', 'DELETE ', 'PATCH ', 'OPTIONS ', 'CONNECT ', 'TRACE '].map(
  (method) => Buffer.from(method.slice(0, 8)),
)
const VERSION = Buffer.from('HTTP/1.')
const MOST_HEAD = 1 << 16
/** A line that says a chunk's size, with its extensions. */
const MOST_LINE = 1024

/** True when the bytes are the beginning of a request or a response of HTTP/1. */
export function startsAs(bytes: Uint8Array, from: number, to: number): 'request' | 'response' | undefined {
  const first = bytes[from] ?? 0
  if (first < 0x41 || first > 0x5a || to - from < 5) return undefined
  if (begins(bytes, from, to, VERSION)) return 'response'
  for (const method of METHODS) if (method[0] === first && begins(bytes, from, to, method)) return 'request'
  return undefined
}

function begins(bytes: Uint8Array, from: number, to: number, word: Uint8Array): boolean {
  if (to - from < word.length) return false
  for (let at = 0; at < word.length; at += 1) if (bytes[from + at] !== word[at]) return false
  return true
}

/** Where in a message its sender is. `lost`: not known, until a segment begins as a message does. */
type State = 'start' | 'head' | 'body' | 'chunk-size' | 'chunk' | 'trailer' | 'until-close' | 'tunnel' | 'lost'

const NOTHING = new Uint8Array()

/** The HTTP/1 messages that one side sends (RFC 9112). Keeps start lines and a few headers, never bodies. */
export class Http1 {
  readonly #exchanges: Exchanges
  readonly #kind: 'request' | 'response'
  #state: State = 'start'
  /** The beginning of a head or a line whose end has not come. */
  #begun = NOTHING
  #left = 0
  #message: Message | undefined
  /** The method of the request that is being answered. */
  #asked: string | undefined

  constructor(kind: 'request' | 'response', exchanges: Exchanges) {
    this.#kind = kind
    this.#exchanges = exchanges
  }

  /** @param missing bytes after them that were sent and not kept */
  data(bytes: Uint8Array, from: number, to: number, missing: number, at: number): void {
    if (this.#state === 'lost' && startsAs(bytes, from, to) === this.#kind) this.#state = 'start'
    let next = from
    while (next < to) next = this.#step(bytes, next, to, at)
    if (missing > 0) this.gap(missing, at)
  }

  /** Bytes that are not known. */
  gap(length: number, at: number): void {
    this.#count(length, at)
    if (this.#state === 'tunnel' || this.#state === 'until-close' || this.#state === 'lost') return
    if ((this.#state === 'body' || this.#state === 'chunk') && length <= this.#left) {
      this.#left -= length
      if (this.#state === 'body' && this.#left === 0) this.#finish(at)
      else if (this.#left === 0) this.#state = 'chunk-size'
      return
    }
    if (this.#state === 'head') this.#understand(readHead(this.#begun, 0, this.#begun.length, true), true)
    this.#lose()
  }

  /** What one side sends from here on is no longer HTTP. */
  get isTunnel(): boolean {
    return this.#state === 'tunnel'
  }

  /** The sender says that nothing follows. */
  closed(at: number): void {
    if (this.#state === 'until-close') this.#finish(at)
  }

  /** Takes some of the bytes and answers where the rest begins. */
  #step(bytes: Uint8Array, from: number, to: number, at: number): number {
    switch (this.#state) {
      case 'start': {
        // Empty lines between messages are allowed.
        if (bytes[from] === 0x0d || bytes[from] === 0x0a) return from + 1
        if (to - from >= 8 && startsAs(bytes, from, to) !== this.#kind) {
          this.#state = 'lost'
          return from
        }
        this.#message = new Message(at, 0, false)
        this.#state = 'head'
        if (this.#kind === 'request') this.#exchanges.ask(this.#message)
        return from
      }
      case 'head':
        return this.#takeHead(bytes, from, to, at)
      case 'body':
      case 'chunk': {
        const length = Math.min(this.#left, to - from)
        this.#left -= length
        this.#count(length, at)
        if (this.#left === 0) {
          if (this.#state === 'body') this.#finish(at)
          else this.#state = 'chunk-size'
        }
        return from + length
      }
      case 'chunk-size':
      case 'trailer':
        return this.#takeLine(bytes, from, to, at)
      case 'until-close':
      case 'tunnel':
      case 'lost':
        this.#count(to - from, at)
        return to
      default:
        return to
    }
  }

  #takeHead(bytes: Uint8Array, from: number, to: number, at: number): number {
    const before = this.#begun.length
    if (before > 0) this.#append(bytes, from, to)
    const isBegun = before > 0
    const head = isBegun ? this.#begun : bytes
    const begin = isBegun ? 0 : from
    const limit = isBegun ? head.length : to
    const end = endOfHead(head, Math.max(begin, begin + before - 3), limit)
    if (end === -1) {
      if (before === 0) this.#append(bytes, from, to)
      this.#count(to - from, at)
      if (this.#begun.length > MOST_HEAD) this.#lose()
      return to
    }
    const taken = end - begin - before
    this.#count(taken, at)
    this.#begun = NOTHING
    this.#understand(readHead(head, begin, end, false), false)
    if (this.#state === 'body' && this.#left === 0) this.#finish(at)
    return from + taken
  }

  /** A line of the chunked coding: the size of the next chunk, what ends one, or a trailer's. */
  #takeLine(bytes: Uint8Array, from: number, to: number, at: number): number {
    let end = from
    while (end < to && bytes[end] !== 0x0a) end += 1
    this.#count(Math.min(end + 1, to) - from, at)
    const line =
      this.#begun.length === 0 && end < to ? undefined : this.#append(bytes, from, Math.min(end, from + MOST_LINE))
    if (end === to) {
      if (this.#begun.length > MOST_LINE) this.#lose()
      return to
    }
    const text = (
      line === undefined ? latin1(bytes, from, Math.min(end, from + MOST_LINE)) : latin1(line, 0, line.length)
    ).trim()
    this.#begun = NOTHING
    if (this.#state === 'trailer') {
      if (text === '') this.#finish(at)
    } else if (text !== '') {
      const size = /^[0-9a-f]{1,8}/i.exec(text)
      if (size === null) this.#lose()
      else if (Number.parseInt(size[0], 16) === 0) this.#state = 'trailer'
      else {
        this.#state = 'chunk'
        this.#left = Number.parseInt(size[0], 16)
      }
    }
    return end + 1
  }

  #append(bytes: Uint8Array, from: number, to: number): Uint8Array {
    const longer = new Uint8Array(this.#begun.length + to - from)
    longer.set(this.#begun)
    longer.set(bytes.subarray(from, to), this.#begun.length)
    this.#begun = longer
    return longer
  }

  #lose(): void {
    this.#begun = NOTHING
    this.#state = 'lost'
    if (this.#message !== undefined) this.#message.isWhole = undefined
  }

  #count(length: number, at: number): void {
    if (this.#message === undefined) return
    this.#message.bytes += length
    this.#message.end = at
  }

  #finish(at: number): void {
    if (this.#message !== undefined) {
      this.#message.end = at
      this.#message.isWhole = true
    }
    this.#message = undefined
    this.#state = 'start'
  }

  /** Notes what a head says and how the body's length is known; `isCut`: the head goes on, and what follows is not known. */
  #understand(head: Head | undefined, isCut: boolean): void {
    const message = this.#message
    if (message === undefined) return
    if (head?.host !== undefined) message.host = head.host
    if (head?.requestId !== undefined) message.requestId = head.requestId
    if (this.#kind === 'request') {
      if (head?.method !== undefined) message.method = head.method
      if (head?.path !== undefined) message.path = head.path
      if (head?.isPathCut === true) message.isCut = true
    } else {
      const status = head?.status
      if (status !== undefined) message.status = status
      // 100 and 103 announce the response; 101 is one.
      if (status === undefined || status >= 200 || status === 101) {
        this.#asked = this.#exchanges.awaited?.method
        this.#exchanges.answer(message)
      }
    }
    if (head === undefined || isCut) this.#lose()
    else this.#chooseBody(head)
  }

  #chooseBody({ status, isChunked, length }: Head): void {
    const isResponse = this.#kind === 'response'
    const isTunnel =
      isResponse && (status === 101 || (this.#asked === 'CONNECT' && status !== undefined && status < 300))
    const hasNone =
      isResponse &&
      (this.#asked === 'HEAD' || status === 204 || status === 304 || (status !== undefined && status < 200))
    this.#left = 0
    if (isTunnel) this.#state = 'tunnel'
    else if (hasNone) this.#state = 'body'
    else if (isChunked) this.#state = 'chunk-size'
    else if (length === undefined && isResponse) this.#state = 'until-close'
    else {
      this.#state = 'body'
      this.#left = length ?? 0
    }
  }
}
