import type { Job as BullJob, JobsOptions } from 'bullmq'
import { z } from 'zod'
import { StoreUnavailableError } from '../store/records.ts'
import { withoutCommand } from '../store/redis-connection.ts'

export const QUEUE_NAME = 'runs'

/** What travels through the queue: ids only; everything else is in the run's record. */
export const RunJob = z.strictObject({
  // BullMQ takes no ':' in a job id and no id that is a number.
  run: z.string().regex(/^(?!\d+$)[A-Za-z0-9_-]{1,64}$/),
  kind: z.string().regex(/^[a-z]+(-[a-z]+)*$/),
})
export type RunJob = z.infer<typeof RunJob>

/** How a run is put into the queue. */
export interface EnqueueOptions {
  /** Also when the queue has done with the run, or lost it: for a run whose record says that it is not over. */
  again?: boolean
  /** Ahead of the runs that nobody has begun: for one that was, and whose thread says so. */
  begun?: boolean
}

export interface JobQueue {
  /**
   * Puts a run into the queue. The job id is the run id: while the queue still knows the run (waiting, running, done within the last day or
   * failed within the last week) a second enqueue changes nothing, unless it is to be worked on again. Rejects with StoreUnavailableError within about two seconds when
   * the queue cannot take it, so that the person who typed gets an answer; with ZodError when the job is malformed.
   */
  enqueue(job: RunJob, options?: EnqueueOptions): Promise<void>
  /** How many jobs there are, by state. */
  counts(): Promise<{ waiting: number; active: number; delayed: number; failed: number }>
}

/** The part of a BullMQ Queue that is used here, whatever its backend. */
export interface BullQueue {
  add(name: string, data: RunJob, options: JobsOptions): Promise<BullJob>
  getJobState(id: string): Promise<string>
  remove(id: string): Promise<number>
  getJobCounts(
    ...types: ('waiting' | 'prioritized' | 'active' | 'delayed' | 'failed')[]
  ): Promise<Record<string, number>>
}

/** BullMQ's priorities: the lower number goes first, and 0 before all others. A job goes from one to the other when it is begun. */
export const PRIORITY = { begun: 0, fresh: 1 } as const

/** Three attempts, about 2 and 4 s apart; counted are errors of `process`, not workers that were killed. */
const JOB_OPTIONS = {
  attempts: 3,
  backoff: { type: 'exponential', delay: 2000, jitter: 0.5 },
  removeOnComplete: { age: 24 * 3600, count: 5000 },
  removeOnFail: { age: 7 * 24 * 3600, count: 5000 },
} satisfies JobsOptions

/** States of a job that nobody will work on. */
const OVER: ReadonlySet<string> = new Set(['completed', 'failed', 'unknown'])

/** `usable` resolves when the store takes commands and rejects promptly when it does not: nothing is sent that could arrive after the answer. */
export function jobQueue(queue: BullQueue, usable: () => Promise<void>): JobQueue {
  const guarded = async <T>(operation: string, act: () => Promise<T>): Promise<T> => {
    try {
      await usable()
      return await act()
    } catch (error) {
      if (error instanceof StoreUnavailableError) throw error
      throw new StoreUnavailableError(operation, { cause: withoutCommand(error) })
    }
  }
  return {
    async enqueue(job, { again = false, begun = false } = {}) {
      const data = RunJob.parse(job)
      await guarded('enqueue', async () => {
        // A job that another process has taken up meanwhile is locked, and stays.
        if (again && OVER.has(await queue.getJobState(data.run))) await queue.remove(data.run)
        const priority = begun ? PRIORITY.begun : PRIORITY.fresh
        await queue.add(data.kind, data, { ...JOB_OPTIONS, jobId: data.run, priority })
      })
    },
    async counts() {
      const {
        waiting = 0,
        prioritized = 0,
        active = 0,
        delayed = 0,
        failed = 0,
      } = await guarded('count jobs', () => queue.getJobCounts('waiting', 'prioritized', 'active', 'delayed', 'failed'))
      return { waiting: waiting + prioritized, active, delayed, failed }
    },
  }
}
