import type { Backend } from './backend.ts'
import { openEmbeddedBackend } from './embedded-backend.ts'
import type { Log } from './log.ts'
import { openRedisBackend } from './redis-backend.ts'

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
