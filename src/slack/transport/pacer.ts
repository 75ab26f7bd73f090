import { setTimeout as pause } from 'node:timers/promises'

/** Milliseconds between two messages in one channel: Slack takes one a second, and more only for a moment. */
export const POST_EVERY = 1000
/** Milliseconds that are waited at a stretch, so that whoever waits can say that they still do. */
const STRETCH = 3000

/** A clock, and a way to wait for it. */
export interface PacerClock {
  now(): number
  wait(milliseconds: number): Promise<unknown>
}

/**
 * Spaces the messages that are posted in a channel; edits and ephemeral messages have limits of their own.
 * @see https://docs.slack.dev/apis/web-api/rate-limits
 */
export class Pacer {
  private readonly free = new Map<string, number>()
  private readonly every: number
  private readonly clock: PacerClock

  constructor(
    every: number = POST_EVERY,
    clock: PacerClock = { now: () => performance.now(), wait: (ms) => pause(ms) },
  ) {
    this.every = every
    this.clock = clock
  }

  /**
   * Resolves when it is this message's turn in its channel; turns are given in the order of asking.
   * @param stillWaiting heard every few seconds; what it throws ends the waiting
   */
  async turn(channel: string, stillWaiting?: () => Promise<void>): Promise<void> {
    if (this.every <= 0) return
    const at = Math.max(this.clock.now(), this.free.get(channel) ?? 0)
    this.free.set(channel, at + this.every)
    for (;;) {
      const left = at - this.clock.now()
      if (left <= 0) break
      await this.clock.wait(Math.min(left, STRETCH))
      if (left > STRETCH) await stillWaiting?.()
    }
    if (this.free.size > 1000) this.forget()
  }

  private forget(): void {
    const now = this.clock.now()
    for (const [channel, at] of this.free) if (at <= now) this.free.delete(channel)
  }
}
