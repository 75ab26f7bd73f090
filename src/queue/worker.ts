import { UnrecoverableError, WaitingError, type Job as BullJob, type WorkerOptions as BullWorkerOptions } from 'bullmq'
import type { EventEmitter } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import type { Log } from './log.ts'
import { PRIORITY, RunJob } from './queue.ts'
import { reportTrouble } from './trouble.ts'

/** Milliseconds. After a worker was killed its job goes on elsewhere at the latest `lock + stalledEvery` after its last renewal. */
export interface Stall {
  lock: number
  stalledEvery: number
}
const STALL: Stall = { lock: 10_000, stalledEvery: 5000 }

export interface WorkerRequest {
  /**
   * Does the job. May be called again for the same run: after it rejected (up to the queue's attempts), and after a worker was killed,
   * so it looks at the run's record before it acts. `signal` aborts when the run is cancelled here (`cancel`), when the worker is closed
   * and its grace is over, or when the job was lost to another worker. Stop then: resolve when the run is over for good (cancelled, and its
   * record says so), reject otherwise, because a job that resolved is not run again. `begun` is called when the run's thread and record say that somebody works
   * on it: from then on it goes before what nobody has begun, when it has to be tried again or goes on elsewhere.
   */
  process: (job: RunJob, signal: AbortSignal, begun: () => Promise<void>) => Promise<void>
  /** Called once when a run has no attempts left, with the last error. The place to tell the thread. */
  gaveUp?: (job: RunJob, error: Error) => Promise<void>
  /** Jobs at the same time in this process. Default 4. */
  concurrency?: number
  log: Log
  /** For tests. */
  stall?: Stall
}

export interface JobWorker {
  ready(): Promise<void>
  /** Aborts the signal of a run that is processed in this worker; false when it is not. */
  cancel(run: string, reason?: string): boolean
  /**
   * Takes no new jobs and waits for the current ones; after `graceMilliseconds` (default 10 000) their signals abort, and those that
   * stop go back to the queue without having used up an attempt. What does not stop within 2 s more is left to the stall detection.
   */
  close(options?: { graceMilliseconds?: number }): Promise<void>
}

/** The part of a BullMQ Worker that is used here, whatever its backend. */
export interface BullWorker extends Pick<EventEmitter, 'on'> {
  waitUntilReady(): Promise<void>
  run(): Promise<void>
  cancelJob(id: string, reason?: string): boolean
  cancelAllJobs(reason?: string): void
  close(force?: boolean): Promise<void>
}
export type BullProcess = (job: BullJob, token: string | undefined, signal: AbortSignal | undefined) => Promise<void>

/** Builds a worker around what `make` returns (a BullMQ Worker of the right backend), and starts it. */
export function jobWorker(
  request: WorkerRequest,
  make: (process: BullProcess, options: Omit<BullWorkerOptions, 'connection'>) => BullWorker,
): JobWorker {
  const { process, gaveUp, concurrency = 4, log, stall = STALL } = request
  let closing: Promise<void> | undefined
  let graceOver = false

  // BullMQ hands out a signal only to a function with three parameters, none with a default.
  const handle: BullProcess = async (job, token, signal) => {
    const data = RunJob.safeParse(job.data)
    if (!data.success) throw new UnrecoverableError(`job ${job.id ?? ''} is malformed: ${data.error.message}`)
    const begun = async (): Promise<void> => {
      if (job.priority === PRIORITY.begun) return
      await job
        .changePriority({ priority: PRIORITY.begun })
        .catch((err: unknown) => log.debug({ err, run: data.data.run }, 'a job that was begun keeps its place'))
    }
    try {
      await process(data.data, signal ?? new AbortController().signal, begun)
    } catch (error) {
      if (!graceOver || token === undefined) throw error
      await job.moveToWait(token)
      throw new WaitingError()
    }
  }

  const worker = make(handle, {
    autorun: false,
    concurrency,
    lockDuration: stall.lock,
    stalledInterval: stall.stalledEvery,
    // A run that kills its worker every time must end some day.
    maxStalledCount: 10,
    // After a lost connection; BullMQ's 15 s would keep people waiting.
    runRetryDelay: 1000,
  })

  worker.on('failed', (job: BullJob | undefined, error: Error) => {
    const data = RunJob.safeParse(job?.data)
    const run = data.data?.run ?? job?.id
    if (job?.finishedOn === undefined) {
      log.warn({ err: error, run, attempt: job?.attemptsMade }, 'job failed, will be tried again')
      return
    }
    log.error({ err: error, run }, 'job failed for good')
    if (data.success)
      gaveUp?.(data.data, error).catch((err: unknown) => log.error({ err, run }, 'could not report a failed job'))
  })
  worker.on('stalled', (run: string) => log.warn({ run }, 'job continues here: its worker is gone'))
  worker.on('lockRenewalFailed', (runs: string[]) => {
    for (const run of runs) worker.cancelJob(run, 'the job was lost to another worker')
  })
  reportTrouble(worker, log)
  worker.run().catch((err: unknown) => log.error({ err }, 'worker stopped'))

  const close = async (graceMilliseconds: number): Promise<void> => {
    const finished = worker.close()
    finished.catch(() => undefined)
    if (await settledWithin(finished, graceMilliseconds)) return finished
    graceOver = true
    worker.cancelAllJobs('the worker is closing')
    if (!(await settledWithin(finished, 2000))) log.warn({}, 'worker closed with jobs that did not stop')
  }
  return {
    ready: () => worker.waitUntilReady(),
    cancel: (run, reason) => worker.cancelJob(run, reason),
    close: ({ graceMilliseconds = 10_000 } = {}) => (closing ??= close(graceMilliseconds)),
  }
}

async function settledWithin(promise: Promise<unknown>, milliseconds: number): Promise<boolean> {
  const stop = new AbortController()
  const late = pause(milliseconds, false, { signal: stop.signal }).catch(() => false)
  const settled = await Promise.race([
    promise.then(
      () => true,
      () => true,
    ),
    late,
  ])
  stop.abort()
  return settled
}
