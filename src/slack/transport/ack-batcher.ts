import { setTimeout as pause } from 'node:timers/promises'

/** Milliseconds without a new request that make a pause. */
const QUIET = 15
/** Milliseconds that anybody waits for one. */
const PATIENCE = 100

/** Lets work begin when no request has come in for a moment: each of many that come at once is acknowledged before the work on any holds it up. */
export class AckBatcher {
  private lastArrival = 0

  /** Call it once a request is acknowledged; resolves at the next pause. */
  async wait(): Promise<void> {
    const arrived = performance.now()
    this.lastArrival = arrived
    for (;;) {
      const now = performance.now()
      const quietFor = now - this.lastArrival
      if (quietFor >= QUIET || now - arrived >= PATIENCE) return
      await pause(Math.ceil(QUIET - quietFor))
    }
  }
}
