import type { Log } from '../queue/log.ts'
import { isOutage } from './outage.ts'

/**
 * Tells Slack of an act while it goes on, one message after the other: what is done to the cluster never waits for Slack. Of what could not be told on
 * the way the end says enough; only that is insisted on.
 */
export class Telling {
  private last: Promise<void> = Promise.resolve()
  private isAway = false
  private readonly log: Log
  private readonly run: string

  constructor(log: Log, run: string) {
    this.log = log
    this.run = run
  }

  /** Tells after what was to be told before. Never rejects, and nobody waits. */
  soon(tell: () => Promise<unknown>): void {
    this.last = this.last.then(async () => {
      if (this.isAway) return
      try {
        await tell()
      } catch (err) {
        this.isAway = isOutage(err)
        this.log.warn({ err, run: this.run }, 'progress could not be posted; the final message will have it')
      }
    })
  }

  /** Says the end, when the rest was told or cannot be. @throws what a job is tried again for */
  async end(tell: () => Promise<unknown>): Promise<void> {
    await this.last
    await tell()
  }
}
