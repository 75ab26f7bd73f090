import { AsyncLocalStorage } from 'node:async_hooks'
import { UnseenError } from './clients.ts'

/** Bytes that all answers of a process may take, where nothing else is configured. */
export const DEFAULT_BUDGET = 384 * 1024 * 1024
/** Bytes of one answer that are read: a proxy of a mesh with thousands of services has tens of megabytes of configuration. */
export const MOST_ANSWER = 128 * 1024 * 1024
/** Milliseconds that an answer waits for others to end before it is cut off. */
const WAITS = 10_000
/** Bytes that a piece of an answer takes beside its text, and that each object, list or member of one takes when it is parsed. */
const PIECE = 64
const MEMBER = 32

const [COMMA, BRACKET, BRACE] = [0x2c, 0x5b, 0x7b]

/** What parsing a piece will take beside its text: a short `{},{}` becomes many objects. */
function members(piece: Uint8Array): number {
  let count = 0
  for (const byte of piece) if (byte === COMMA || byte === BRACKET || byte === BRACE) count += 1
  return count * MEMBER
}

/** What the answers of one diagnosis keep, until it ends. */
interface Holding {
  kept: Map<ByteBudget, number>
}
const holdings = new AsyncLocalStorage<Holding>()

/** Does work that keeps what it reads until it ends: the bytes of its answers stay taken for as long. */
export async function holdingAnswers<T>(work: () => Promise<T>): Promise<T> {
  if (holdings.getStore() !== undefined) return work()
  const holding: Holding = { kept: new Map() }
  try {
    return await holdings.run(holding, work)
  } finally {
    for (const [budget, bytes] of holding.kept) budget.give(bytes, holding)
  }
}

interface Waiting {
  answer: Answer
  bytes: number
  go(): void
  cut(): void
}

/**
 * Bytes that all looks of a process share. An answer takes its bytes while it is read and waits, unread, while there are none left; when nothing could
 * end that others wait for, the answer that came last is cut off. A cut answer counts as not seen.
 */
export class ByteBudget {
  readonly most: number
  private readonly waits: number
  private taken = 0
  private begun = 0
  private readonly open = new Set<Answer>()
  private waiting: Waiting[] = []
  private readonly keptBy = new Map<Holding, number>()

  constructor(most = DEFAULT_BUDGET, waits = WAITS) {
    this.most = most
    this.waits = waits
  }

  /** Bytes that are taken now. */
  get used(): number {
    return this.taken
  }

  /** Begins an answer, named as a person would: `the list of pods`. It is closed by `end`. */
  begin(what: string, { signal, most = MOST_ANSWER }: { signal?: AbortSignal; most?: number } = {}): Answer {
    return new Answer(this, what, most, (this.begun += 1), holdings.getStore(), signal)
  }

  /** @throws {UnseenError} when there are no bytes for it */
  async take(answer: Answer, bytes: number): Promise<void> {
    if (answer.taken + bytes > this.most) throw tooLong(answer)
    const { signal } = answer
    if (signal?.aborted === true) throw outOfTime(answer)
    this.open.add(answer)
    if (this.waiting.length === 0 && this.taken + bytes <= this.most) {
      this.taken += bytes
      return
    }
    await new Promise<void>((resolve, reject) => {
      const settled = (): void => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', stop)
      }
      const one: Waiting = {
        answer,
        bytes,
        go() {
          settled()
          resolve()
        },
        cut() {
          settled()
          reject(
            new UnseenError(
              'unavailable',
              `${answer.what} was cut off: the memory for answers that are being read is used up`,
            ),
          )
        },
      }
      const timer = setTimeout(() => this.cutLast(), this.waits)
      const stop = (): void => {
        this.waiting = this.waiting.filter((other) => other !== one)
        settled()
        reject(outOfTime(answer))
      }
      signal?.addEventListener('abort', stop, { once: true })
      this.waiting.push(one)
      // Who began first goes first.
      this.waiting.sort((a, b) => a.answer.order - b.answer.order)
      this.settle()
    })
  }

  give(bytes: number, holding?: Holding): void {
    this.taken -= bytes
    if (holding !== undefined) this.keptBy.delete(holding)
    this.settle()
  }

  ended(answer: Answer, given: number, kept: number): void {
    this.open.delete(answer)
    this.waiting = this.waiting.filter((one) => one.answer !== answer)
    const { holding } = answer
    if (holding !== undefined) {
      this.keptBy.set(holding, (this.keptBy.get(holding) ?? 0) + kept)
      holding.kept.set(this, (holding.kept.get(this) ?? 0) + kept)
    }
    this.give(given)
  }

  private settle(): void {
    for (;;) {
      const [first] = this.waiting
      if (first === undefined) return
      if (this.taken + first.bytes <= this.most) {
        this.taken += first.bytes
        this.waiting.shift()
        first.go()
      } else if (this.waiting.length === this.open.size && !this.othersMayEnd()) this.cutLast()
      else return
    }
  }

  /** Whether somebody holds bytes who waits for none. */
  private othersMayEnd(): boolean {
    const waiting = new Set(this.waiting.map(({ answer }) => answer.holding))
    for (const [holding, bytes] of this.keptBy) if (bytes > 0 && !waiting.has(holding)) return true
    return false
  }

  private cutLast(): void {
    // It is open until it gives back what it took.
    this.waiting.pop()?.cut()
  }
}

const tooLong = ({ what }: Answer): UnseenError =>
  new UnseenError('unavailable', `${what} is longer than mesh-medic reads: cut off`)

const outOfTime = ({ what }: Answer): UnseenError => new UnseenError('timeout', `${what} did not arrive in time`)

/** One answer while it is read. */
export class Answer {
  readonly what: string
  readonly order: number
  readonly holding: Holding | undefined
  readonly signal: AbortSignal | undefined
  taken = 0
  private readonly budget: ByteBudget
  private readonly most: number
  private bytes = 0
  private kept = 0
  private isOver = false

  constructor(
    budget: ByteBudget,
    what: string,
    most: number,
    order: number,
    holding: Holding | undefined,
    signal: AbortSignal | undefined,
  ) {
    this.signal = signal
    this.budget = budget
    this.what = what
    this.most = most
    this.order = order
    this.holding = holding
  }

  /** Takes the bytes of a piece; resolves when the next may be read. @throws {UnseenError} when the answer is cut off */
  async take(piece: Uint8Array): Promise<void> {
    this.bytes += piece.length
    if (this.bytes > this.most) throw tooLong(this)
    const kept = piece.length + PIECE + members(piece)
    // Its pieces, and the text that they become.
    const wanted = kept + piece.length
    await this.budget.take(this, wanted)
    this.taken += wanted
    this.kept += kept
  }

  /** Takes bytes for what is kept of an answer that is not held whole. @throws {UnseenError} when the answer is cut off */
  async reserve(bytes: number): Promise<void> {
    this.bytes += bytes
    if (this.bytes > this.most) throw tooLong(this)
    await this.budget.take(this, bytes)
    this.taken += bytes
    this.kept += bytes
  }

  /** Ends it: whoever holds answers keeps what was parsed, all else is given back. */
  end(): void {
    if (this.isOver) return
    this.isOver = true
    const kept = this.holding === undefined ? 0 : this.kept
    this.budget.ended(this, this.taken - kept, kept)
  }

  /** Gives all of it back: nothing of it is kept. */
  drop(): void {
    this.kept = 0
    this.end()
  }
}

/** Reads a body to its end as text, as far as the answer may be read. @throws {UnseenError} when it is cut off */
export async function textOf(body: AsyncIterable<Uint8Array>, answer: Answer): Promise<string> {
  const decoder = new TextDecoder()
  const parts: string[] = []
  for await (const piece of body) {
    await answer.take(piece)
    parts.push(decoder.decode(piece, { stream: true }))
  }
  parts.push(decoder.decode())
  return parts.join('')
}

/** Reads the beginning of a body: of an error, say. */
export async function beginningOf(body: AsyncIterable<Uint8Array>, bytes: number): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  let read = 0
  for await (const piece of body) {
    text += decoder.decode(piece.subarray(0, bytes - read), { stream: true })
    read += piece.length
    if (read >= bytes) break
  }
  return text
}
