import type { WorkerRequest } from '../queue/worker.ts'
import { readRun, type RunRecord } from '../store/runs.ts'
import { isQuiet, type QuietCapability } from './capability.ts'
import { carryOut, giveUp, giveUpUnreadable, type CarryOutDeps } from './carry-out.ts'
import { capabilityOf } from './index.ts'
import { isAnyOutage, isOutage } from './outage.ts'

/** Milliseconds for which a cluster that does not answer is waited for with an act. */
const WAITED_FOR = 60 * 60_000

/** True for an act that is gone on with when what was away is back; the sweep sees to that. */
async function goesOn(
  deps: CarryOutDeps,
  capability: QuietCapability,
  run: RunRecord,
  error: unknown,
): Promise<boolean> {
  const isYoung = Date.now() - Date.parse(run.createdAt) < WAITED_FOR
  const waits = isOutage(error) ? isYoung || (await capability.isUnderWay(deps, run)) : isAnyOutage(error) && isYoung
  if (waits) deps.log.warn({ err: error, run: run.id }, 'a change waits until the unavailable service is back')
  return waits
}

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
      if (isQuiet(capability)) {
        if (await goesOn(deps, capability, run, error)) return
        await capability.abandon(deps, run, thread, error)
      }
      // Whoever cannot be told now is told by the sweep: the run is not over before.
      else await thread.failed()
      await giveUp(deps, job.run, error)
    },
  }
}
