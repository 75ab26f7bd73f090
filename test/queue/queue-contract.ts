import { UnrecoverableError } from 'bullmq'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pino from 'pino'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Backend } from '../../src/queue/backend.ts'
import type { RunJob } from '../../src/queue/queue.ts'
import type { JobWorker, WorkerRequest } from '../../src/queue/worker.ts'
import { opaqueId } from '../../src/store/opaque-id.ts'
import type { ChildOrder } from './worker-child.ts'

export const log = pino({ level: 'silent' })

/** Looks often for the jobs of dead workers, and leaves a living one on a slow machine its time. */
export const stall = { lock: 15_000, stalledEvery: 500 }
/** The child that is to be killed: its lock is what the other worker waits for. */
const CHILD_STALL = { lock: 600, stalledEvery: 200 }

/** Milliseconds until a job that failed once is tried again, at most. */
const LONGEST_BACKOFF = 2100

/** Polling that leaves a slow machine its time. */
export const SOON = { timeout: 15_000, interval: 50 }

/** What every queue must do. `open` gives the backend that the tests share; `where` says where it is, and `release` and `reopen` bring a process in between. */
export function queueContract(open: () => Backend): void {
  const workers: JobWorker[] = []
  const openWorker = (request: Omit<WorkerRequest, 'log'>): JobWorker => {
    const worker = open().openWorker({ stall, ...request, log })
    workers.push(worker)
    return worker
  }
  const enqueue = async (kind: RunJob['kind'] = 'diagnose'): Promise<string> => {
    const run = opaqueId()
    await open().queue.enqueue({ run, kind })
    return run
  }
  const untilAborted = (signal: AbortSignal): Promise<never> =>
    new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('stopped')), { once: true }))

  afterEach(async () => {
    await Promise.all(workers.splice(0).map((worker) => worker.close({ graceMilliseconds: 0 })))
  })

  it('hands each job to a worker once, however often the run was put in', async () => {
    const seen = vi.fn<WorkerRequest['process']>(() => Promise.resolve())
    const run = await enqueue('status')
    await open().queue.enqueue({ run, kind: 'status' })
    openWorker({ process: seen })
    const last = await enqueue('doctor')
    await expect
      .poll(() => seen.mock.calls.map(([job]) => job), SOON)
      .toEqual([
        { run, kind: 'status' },
        { run: last, kind: 'doctor' },
      ])
    await open().queue.enqueue({ run, kind: 'status' })
    await expect.poll(() => open().queue.counts(), SOON).toEqual({ waiting: 0, active: 0, delayed: 0, failed: 0 })
    expect(seen).toHaveBeenCalledTimes(2)
  })

  it('refuses a malformed job before it is in the queue', async () => {
    for (const job of [
      { run: 'a:b', kind: 'status' },
      { run: '123', kind: 'status' },
      { run: 'a', kind: 'Odd kind' },
      { run: 'a', kind: 'status', text: 'more' },
    ]) {
      await expect(open().queue.enqueue(job as RunJob)).rejects.toMatchObject({ name: 'ZodError' })
    }
  })

  it('tries again after an error, and says once when it gave up', async () => {
    const attempts: string[] = []
    const gaveUp = vi.fn<NonNullable<WorkerRequest['gaveUp']>>(() => Promise.resolve())
    openWorker({
      gaveUp,
      process: ({ run }) => {
        attempts.push(run)
        const tried = attempts.filter((one) => one === run).length
        return Promise.reject(tried === 1 ? new Error('once') : new UnrecoverableError('no more'))
      },
    })
    const run = await enqueue()
    await expect.poll(() => gaveUp.mock.calls.length, SOON).toBe(1)
    expect(gaveUp).toHaveBeenCalledWith({ run, kind: 'diagnose' }, expect.objectContaining({ message: 'no more' }))
    expect(attempts).toEqual([run, run])
  })

  it('works again on a run that it gave up or has done, where the run is not over', async () => {
    const attempts: string[] = []
    const gaveUp = vi.fn<NonNullable<WorkerRequest['gaveUp']>>(() => Promise.resolve())
    openWorker({
      gaveUp,
      process: ({ run }) => {
        attempts.push(run)
        return attempts.length === 1 ? Promise.reject(new UnrecoverableError('no more')) : Promise.resolve()
      },
    })
    const run = await enqueue('decide')
    await expect.poll(() => gaveUp.mock.calls.length, SOON).toBe(1)
    await open().queue.enqueue({ run, kind: 'decide' })
    await open().queue.enqueue({ run, kind: 'decide' }, { again: true })
    await expect.poll(() => attempts, SOON).toEqual([run, run])
    await expect.poll(() => open().queue.counts(), SOON).toMatchObject({ waiting: 0, active: 0 })
    await open().queue.enqueue({ run, kind: 'decide' }, { again: true })
    await expect.poll(() => attempts, SOON).toEqual([run, run, run])
  })

  it('leaves a run that is being worked on, or waits, as it is', async () => {
    const begun: string[] = []
    let finish = (): void => {}
    openWorker({
      concurrency: 1,
      process: ({ run }) => {
        begun.push(run)
        return new Promise((resolve) => (finish = resolve))
      },
    })
    const first = await enqueue('decide')
    await expect.poll(() => begun, SOON).toEqual([first])
    const second = await enqueue('decide')
    for (const run of [first, second]) await open().queue.enqueue({ run, kind: 'decide' }, { again: true })
    expect(await open().queue.counts()).toMatchObject({ waiting: 1, active: 1 })
    finish()
    await expect.poll(() => begun, SOON).toEqual([first, second])
    finish()
    await expect.poll(() => open().queue.counts(), SOON).toMatchObject({ waiting: 0, active: 0 })
  })

  it('tries a job again, or takes it back, ahead of those that nobody has begun', async () => {
    const seen: string[] = []
    const finish: (() => void)[] = []
    openWorker({
      concurrency: 1,
      process: async ({ run }, _signal, isBegun) => {
        seen.push(run)
        const isFirst = seen.filter((one) => one === run).length === 1
        if (run === begun && isFirst) await isBegun()
        if (isFirst && (run === begun || run === refused)) throw new Error('once')
        await new Promise<void>((resolve) => finish.push(resolve))
      },
    })
    const [refused, begun] = [opaqueId(), opaqueId()]
    const fresh = [opaqueId(), opaqueId(), opaqueId()]
    for (const run of [refused, begun, ...fresh]) await open().queue.enqueue({ run, kind: 'diagnose' })
    await expect.poll(() => seen, SOON).toEqual([refused, begun, fresh[0]])
    // As long as the queue waits at most before it tries again.
    await pause(LONGEST_BACKOFF)
    const taken = opaqueId()
    await open().queue.enqueue({ run: taken, kind: 'diagnose' }, { again: true, begun: true })
    for (const count of [4, 5, 6, 7, 8]) {
      finish.shift()?.()
      await expect.poll(() => seen.length, SOON).toBe(count)
    }
    expect(seen.slice(0, 3)).toEqual([refused, begun, fresh[0]])
    expect(seen.slice(3, 5).sort()).toEqual([begun, taken].sort())
    expect(seen.slice(5)).not.toContain(begun)
    expect(seen.slice(5).sort()).toEqual([...fresh.slice(1), refused].sort())
    for (const resolve of finish) resolve()
  })

  it('cancels the run that it works on, and no other', async () => {
    const reasons = new Map<string, unknown>()
    const begun = new Set<string>()
    const worker = openWorker({
      concurrency: 2,
      process: ({ run }, signal) => {
        begun.add(run)
        return untilAborted(signal).catch(() => void reasons.set(run, signal.reason))
      },
    })
    const [one, other] = [await enqueue(), await enqueue()]
    await expect.poll(() => begun.size, SOON).toBe(2)
    expect([worker.cancel(one, 'asked'), worker.cancel('missing')]).toEqual([true, false])
    await expect.poll(() => [...reasons], SOON).toEqual([[one, 'asked']])
    worker.cancel(other)
  })

  it('works on as many jobs at a time as it may', async () => {
    const finish = new Map<string, () => void>()
    openWorker({ concurrency: 2, process: ({ run }) => new Promise((resolve) => finish.set(run, resolve)) })
    await Promise.all([enqueue(), enqueue(), enqueue()])
    await expect.poll(() => finish.size, SOON).toBe(2)
    expect(await open().queue.counts()).toMatchObject({ waiting: 1, active: 2 })
    for (const resolve of [...finish.values()]) resolve()
    await expect.poll(() => finish.size, SOON).toBe(3)
    for (const resolve of finish.values()) resolve()
  })

  it('lets jobs finish when it closes, and gives back those that take longer', async () => {
    let finish = (): void => {}
    const [first, second] = [vi.fn<(run: string) => void>(), vi.fn<(run: string) => void>()]
    const gaveUp = vi.fn(() => Promise.resolve())
    const worker = openWorker({
      gaveUp,
      concurrency: 2,
      process: ({ run, kind }, signal) => {
        first(run)
        return kind === 'status' ? new Promise((resolve) => (finish = resolve)) : untilAborted(signal)
      },
    })
    const [quick, slow] = [await enqueue('status'), await enqueue()]
    await expect.poll(() => first.mock.calls.length, SOON).toBe(2)
    const closed = worker.close({ graceMilliseconds: 300 })
    finish()
    await closed

    openWorker({
      process: ({ run }) => {
        second(run)
        return Promise.resolve()
      },
    })
    await expect.poll(() => second.mock.calls, SOON).toEqual([[slow]])
    expect(first.mock.calls.flat()).toContain(quick)
    expect(gaveUp).not.toHaveBeenCalled()
  })
}

/** A job that a killed process had begun goes on in a living worker. `reopen` is called when the process is dead. */
export function killContract(order: () => Promise<Omit<ChildOrder, 'stall'>>, reopen: () => Promise<Backend>): void {
  describe('a worker that is killed', () => {
    it('leaves its job to another, which finishes it once', async ({ expect }) => {
      // The Node of this project where another one runs the tests: the child is TypeScript.
      const own = fileURLToPath(new URL('../../node_modules/.bin/node', import.meta.url))
      const script = fileURLToPath(new URL('worker-child.ts', import.meta.url))
      const ordered: ChildOrder = { ...(await order()), stall: CHILD_STALL }
      const child = spawn(existsSync(own) ? own : process.execPath, [script, JSON.stringify(ordered)], {
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      })
      const begun = once(child, 'message')
      const [run] = (await Promise.race([
        begun,
        once(child, 'exit').then(() => Promise.reject(new Error('the child ended by itself'))),
      ])) as [string]
      const gone = once(child, 'exit')
      child.kill('SIGKILL')
      await gone

      const backend = await reopen()
      const mark = (text: string): Promise<number> => backend.records.append('marks', `${text} ${run} in the test`)
      const worker = backend.openWorker({
        log,
        stall,
        process: async () => {
          await mark('begun')
          await mark('finished')
        },
      })
      try {
        const marks = async (): Promise<unknown[]> => (await backend.records.entries('marks')).map(({ value }) => value)
        await expect
          .poll(marks, SOON)
          .toEqual([`begun ${run} in the child`, `begun ${run} in the test`, `finished ${run} in the test`])
        await expect.poll(() => backend.queue.counts(), SOON).toMatchObject({ waiting: 0, active: 0 })
      } finally {
        await worker.close()
      }
    }, 40_000)
  })
}
