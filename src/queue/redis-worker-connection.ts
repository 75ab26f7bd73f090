import type { ConnectionOptions } from 'bullmq'
import { setTimeout as pause } from 'node:timers/promises'

/** A worker has two: one for commands, one that waits for jobs. */
const CONNECTIONS = 2
const LONGEST_PAUSE = 1000

/**
 * The options for a worker's connections, which wait for Redis as long as it takes (nobody waits for their answer), and `giveUp` to end
 * that: resolves when they have stopped trying. BullMQ 6.7 cannot close a worker that is reconnecting: it waits for an 'end' that
 * ioredis 6 does not emit then.
 */
export function workerConnection(url: string): { options: ConnectionOptions; giveUp: () => Promise<void> } {
  let givenUp = false
  let ended = 0
  const retryStrategy = (attempt: number): number | null => {
    if (!givenUp) return Math.min(100 * attempt, LONGEST_PAUSE)
    ended++
    return null
  }
  return {
    options: { url, maxRetriesPerRequest: null, keepAlive: 10_000, retryStrategy },
    async giveUp() {
      givenUp = true
      for (let waited = 0; ended < CONNECTIONS && waited < 2 * LONGEST_PAUSE; waited += 50) await pause(50)
    },
  }
}
