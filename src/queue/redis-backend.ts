import { Queue, Worker } from 'bullmq'
import type { Redis } from 'ioredis'
import { connected, PATIENCE, redisConnection, withoutCommand } from '../store/redis-connection.ts'
import { redisRecords } from '../store/redis-records.ts'
import { BackendError } from './backend-error.ts'
import type { Backend } from './backend.ts'
import type { Log } from './log.ts'
import { jobQueue, QUEUE_NAME } from './queue.ts'
import { workerConnection } from './redis-worker-connection.ts'
import { reportTrouble } from './trouble.ts'
import { jobWorker, type JobWorker } from './worker.ts'

/** BullMQ's minimum for all that it does (ZRANGESTORE, XTRIM MINID). */
const OLDEST = '6.2'

export interface RedisBackendRequest {
  url: string
  prefix: string
  log: Log
  /** Milliseconds until an operation rejects; twice as many at the start. For tests. */
  patience?: number
}

/** Records and jobs on one Redis: one connection for records and enqueueing, two more for each worker. */
export async function openRedisBackend({
  url,
  prefix,
  log,
  patience = PATIENCE,
}: RedisBackendRequest): Promise<Backend> {
  const at = addressOf(url)
  const redis = redisConnection(url, { patience })
  reportTrouble(redis, log)
  const options = { prefix: `${prefix}:bull` }
  let queue: Queue
  try {
    await firstContact(redis, at, 2 * patience)
    await inspect(redis, at, log)
    queue = new Queue(QUEUE_NAME, { ...options, connection: redis })
    reportTrouble(queue, log)
    await answered(at, () => queue.waitUntilReady())
  } catch (error) {
    redis.disconnect()
    throw error
  }
  const records = redisRecords(redis, { prefix, patience })
  const workers: JobWorker[] = []

  return {
    kind: 'redis',
    records,
    queue: jobQueue(queue, () => connected(redis, 'enqueue', { patience })),
    openWorker(request) {
      const { options: connection, giveUp } = workerConnection(url)
      const worker = jobWorker(
        request,
        (process, settings) => new Worker(QUEUE_NAME, process, { ...settings, ...options, connection }),
      )
      const close: JobWorker['close'] = async (how) => {
        await connected(redis, 'close worker', { patience }).catch(giveUp)
        await worker.close(how)
        // If Redis went away meanwhile, nothing may keep the process alive.
        if (redis.status !== 'ready') await giveUp()
      }
      let closing: Promise<void> | undefined
      const closable: JobWorker = { ...worker, close: (how) => (closing ??= close(how)) }
      workers.push(closable)
      return closable
    },
    ping: () => records.ping(),
    async close() {
      await Promise.all(workers.map((worker) => worker.close()))
      await queue.close()
      await redis.quit().catch(() => redis.disconnect())
    },
  }
}

/** `host:port` of a good address, for messages: never the password. */
function addressOf(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (
    !parsed ||
    !['redis:', 'rediss:'].includes(parsed.protocol) ||
    parsed.hostname === '' ||
    !/^\/?\d*$/.test(parsed.pathname)
  ) {
    throw new BackendError('redis-url-invalid', {})
  }
  return `${parsed.hostname}:${parsed.port === '' ? 6379 : parsed.port}`
}

async function firstContact(redis: Redis, at: string, patience: number): Promise<void> {
  try {
    await connected(redis, 'connect', { patience })
    await redis.ping()
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
    const detail =
      cause instanceof Error ? cause.message || String((cause as NodeJS.ErrnoException).code) : String(cause)
    // What Redis itself answers starts with a word in capitals: WRONGPASS, NOAUTH, NOPERM, DENIED.
    throw new BackendError(
      /^-?[A-Z]{3,} /.test(detail) && !/^E?CONN/.test(detail) ? 'redis-refused' : 'redis-unreachable',
      { at, detail },
      { cause },
    )
  }
}

/** What is asked of Redis at the start. BullMQ asks once by itself: a queue that was not answered then would refuse every job for good. */
async function answered<T>(at: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    const cause = withoutCommand(error)
    throw new BackendError(
      'redis-refused',
      { at, detail: cause instanceof Error ? cause.message : String(cause) },
      { cause },
    )
  }
}

async function inspect(redis: Redis, at: string, log: Log): Promise<void> {
  const info = await answered(at, () => redis.info())
  const field = (name: string): string | undefined => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1]
  const version = field('redis_version') ?? 'unknown'
  if (isOlder(version, OLDEST)) throw new BackendError('redis-too-old', { at, version, needed: OLDEST })
  const policy = field('maxmemory_policy')
  if (policy !== undefined && policy !== 'noeviction')
    log.warn({ at, policy }, 'Redis may drop jobs and records: set maxmemory-policy noeviction')
  if (field('aof_enabled') === '0') log.warn({ at }, 'Redis may lose the last minutes in a crash: set appendonly yes')
}

/** Whether a version like 6.0.16 comes before one like 6.2; one that is no version does not. */
export function isOlder(version: string, than: string): boolean {
  const [major = NaN, minor = NaN] = version.split('.').map(Number)
  const [thanMajor = 0, thanMinor = 0] = than.split('.').map(Number)
  return major < thanMajor || (major === thanMajor && minor < thanMinor)
}
