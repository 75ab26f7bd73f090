import type { ClusterWriter } from '../fixes/cluster-writer.ts'
import type { Policy } from '../fixes/policy.ts'
import type { Check } from '../checks/check.ts'
import type { Clients } from '../evidence/clients/clients.ts'
import type { Records } from '../store/records.ts'
import type { RunRecord } from '../store/runs.ts'
import type { Log } from '../queue/log.ts'
import type { RunJob } from '../queue/queue.ts'
import type { AuditTrail } from './audit-trail.ts'
import type { JobQueue } from '../queue/queue.ts'
import type { ChangeBoard } from './change-board.ts'
import type { OpenThread, RunAnswer, RunThread } from './run-thread.ts'

/** What processors work with. */
export interface ProcessorDeps {
  records: Records
  clients: Clients
  checks: readonly Check[]
  openThread: OpenThread
  audit: AuditTrail
  log: Log
  /** How often a run's record is looked at for a wish to cancel; milliseconds, default 500. */
  cancelPoll?: number
  /** Milliseconds a step may take. */
  stepTimeout?: number
  /** Steps under way at once. */
  concurrency?: number
}

/** What processors of changes and leases work with. */
export interface ChangeDeps extends ProcessorDeps {
  policy: Policy
  writer: ClusterWriter
  board: ChangeBoard
  /** Milliseconds between two looks of a proof; default 2000. */
  proofEvery?: number
  queue: JobQueue
}

/** Does one kind of job; the same as WorkerRequest.process. */
export type Processor = (job: RunJob, signal: AbortSignal) => Promise<void>

/** Finds the answer to a run's question; rejects with the signal's reason when it was aborted. */
export type Work = (run: RunRecord, thread: RunThread, signal: AbortSignal) => Promise<RunAnswer>
