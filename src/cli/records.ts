import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { loadConfig } from '../config.ts'
import { BackendError } from '../queue/backend-error.ts'
import type { Backend } from '../queue/backend.ts'
import { openBackend } from '../queue/open-backend.ts'
import { createLog } from '../log.ts'
import { UserError } from '../mesh/user-error.ts'

/**
 * The records of the bot that is configured here: in Redis, or in the data folder when no bot holds it.
 * @throws UserError when the bot has the data folder to itself
 */
export async function openRecords(): Promise<Backend> {
  const config = loadConfig(process.env)
  try {
    return await openBackend({
      dataFolder: config.dataFolder,
      log: createLog({ level: 'error' }),
      ...(config.redisUrl !== undefined && { redisUrl: config.redisUrl.reveal() }),
    })
  } catch (error) {
    if (!(error instanceof BackendError)) throw error
    throw new UserError({ why: error.message }, { cause: error })
  }
}

/**
 * The same, for looking only: nothing is made where no records are.
 * @throws UserError also when the data folder holds none
 */
export async function openKeptRecords(): Promise<Backend> {
  const { redisUrl, dataFolder } = loadConfig(process.env)
  if (redisUrl === undefined && !existsSync(join(dataFolder, 'pglite'))) {
    throw new UserError({
      why: `The data folder ${dataFolder} holds no records: no bot has used it. Set MESH_MEDIC_DATA to another folder, or REDIS_URL to the bot's Redis.`,
    })
  }
  return openRecords()
}
