import type { WorkerRequest } from '../queue/worker.ts'
import { readRun, type RunRecord } from '../store/runs.ts'
import { isQuiet, type AnyCapability } from './capability.ts'
import { carryOut, giveUp, giveUpUnreadable, type CarryOutDeps, type Processor } from './carry-out.ts'
import { capabilityOf } from './index.ts'
import { isAnyOutage, isOutage } from './outage.ts'

/** Milliseconds for which the store, Slack or the cluster is waited for. */
const WAITED_FOR = 60 * 60_000

/** True for a run that is gone on with when what was away is back; the sweep sees to that. Of an act the cluster may be away as well. */
async function goesOn(deps: CarryOutDeps, capability: AnyCapability, run: RunRecord, error: unknown): Promise<boolean> {
  const isYoung = Date.now() - Date.parse(run.createdAt) < WAITED_FOR
  const isAct = isQuiet(capability)
  const waits = isOutage(error)
    ? isYoung || (isAct && (await capability.isUnderWay(deps, run)))
    : isAct && isAnyOutage(error) && isYoung
  if (waits) deps.log.warn({ err: error, run: run.id }, 'a run waits until the unavailable service is back')
  return waits
}

/** What a worker does with a job of any kind, and with one that has no attempts left. */
export function processors(deps: CarryOutDeps): Required<Pick<WorkerRequest, 'gaveUp'>> & { process: Processor } {
  return {
    async process(job, signal, begun) {
      const capability = capabilityOf(job.kind)
      if (capability !== undefined) return carryOut(deps, capability)(job, signal, begun)
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
      if (await goesOn(deps, capability, run, error)) return
      if (isQuiet(capability)) await capability.abandon(deps, run, thread, error)
      // Whoever cannot be told now is told by the sweep: the run is not over before.
      else await thread.failed()
      await giveUp(deps, job.run, error)
    },
  }
}
