import { Redis } from 'ioredis'
import { StoreUnavailableError } from './records.ts'

/** How long a command may take, and how long it may wait for a lost connection to come back: milliseconds. */
export const PATIENCE = 1500

/**
 * A connection that says promptly when Redis is away and comes back by itself when Redis is. Nothing waits inside it: a command
 * that was not sent is never sent later, and one whose answer was lost is not sent twice. Throws when the address is malformed.
 */
export function redisConnection(url: string, { patience = PATIENCE } = {}): Redis {
  const redis = new Redis(url, {
    lazyConnect: true,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    commandTimeout: patience,
    connectTimeout: 2 * patience,
    // Finds a connection that is dead without having been closed.
    socketTimeout: 4 * patience,
    keepAlive: 10_000,
    retryStrategy: (attempt) => Math.min(50 * attempt, 500),
    // After a failover the old primary answers READONLY.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  })
  // Each caller that waits for the connection listens to it. Not 0, for no limit: BullMQ adds to the number.
  redis.setMaxListeners(1000)
  redis.on('error', withoutCommand)
  return redis
}

/** Takes out of an error what ioredis adds for debugging: the command with all its arguments, so passwords and records. */
export function withoutCommand<E>(error: E): E {
  if (error instanceof Error && 'command' in error) delete error.command
  return error
}

/** Resolves when the connection takes commands; rejects with StoreUnavailableError when it does not within `patience` milliseconds. */
export async function connected(redis: Redis, operation: string, { patience = PATIENCE } = {}): Promise<void> {
  if (redis.status === 'ready') return
  if (redis.status === 'end')
    throw new StoreUnavailableError(operation, { cause: new Error('the connection was closed') })
  if (redis.status === 'wait') redis.connect().catch(() => undefined)
  await new Promise<void>((resolve, reject) => {
    let last: Error | undefined
    const settle = (finish: () => void): void => {
      clearTimeout(timer)
      redis.off('ready', ready).off('end', ended).off('error', failed)
      finish()
    }
    const refuse = (why: string) => () =>
      reject(new StoreUnavailableError(operation, { cause: last ?? new Error(why) }))
    const ready = (): void => settle(resolve)
    const ended = (): void => settle(refuse('the connection was closed'))
    const failed = (error: Error): void => {
      last = error
      // Trying again would change nothing soon.
      if (/^(NOAUTH|WRONGPASS|NOPERM|DENIED)\b/.test(error.message)) ended()
    }
    const timer = setTimeout(() => settle(refuse(`no connection within ${patience} ms`)), patience)
    redis.on('ready', ready).on('end', ended).on('error', failed)
  })
}
