/** A request or a response, as far as it was captured. */
export interface Message {
  /** When its first byte was captured, and its last so far. Milliseconds since 1970. */
  at: number
  end: number
  bytes: number
  /** All of it came; false: it had not when the stream or the capture ended; undefined: not known, as not all of it was kept. */
  isWhole: boolean | undefined
  /** Of a request in the clear. The path is without its query. */
  method?: string
  path?: string
  /** The path goes on, beyond what was kept of the packet. */
  isCut?: boolean
  host?: string
  /** `x-request-id`. */
  requestId?: string
  /** Of a response in the clear. */
  status?: number
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
  kept: readonly Exchange[] = NONE
  count = 0
  /** The latest one. */
  latest: Exchange | undefined
  #waiting: readonly Exchange[] = NONE

  /** A request begins. */
  ask(request: Message): void {
    const exchange: Exchange = { request, response: undefined }
    this.#add(exchange)
    // Nobody asks so many times without an answer: the answers are not seen.
    this.#waiting = this.#waiting.length === 0 ? [exchange] : [...this.#waiting.slice(1 - MOST), exchange]
  }

  /** A response begins: of the request that waits the longest. */
  answer(response: Message): void {
    const [exchange] = this.#waiting
    this.#waiting = this.#waiting.length <= 1 ? NONE : this.#waiting.slice(1)
    if (exchange === undefined) this.#add({ request: undefined, response })
    else exchange.response = response
  }

  /** The request that the next response belongs to. */
  get awaited(): Message | undefined {
    return this.#waiting[0]?.request
  }

  #add(exchange: Exchange): void {
    this.count += 1
    this.latest = exchange
    this.kept = [...this.kept.slice(0, MOST - 1), exchange]
  }
}
