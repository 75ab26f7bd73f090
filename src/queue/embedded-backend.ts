import { PGlite } from '@electric-sql/pglite'
import { createPostgresBackend, runMigrations, withBackend } from 'bullmq'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { takingTurns } from '../store/taking-turns.ts'
import { openPgliteRecords } from '../store/pglite-records.ts'
import { BackendError } from './backend-error.ts'
import type { Backend } from './backend.ts'
import { lockFolder } from './folder-lock.ts'
import type { Log } from './log.ts'
import { PglitePool } from './pglite-pool.ts'
import { jobQueue, QUEUE_NAME } from './queue.ts'
import { reportTrouble } from './trouble.ts'
import { jobWorker, type JobWorker } from './worker.ts'

const { Queue, Worker } = withBackend(createPostgresBackend)

/** Records and jobs in one PostgreSQL (PGlite) inside this process, in `<dataFolder>/pglite`. One process a folder. */
export async function openEmbeddedBackend({ dataFolder, log }: { dataFolder: string; log: Log }): Promise<Backend> {
  const unlock = await take(dataFolder)
  try {
    const db = await PGlite.create(join(dataFolder, 'pglite'))
    try {
      return await embeddedBackend(db, log, unlock)
    } catch (error) {
      await db.close()
      throw error
    }
  } catch (error) {
    await unlock()
    throw error instanceof BackendError ? error : unusable(dataFolder, error)
  }
}

/** The same on a database that is open already (tests: in memory). `closed` is called after the database was closed. */
export async function embeddedBackend(db: PGlite, log: Log, closed: () => Promise<void>): Promise<Backend> {
  const { first, usual } = takingTurns(db)
  const pool = new PglitePool(db, usual)
  // The migrations open a transaction in the one session, so nothing else may run yet.
  await runMigrations(pool)
  await db.exec('set search_path to bullmq')
  const records = await openPgliteRecords(usual, first)

  const queue = new Queue(QUEUE_NAME, { connection: pool })
  reportTrouble(queue, log)
  await queue.waitUntilReady()
  const workers: JobWorker[] = []

  return {
    kind: 'embedded',
    records,
    queue: jobQueue(queue, () => records.ping()),
    openWorker(request) {
      const worker = jobWorker(
        request,
        (process, settings) => new Worker(QUEUE_NAME, process, { ...settings, connection: pool }),
      )
      workers.push(worker)
      return worker
    },
    ping: () => records.ping(),
    async close() {
      await Promise.all(workers.map((worker) => worker.close()))
      await queue.close()
      await db.close()
      await closed()
    },
  }
}

async function take(dataFolder: string): Promise<() => Promise<void>> {
  try {
    await mkdir(dataFolder, { recursive: true, mode: 0o700 })
    return await lockFolder(dataFolder)
  } catch (error) {
    throw error instanceof BackendError ? error : unusable(dataFolder, error)
  }
}

function unusable(folder: string, cause: unknown): BackendError {
  return new BackendError(
    'data-folder-unusable',
    { folder, detail: cause instanceof Error ? cause.message : String(cause) },
    { cause },
  )
}
