import type { WorkerRequest } from '../queue/worker.ts'
import { readRun } from '../store/runs.ts'
import { isQuiet } from './capability.ts'
import { carryOut, giveUp, giveUpUnreadable, type CarryOutDeps } from './carry-out.ts'
import { capabilityOf } from './index.ts'

/** What a worker does with a job of any kind, and with one that has no attempts left. */
export function processors(deps: CarryOutDeps): Required<Pick<WorkerRequest, 'process' | 'gaveUp'>> {
  return {
    async process(job, signal) {
      const capability = capabilityOf(job.kind)
      if (capability !== undefined) return carryOut(deps, capability)(job, signal)
      const run = await readRun(deps.records, job.run)
      if (run !== undefined) await giveUpUnreadable(deps, run, new Error(`no capability ${job.kind}`))
    },
    async gaveUp(job, error) {
      const stored = await readRun(deps.records, job.run)
      const capability = stored === undefined ? undefined : capabilityOf(stored.request.kind)
      const request = capability?.request.safeParse(stored?.request)
      if (stored === undefined || capability === undefined || request?.success !== true)
        return giveUp(deps, job.run, error)
      const run = { ...stored, request: request.data }
      const thread = deps.openThread(run)
      if (isQuiet(capability)) await capability.abandon(deps, run, thread, error)
      else
        await thread
          .failed()
          .catch((err: unknown) => deps.log.error({ err, run: job.run }, 'a failed run could not be told'))
      await giveUp(deps, job.run, error)
    },
  }
}
