import { setImmediate } from 'node:timers/promises'

/** Milliseconds of work after which others get a turn: Slack wants an answer within three seconds, and a lock its renewal. */
const AT_A_STRETCH = 10

/** Long work in stretches: between two of them, whatever else waits in this process has its turn. */
export class Pace {
  private since = performance.now()

  /** Resolves at once, or after a turn of the event loop when the work has gone on for long enough. */
  async breathe(): Promise<void> {
    if (performance.now() - this.since < AT_A_STRETCH) return
    await setImmediate()
    this.since = performance.now()
  }
}
