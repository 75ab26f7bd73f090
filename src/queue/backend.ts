import type { Records } from '../store/records.ts'
import type { JobQueue } from './queue.ts'
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
