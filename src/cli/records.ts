import { loadConfig } from '../config.ts'
import { BackendError } from '../jobs/backend-error.ts'
import { openBackend, type Backend } from '../jobs/backend.ts'
import { createLog } from '../log.ts'
import { UsageError } from './failure.ts'

/**
 * The records of the bot that is configured here: in Redis, or in the data folder when no bot holds it.
 * @throws UsageError when the bot has the data folder to itself
 */
export async function openRecords(): Promise<Backend> {
  const config = loadConfig(process.env)
  try {
    return await openBackend({ dataFolder: config.dataFolder, log: createLog({ level: 'error' }), ...(config.redisUrl !== undefined && { redisUrl: config.redisUrl.reveal() }) })
  } catch (error) {
    if (!(error instanceof BackendError)) throw error
    throw new UsageError(error.message, { cause: error })
  }
}
