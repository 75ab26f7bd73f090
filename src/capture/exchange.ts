/** A request or a response, as far as it was captured. */
export class Message {
  /** When its first byte was captured, and its last so far. Milliseconds since 1970. */
  at: number
  end: number
  bytes: number
  /** All of it came; false: it had not when the stream or the capture ended; undefined: not known, as not all of it was kept. */
  isWhole: boolean | undefined
  /** Of a request in the clear. The path is without its query. */
  method: string | undefined = undefined
  path: string | undefined = undefined
  /** The path goes on, beyond what was kept of the packet. */
  isCut = false
  host: string | undefined = undefined
  /** `x-request-id`. */
  requestId: string | undefined = undefined
  /** Of a response in the clear. */
  status: number | undefined = undefined

  constructor(at: number, bytes: number, isWhole: boolean | undefined) {
    this.at = at
    this.end = at
    this.bytes = bytes
    this.isWhole = isWhole
  }
}

/** A request and what came of it. */
export interface Exchange {
  request: Message | undefined
  response: Message | undefined
}

/** Exchanges of one stream that are kept; of more, the first ones and the latest. */
const MOST = 40

/** Shared by all that have none: most streams of a large capture are short. */
const NONE: readonly Exchange[] = []

/** The exchanges of one stream, in the order of their requests. */
export class Exchanges {
  count = 0
  /** The first one by itself: most streams have no other. */
  #first: Exchange | undefined
  #more: Exchange[] | undefined
  #waiting: readonly Exchange[] = NONE
  /** The one that waits, where it is the only one. */
  #waits: Exchange | undefined

  /** The first ones, and the latest. */
  get kept(): readonly Exchange[] {
    return this.#first === undefined ? NONE : [this.#first, ...(this.#more ?? NONE)]
  }

  /** The one that is kept, where there is one alone. */
  get only(): Exchange | undefined {
    return this.#more === undefined ? this.#first : undefined
  }

  /** A request begins. */
  ask(request: Message): void {
    const exchange: Exchange = { request, response: undefined }
    this.#add(exchange)
    // Nobody asks so many times without an answer: the answers are not seen.
    if (this.#waits === undefined) this.#waits = exchange
    else this.#waiting = [...this.#waiting.slice(2 - MOST), exchange]
  }

  /** A response begins: of the request that waits the longest. */
  answer(response: Message): void {
    const exchange = this.#waits
    this.#waits = this.#waiting[0]
    if (this.#waiting.length > 0) this.#waiting = this.#waiting.slice(1)
    if (exchange === undefined) this.#add({ request: undefined, response })
    else exchange.response = response
  }

  /** The request that the next response belongs to. */
  get awaited(): Message | undefined {
    return this.#waits?.request
  }

  #add(exchange: Exchange): void {
    this.count += 1
    if (this.#first === undefined) this.#first = exchange
    else if (this.#more === undefined) this.#more = [exchange]
    else if (this.#more.length < MOST - 1) this.#more.push(exchange)
    else this.#more[MOST - 2] = exchange
  }
}
