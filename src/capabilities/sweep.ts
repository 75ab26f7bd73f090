import { isFinished, listRuns, type RunRecord } from '../store/runs.ts'
import type { JobQueue } from '../queue/queue.ts'
import type { WorkerRequest } from '../queue/worker.ts'
import { giveUp, giveUpUnreadable, type CarryOutDeps } from './carry-out.ts'
import { readable } from './index.ts'

/** What becomes of a run that has no attempts left. */
export type GaveUp = Required<WorkerRequest>['gaveUp']

/** Runs that nobody waits for any more, in milliseconds since they were asked for. */
const TOO_OLD = 60 * 60_000
/** Runs that are perhaps only just being begun. */
const TOO_YOUNG = 30_000

/**
 * Puts every unfinished run into the queue; one that is there already stays as it is. For the start, and now and then: a run whose
 * command was taken by a process that died before it could enqueue it is answered all the same. Runs older than an hour are told to have
 * failed instead, and those of another version are given up.
 */
export async function sweepRuns(
  deps: Pick<CarryOutDeps, 'records' | 'audit' | 'log'> & { queue: JobQueue; gaveUp: GaveUp },
): Promise<void> {
  const runs = await listRuns(deps.records, (run, err) => deps.log.warn({ run, err }, 'a run could not be read'))
  const unfinished = runs.filter((run) => !isFinished(run))
  for (const run of unfinished) await again(deps, run)
}

async function again(deps: Parameters<typeof sweepRuns>[0], run: RunRecord): Promise<void> {
  const age = Date.now() - Date.parse(run.createdAt)
  if (age < TOO_YOUNG) return
  if (readable(run) === undefined) return giveUpUnreadable(deps, run, new Error('the request cannot be read'))
  if (age < TOO_OLD) return deps.queue.enqueue({ run: run.id, kind: run.request.kind })
  deps.log.warn({ run: run.id }, 'an old run was given up')
  const why = new Error('interrupted for more than an hour')
  await (run.thread === undefined
    ? giveUp(deps, run.id, why)
    : deps.gaveUp({ run: run.id, kind: run.request.kind }, why))
}
