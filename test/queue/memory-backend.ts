import { UnrecoverableError, WaitingError, type Job, type JobsOptions } from 'bullmq'
import { EventEmitter } from 'node:events'
import type { Backend } from '../../src/queue/backend.ts'
import { jobQueue, type BullQueue, type RunJob } from '../../src/queue/queue.ts'
import { jobWorker, type BullProcess, type BullWorker, type JobWorker } from '../../src/queue/worker.ts'
import { memoryRecords } from '../store/memory-records.ts'

/** How many times sooner than with BullMQ a job that failed is tried again. */
const SOONER = 20

type State = 'waiting' | 'active' | 'delayed' | 'completed' | 'failed'

/** As much of a BullMQ job as is used. */
interface MemoryJob {
  id: string
  name: string
  data: RunJob
  options: JobsOptions
  state: State
  priority: number
  attemptsMade: number
  finishedOn?: number
}

/** Jobs in memory, with what BullMQ does to them, for the suite's thousands of jobs; the product's own queue and worker are around it. */
class MemoryJobs implements BullQueue {
  readonly known = new Map<string, MemoryJob>()
  readonly changed = new EventEmitter().setMaxListeners(0)

  async add(name: string, data: RunJob, options: JobsOptions): Promise<Job> {
    const id = options.jobId!
    let job = this.known.get(id)
    if (job === undefined) {
      job = { id, name, data, options, state: 'waiting', priority: options.priority ?? 0, attemptsMade: 0 }
      this.known.set(id, job)
      this.changed.emit('waiting')
    }
    return Promise.resolve(job as unknown as Job)
  }

  getJobState(id: string): Promise<string> {
    return Promise.resolve(this.known.get(id)?.state ?? 'unknown')
  }

  remove(id: string): Promise<number> {
    return Promise.resolve(this.known.delete(id) ? 1 : 0)
  }

  getJobCounts(...types: string[]): Promise<Record<string, number>> {
    const states = [...this.known.values()].map(({ state }) => state)
    return Promise.resolve(Object.fromEntries(types.map((type) => [type, states.filter((one) => one === type).length])))
  }

  /** The one that waits longest of those with the lowest number. */
  take(): MemoryJob | undefined {
    const [job] = [...this.known.values()]
      .filter(({ state }) => state === 'waiting')
      .sort((one, other) => one.priority - other.priority)
    if (job !== undefined) job.state = 'active'
    return job
  }

  /** To the end of those that wait. */
  putBack(job: MemoryJob): void {
    this.known.delete(job.id)
    this.known.set(job.id, job)
    job.state = 'waiting'
    this.changed.emit('waiting')
  }
}

class MemoryWorker extends EventEmitter implements BullWorker {
  private readonly active = new Map<string, AbortController>()
  private readonly look = (): void => this.takeAll()
  private closing: PromiseWithResolvers<void> | undefined
  private readonly jobs: MemoryJobs
  private readonly process: BullProcess
  private readonly concurrency: number

  constructor(jobs: MemoryJobs, process: BullProcess, concurrency: number) {
    super()
    this.jobs = jobs
    this.process = process
    this.concurrency = concurrency
  }

  waitUntilReady(): Promise<void> {
    return Promise.resolve()
  }

  run(): Promise<void> {
    this.jobs.changed.on('waiting', this.look)
    this.takeAll()
    return Promise.resolve()
  }

  cancelJob(id: string, reason?: string): boolean {
    this.active.get(id)?.abort(reason)
    return this.active.has(id)
  }

  cancelAllJobs(reason?: string): void {
    for (const controller of this.active.values()) controller.abort(reason)
  }

  close(): Promise<void> {
    this.closing ??= Promise.withResolvers()
    this.jobs.changed.off('waiting', this.look)
    if (this.active.size === 0) this.closing.resolve()
    return this.closing.promise
  }

  private takeAll(): void {
    while (this.closing === undefined && this.active.size < this.concurrency) {
      const job = this.jobs.take()
      if (job === undefined) return
      const controller = new AbortController()
      this.active.set(job.id, controller)
      void this.work(job, controller.signal)
    }
  }

  private async work(job: MemoryJob, signal: AbortSignal): Promise<void> {
    // Later, as from a server: whoever put it in goes on first.
    await new Promise((resolve) => setImmediate(resolve))
    const moveToWait = (): Promise<void> => Promise.resolve()
    const changePriority = ({ priority = 0 }): Promise<void> => {
      job.priority = priority
      return Promise.resolve()
    }
    try {
      await this.process(Object.assign(job, { moveToWait, changePriority }) as unknown as Job, job.id, signal)
      job.state = 'completed'
    } catch (error) {
      this.settle(job, error as Error)
    }
    this.active.delete(job.id)
    if (this.closing === undefined) this.takeAll()
    else if (this.active.size === 0) this.closing.resolve()
  }

  private settle(job: MemoryJob, error: Error): void {
    if (error instanceof WaitingError) {
      this.jobs.putBack(job)
      return
    }
    job.attemptsMade += 1
    const over = error instanceof UnrecoverableError || job.attemptsMade >= (job.options.attempts ?? 1)
    job.state = over ? 'failed' : 'delayed'
    if (over) job.finishedOn = Date.now()
    else {
      const { delay = 0 } = job.options.backoff as { delay?: number }
      setTimeout(() => this.jobs.putBack(job), (delay * 2 ** (job.attemptsMade - 1)) / SOONER).unref()
    }
    this.emit('failed', job, error)
  }
}

/** Records and jobs in memory, empty and of one's own, held to the same contracts as the stores that the bot runs on. */
export function memoryBackend(): Backend {
  const jobs = new MemoryJobs()
  const records = memoryRecords()
  const workers: JobWorker[] = []
  return {
    kind: 'embedded',
    records,
    queue: jobQueue(jobs, () => records.ping()),
    openWorker(request) {
      const worker = jobWorker(request, (process, { concurrency = 1 }) => new MemoryWorker(jobs, process, concurrency))
      workers.push(worker)
      return worker
    },
    ping: () => records.ping(),
    async close() {
      await Promise.all(workers.map((worker) => worker.close()))
    },
  }
}
