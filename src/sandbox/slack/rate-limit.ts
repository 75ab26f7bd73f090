/** Posting limits: about one message a second in a channel, short bursts allowed (Slack: rate limits). */
export interface PostingRate {
  readonly perSecond: number
  /** How many may come at once after a quiet time. */
  readonly burst: number
}

/** A token bucket a channel. */
export class PostingLimit {
  readonly #rate: PostingRate
  readonly #buckets = new Map<string, { tokens: number; at: number }>()

  constructor(rate: PostingRate) {
    this.#rate = rate
  }

  /** Counts one post. @returns 0 when it is allowed, else the whole seconds to wait (Retry-After) */
  take(channel: string): number {
    const now = Date.now()
    const bucket = this.#buckets.get(channel) ?? { tokens: this.#rate.burst, at: now }
    const tokens = Math.min(this.#rate.burst, bucket.tokens + ((now - bucket.at) / 1000) * this.#rate.perSecond)
    this.#buckets.set(channel, { tokens: tokens >= 1 ? tokens - 1 : tokens, at: now })
    return tokens >= 1 ? 0 : Math.max(1, Math.ceil((1 - tokens) / this.#rate.perSecond))
  }
}
