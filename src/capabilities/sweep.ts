import { listOpenRuns, type RunRecord } from '../store/runs.ts'
import type { JobQueue } from '../queue/queue.ts'
import type { WorkerRequest } from '../queue/worker.ts'
import { giveUp, giveUpUnreadable, type CarryOutDeps } from './carry-out.ts'
import { isQuiet } from './capability.ts'
import { capabilityOf, readable } from './index.ts'

/** What becomes of a run that has no attempts left. */
export type GaveUp = Required<WorkerRequest>['gaveUp']

/** Runs that nobody waits for any more, in milliseconds since they were asked for. */
const TOO_OLD = 60 * 60_000
/** Runs that are perhaps only just being begun. */
const TOO_YOUNG = 30_000

/** Runs that could not be told even that they failed, and are not told any more. */
const FORGOTTEN = 24 * 60 * 60_000

/**
 * Puts every unfinished run into the queue, whatever the queue thinks of it; one that waits or is worked on stays as it is. For the start, and now and then: a
 * run whose command was taken by a process that died before it could enqueue it is answered all the same, and so is one that was given up while the store or
 * Slack did not answer. Runs older than an hour are told to have failed instead, unless they have begun what must be brought to an end; those of another version
 * are given up.
 */
export async function sweepRuns(
  deps: Pick<CarryOutDeps, 'records' | 'audit' | 'log'> & { queue: JobQueue; gaveUp: GaveUp },
): Promise<void> {
  const runs = await listOpenRuns(deps.records, (run, err) => deps.log.warn({ run, err }, 'a run could not be read'))
  for (const run of runs) {
    try {
      await again(deps, run)
    } catch (err) {
      deps.log.warn({ err, run: run.id }, 'an unfinished run could not be swept')
    }
  }
}

async function again(deps: Parameters<typeof sweepRuns>[0], run: RunRecord): Promise<void> {
  const age = Date.now() - Date.parse(run.createdAt)
  if (age < TOO_YOUNG) return
  const known = readable(run)
  if (known === undefined) return giveUpUnreadable(deps, run, new Error('the request cannot be read'))
  const job = { run: run.id, kind: run.request.kind }
  const capability = capabilityOf(run.request.kind)
  if (age < TOO_OLD || (capability !== undefined && isQuiet(capability) && (await capability.isUnderWay(deps, known))))
    return deps.queue.enqueue(job, { again: true, begun: run.state === 'running' })
  deps.log.warn({ run: run.id }, 'an old run was given up')
  const why = new Error('interrupted for more than an hour')
  await (run.thread === undefined || age > FORGOTTEN ? giveUp(deps, run.id, why) : deps.gaveUp(job, why))
}
