import type { EventEmitter } from 'node:events'
import type { Log } from './log.ts'

const REPEATED_AFTER = 60_000

/** Logs the 'error' events of a connection, queue or worker; one that repeats itself (each attempt to reconnect complains) only once a minute. */
export function reportTrouble(emitter: Pick<EventEmitter, 'on'>, log: Log): void {
  const saidAt = new Map<string, number>()
  emitter.on('error', (error: Error) => {
    // Not the error itself: one of ioredis holds the command that failed, with passwords and records.
    const message = error.message || ('code' in error ? String(error.code) : error.name)
    const now = Date.now()
    if (now - (saidAt.get(message) ?? -Infinity) < REPEATED_AFTER) return
    if (saidAt.size > 100) saidAt.clear()
    saidAt.set(message, now)
    log.warn({ detail: message }, 'trouble with the queue or store')
  })
}
