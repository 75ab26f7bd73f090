import { LeaseRefusedError } from '../leases/lease-refused.ts'
import { CallerError } from '../diagnosis/follow/caller.ts'
import { UnknownNamespaceError } from '../diagnosis/mesh-status.ts'
import { AmbiguousTargetError, UnknownTargetError } from '../diagnosis/resolve-target.ts'
import { TargetSyntaxError } from '../mesh/target-query.ts'
import { releaseTarget } from '../store/claims.ts'
import { StoreUnavailableError } from '../store/records.ts'
import { isFinished, readRun, updateRun, type RunRecord } from '../store/runs.ts'
import type { RunJob } from '../queue/queue.ts'
import { RunCancelledError, watchForCancel } from './cancel-watch.ts'
import { keepAnswer, keptAnswer } from './kept-answer.ts'
import { outcomeOf } from './outcome.ts'
import type { ProcessorDeps, Work } from './processor.ts'
import type { RunAnswer, RunRefusal, RunThread } from './run-thread.ts'

const CANCEL_POLL = 500

/** A processor out of what is special about its kind of job. */
export function carryOut(deps: ProcessorDeps, work: Work): (job: RunJob, signal: AbortSignal) => Promise<void> {
  return async (job, signal) => {
    const run = await readRun(deps.records, job.run)
    if (run === undefined) deps.log.warn({ run: job.run }, 'job without a run was dropped')
    if (run === undefined || isFinished(run)) return
    const thread = deps.openThread(run)
    await oneRun(deps, run, thread, signal, work)
  }
}

async function oneRun(
  deps: ProcessorDeps,
  run: RunRecord,
  thread: RunThread,
  signal: AbortSignal,
  work: Work,
): Promise<void> {
  const { records, log } = deps
  const watch = watchForCancel(records, run.id, deps.cancelPoll ?? CANCEL_POLL)
  try {
    await thread.open()
    if (run.cancelAsked === true) throw new RunCancelledError(run.cancelAskedBy)
    const kept = await keptAnswer(records, run.id)
    if (kept === undefined)
      await updateRun(records, run.id, (now) => (isFinished(now) ? undefined : { ...now, state: 'running' }))
    const answer = kept ?? (await work(run, thread, AbortSignal.any([signal, watch.signal])))
    if (kept === undefined && !(await keepAnswer(records, run.id, answer)))
      log.warn({ run: run.id }, 'answer is too large to be kept')
    signal.throwIfAborted()
    await thread.answer(answer)
    await finish(deps, run, answer)
  } catch (error) {
    await ended(deps, run, thread, signal, error)
  } finally {
    watch.stop()
  }
}

async function finish(deps: ProcessorDeps, run: RunRecord, answer: RunAnswer): Promise<void> {
  const outcome = outcomeOf(deps.checks, answer)
  await settle(deps, run, { state: 'done', outcome })
  await deps.audit({
    event: 'diagnosis-finished',
    by: { user: 'mesh-medic' },
    run: run.id,
    ...target(run),
    facts: { kind: run.request.kind, ...outcome },
  })
}

/** What becomes of a run that came to no answer; rejects when it is to be tried again. */
async function ended(
  deps: ProcessorDeps,
  run: RunRecord,
  thread: RunThread,
  signal: AbortSignal,
  error: unknown,
): Promise<void> {
  const { log } = deps
  if (error instanceof RunCancelledError) {
    await thread.cancelled(error.by)
    await settle(deps, run, { state: 'cancelled' })
    await deps.audit({ event: 'diagnosis-cancelled', by: { user: error.by ?? 'unknown' }, run: run.id, ...target(run) })
    return
  }
  // The worker is closing or lost the job: another one goes on.
  if (signal.aborted) throw error
  if (isRefusal(error)) {
    await thread.refused(error)
    await settle(deps, run, { state: 'done', outcome: { verdict: 'refused', sentence: error.message } })
    return
  }
  if (!isOurs(error)) throw error
  log.error({ err: error, run: run.id }, 'a run failed')
  await thread.failed()
  await giveUp(deps, run.id, error)
}

/** Marks a run as failed, for good. */
export async function giveUp(
  deps: Pick<ProcessorDeps, 'records' | 'audit'>,
  id: string,
  error: unknown,
): Promise<void> {
  const run = await readRun(deps.records, id)
  if (run === undefined || isFinished(run)) return
  await settle(deps, run, { state: 'failed' })
  await deps.audit({
    event: 'diagnosis-failed',
    by: { user: 'mesh-medic' },
    run: id,
    ...target(run),
    facts: { error: error instanceof Error ? error.message : String(error) },
  })
}

async function settle(
  { records }: Pick<ProcessorDeps, 'records'>,
  run: RunRecord,
  facts: Pick<RunRecord, 'state'> & Partial<Pick<RunRecord, 'outcome'>>,
): Promise<void> {
  await updateRun(records, run.id, (now) => ({ ...now, ...facts, finishedAt: new Date().toISOString() }))
  if (run.request.target !== undefined) await releaseTarget(records, run.request.target.key, run.id)
}

const target = ({ request }: RunRecord): { target?: string } =>
  request.target === undefined ? {} : { target: request.target.key }

const isRefusal = (error: unknown): error is RunRefusal =>
  error instanceof UnknownTargetError ||
  error instanceof CallerError ||
  error instanceof AmbiguousTargetError ||
  error instanceof TargetSyntaxError ||
  error instanceof UnknownNamespaceError ||
  error instanceof LeaseRefusedError

/** True for an error that another try would only repeat: a mistake of ours, and not a store or Slack that does not answer. */
function isOurs(error: unknown): boolean {
  if (error instanceof StoreUnavailableError) return false
  return !(error instanceof Error && 'tryAgain' in error && error.tryAgain === true)
}
