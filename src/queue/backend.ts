import type { Records } from '../store/records.ts'
import type { Log } from './log.ts'
import type { JobQueue } from './queue.ts'
import { openEmbeddedBackend } from './embedded-backend.ts'
import { openRedisBackend } from './redis-backend.ts'
import type { JobWorker, WorkerRequest } from './worker.ts'

/** Where records and jobs live. */
export interface Backend {
  kind: 'redis' | 'embedded'
  records: Records
  queue: JobQueue
  openWorker(request: WorkerRequest): JobWorker
  /** Resolves when records and queue can be used; StoreUnavailableError within about two seconds otherwise. */
  ping(): Promise<void>
  /** Closes the workers opened here (see JobWorker.close), then the rest. */
  close(): Promise<void>
}

export interface BackendRequest {
  /** `redis://` or `rediss://`, with user, password and database as usual. Absent: embedded. */
  redisUrl?: string
  /** Where the embedded database lives; not touched when Redis is used. */
  dataFolder: string
  log: Log
  /** Before every key in Redis, so that several bots can share one. Default `mesh-medic`. */
  prefix?: string
}

/**
 * Opens the store and the queue: Redis when an address is given, else PGlite in the data folder, within this process.
 * Rejects with BackendError (see its codes) when that is not possible; nothing stays open then.
 */
export async function openBackend(request: BackendRequest): Promise<Backend> {
  const { redisUrl, dataFolder, log, prefix = 'mesh-medic' } = request
  return redisUrl === undefined
    ? openEmbeddedBackend({ dataFolder, log })
    : openRedisBackend({ url: redisUrl, prefix, log })
}
