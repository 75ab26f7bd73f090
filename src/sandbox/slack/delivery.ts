import type { Announcer } from './happenings.ts'
import type { Fields } from './records.ts'

/** What Slack sends to the app. */
export interface Payload {
  readonly kind: 'slash_commands' | 'interactive' | 'events_api'
  readonly body: Fields
}

/** How one attempt ended. `error` is in the words in which Slack tells the person. */
export type AttemptResult =
  | { readonly ok: true; readonly milliseconds: number; readonly response: Fields; readonly status?: number }
  | {
      readonly ok: false
      readonly error: 'dispatch_failed' | 'http_service_error' | 'operation_timeout'
      readonly status?: number
    }

/** A way to the app: Socket Mode, or signed HTTP. */
export interface Transport {
  /** One try. `signal` aborts when the time to acknowledge is over. */
  attempt(
    payload: Payload,
    retry: { readonly number: number; readonly reason: string } | undefined,
    signal: AbortSignal,
  ): Promise<AttemptResult>
}

/** A delivery in the log. */
export interface DeliveryRecord {
  readonly payload: Payload
  /** When the first attempt began, milliseconds since 1970. */
  readonly at: number
  /** One for each attempt that ended, in order. */
  readonly attempts: readonly AttemptResult[]
}

/** Times of a delivery, in milliseconds. */
export interface DeliveryTimes {
  /** Slack: 3000. */
  readonly acknowledgeWithin: number
  /** Waits before the retries of an event. Slack: nearly at once, after 1 minute, after 5 minutes. */
  readonly eventRetries: readonly number[]
}

/** Sends payloads to the app, once; events again when they were not acknowledged. */
export class Deliveries {
  readonly #log: { payload: Payload; at: number; attempts: AttemptResult[] }[] = []
  readonly #transport: () => Transport
  readonly #times: DeliveryTimes
  readonly #announcer: Announcer
  readonly #timers = new Set<NodeJS.Timeout>()
  readonly #closing = new AbortController()

  constructor(transport: () => Transport, times: DeliveryTimes, announcer: Announcer) {
    this.#transport = transport
    this.#times = times
    this.#announcer = announcer
  }

  get log(): readonly DeliveryRecord[] {
    return this.#log
  }

  /** Delivers a payload. @returns how the first attempt ended; later attempts are in the log */
  async deliver(payload: Payload): Promise<AttemptResult> {
    const record = { payload, at: Date.now(), attempts: [] as AttemptResult[] }
    this.#log.push(record)
    return this.#attempt(record, 0)
  }

  async #attempt(record: { payload: Payload; attempts: AttemptResult[] }, retries: number): Promise<AttemptResult> {
    const last = record.attempts.at(-1)
    const retry =
      retries === 0
        ? undefined
        : {
            number: retries,
            reason: last?.ok === false && last.error === 'operation_timeout' ? 'timeout' : 'http_error',
          }
    const result = await this.#withinTime(record.payload, retry)
    record.attempts.push(result)
    this.#announcer.announce('delivery', {
      kind: record.payload.kind,
      outcome: result.ok ? 'acknowledged' : result.error,
    })
    if (!result.ok && record.payload.kind === 'events_api') this.#retryLater(record, retries)
    return result
  }

  #retryLater(record: { payload: Payload; attempts: AttemptResult[] }, retries: number): void {
    const wait = this.#times.eventRetries[retries]
    if (wait === undefined || this.#closing.signal.aborted) return
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      void this.#attempt(record, retries + 1)
    }, wait)
    timer.unref()
    this.#timers.add(timer)
  }

  async #withinTime(
    payload: Payload,
    retry: { readonly number: number; readonly reason: string } | undefined,
  ): Promise<AttemptResult> {
    const limit = new AbortController()
    const late = new Promise<AttemptResult>((resolve) =>
      limit.signal.addEventListener('abort', () => resolve({ ok: false, error: 'operation_timeout' }), { once: true }),
    )
    const timer = setTimeout(() => limit.abort(), this.#times.acknowledgeWithin)
    const abort = () => limit.abort()
    this.#closing.signal.addEventListener('abort', abort, { once: true })
    try {
      return await Promise.race([this.#transport().attempt(payload, retry, limit.signal), late])
    } finally {
      clearTimeout(timer)
      this.#closing.signal.removeEventListener('abort', abort)
      limit.abort()
    }
  }

  close(): void {
    this.#closing.abort()
    for (const timer of this.#timers) clearTimeout(timer)
  }
}
