import { denyRole } from '../fixes/authorise.ts'
import { groupsOf } from '../fixes/roles.ts'
import { UserError } from '../mesh/user-error.ts'
import type { RunJob } from '../queue/queue.ts'
import { recordAuditOnce } from '../store/audit.ts'
import { releaseTarget } from '../store/claims.ts'
import { readPost } from '../store/posts.ts'
import { isFinished, readRun, updateRun, type RunRecord } from '../store/runs.ts'
import { RunCancelledError, watchForCancel } from './cancel-watch.ts'
import {
  isQuiet,
  roleOf,
  type AnyCapability,
  type Outcome,
  type QuietCapability,
  type StoredAnswer,
  type ToldCapability,
} from './capability.ts'
import type { CapabilityDeps } from './deps.ts'
import { keepAnswer, keptAnswer } from './kept-answer.ts'
import { isOutage } from './outage.ts'
import type { RunThread } from './run-thread.ts'

const CANCEL_POLL = 500

/** What runs are carried out with. */
export interface CarryOutDeps extends CapabilityDeps {
  /** Opens the thread of a run; nothing is shown yet. */
  openThread(run: RunRecord): RunThread<StoredAnswer>
  /** How often a run's record is looked at for a request to cancel; milliseconds, default 500. */
  cancelPoll?: number
}

/** Does one job; the same as WorkerRequest.process. */
export type Processor = (job: RunJob, signal: AbortSignal, begun?: () => Promise<void>) => Promise<void>

/** Carries out runs of one capability. A run whose request is of another version is given up. */
export function carryOut(deps: CarryOutDeps, capability: AnyCapability): Processor {
  return async (job, signal, begun) => {
    const stored = await readRun(deps.records, job.run)
    if (stored === undefined) deps.log.warn({ run: job.run }, 'job without a run was dropped')
    if (stored === undefined || isFinished(stored)) return
    const request = capability.request.safeParse(stored.request)
    if (!request.success) return giveUpUnreadable(deps, stored, request.error)
    const run = { ...stored, request: request.data }
    const thread = deps.openThread(run)
    if (isQuiet(capability)) return oneAct({ ...deps, begun }, run, thread, signal, capability)
    if (await isDenied(deps, run, thread, capability)) return
    await oneRun({ ...deps, begun }, run, thread, signal, capability)
  }
}

/** Ends a run that was asked for in a way that this version does not know. */
export async function giveUpUnreadable(
  deps: Pick<CarryOutDeps, 'records' | 'audit' | 'log'>,
  { id, request }: RunRecord,
  err: unknown,
): Promise<void> {
  deps.log.error({ err, run: id, kind: request.kind }, 'a run of another version was dropped')
  await giveUp(deps, id, new Error(`this version does not know what was asked: ${request.kind}`))
}

type BeginDeps = CarryOutDeps & { begun: (() => Promise<void>) | undefined }

/** Says in the record, and then to the queue, that somebody works on a run. */
async function begin({ records, begun }: BeginDeps, run: RunRecord): Promise<void> {
  await updateRun(records, run.id, (now) => (isFinished(now) ? undefined : { ...now, state: 'running' }))
  await begun?.()
}

/** Carries out an act that tells by itself what becomes of it. */
async function oneAct(
  deps: BeginDeps,
  run: RunRecord,
  thread: RunThread<StoredAnswer>,
  signal: AbortSignal,
  capability: QuietCapability,
): Promise<void> {
  await begin(deps, run)
  await settle(deps, run, { state: 'done', outcome: await capability.act(deps, run, thread, signal) })
}

/** Answers somebody who has not got the role: to them alone, unless the run has its message already. */
async function isDenied(
  deps: CarryOutDeps,
  run: RunRecord,
  thread: RunThread<StoredAnswer>,
  capability: ToldCapability,
): Promise<boolean> {
  const { audit } = capability
  const role = roleOf(capability, run.request)
  if (role === undefined || role === 'viewer' || (await capability.isBegun?.(deps, run)) === true) return false
  const { records, policy, board } = deps
  const { user } = run.asker
  const groups = await groupsOf(policy, user, (group) => board.members(group))
  const denied = denyRole(policy, { user, channel: run.channel, groups }, role, capability.roleFor?.(run.request)?.act)
  if (denied === undefined) return false
  if (audit.refused !== undefined)
    await recordAuditOnce(records, run.id, {
      event: audit.refused,
      by: run.asker,
      run: run.id,
      ...target(run),
      facts: { ...audit.facts?.(run.request), why: denied.why },
    })
  if ((await readPost(records, run.id, 'parent')) === undefined) await board.privately(run, denied)
  else await thread.refused(denied)
  await settle(deps, run, { state: 'done', outcome: { verdict: 'refused', sentence: denied.why } })
  return true
}

async function oneRun(
  deps: BeginDeps,
  run: RunRecord,
  thread: RunThread<StoredAnswer>,
  signal: AbortSignal,
  capability: ToldCapability,
): Promise<void> {
  const { records, log } = deps
  const watch = watchForCancel(records, run.id, deps.cancelPoll ?? CANCEL_POLL)
  try {
    await thread.open()
    // Whoever asked may have been told meanwhile that the channel takes no messages.
    const now = await readRun(records, run.id)
    if (now === undefined || isFinished(now)) return
    if (run.cancelAsked === true) throw new RunCancelledError(run.cancelAskedBy)
    const kept = await keptAnswer(records, run.id, capability.answer)
    if (kept === undefined) await begin(deps, run)
    const answer = kept ?? (await worked(deps, run, thread, AbortSignal.any([signal, watch.signal]), capability))
    if (kept === undefined && !(await keepAnswer(records, run.id, answer)))
      log.warn({ run: run.id }, 'an answer is too large to be stored')
    signal.throwIfAborted()
    if (!(await thread.answer(answer))) await capability.unshown?.(deps, answer)
    await finish(deps, run, capability.outcome(answer, deps.checks))
  } catch (error) {
    await ended(deps, run, thread, signal, error)
  } finally {
    watch.stop()
  }
}

/** Slack takes a message a second in a channel: who waits for that keeps nobody from working. */
function worked(
  deps: BeginDeps,
  run: RunRecord,
  thread: RunThread<StoredAnswer>,
  signal: AbortSignal,
  capability: ToldCapability,
): Promise<StoredAnswer> {
  const work = (): Promise<StoredAnswer> => capability.work(deps, run, thread, signal)
  return deps.slots === undefined ? work() : deps.slots.use(work, signal)
}

async function finish(deps: CarryOutDeps, run: RunRecord, outcome: Outcome): Promise<void> {
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
  deps: CarryOutDeps,
  run: RunRecord,
  thread: RunThread<StoredAnswer>,
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
  if (error instanceof UserError) {
    await thread.refused(error)
    await settle(deps, run, { state: 'done', outcome: { verdict: 'refused', sentence: error.why } })
    return
  }
  // Another try would only repeat a mistake of ours; a store or Slack that does not answer is waited for.
  if (isOutage(error)) throw error
  log.error({ err: error, run: run.id }, 'a run failed')
  await thread.failed()
  await giveUp(deps, run.id, error)
}

/** Marks a run as failed, for good. */
export async function giveUp(deps: Pick<CarryOutDeps, 'records' | 'audit'>, id: string, error: unknown): Promise<void> {
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
  { records }: Pick<CarryOutDeps, 'records'>,
  run: RunRecord,
  facts: Pick<RunRecord, 'state'> & Partial<Pick<RunRecord, 'outcome'>>,
): Promise<void> {
  await updateRun(records, run.id, (now) => ({ ...now, ...facts, finishedAt: new Date().toISOString() }))
  if (run.request.target !== undefined) await releaseTarget(records, run.request.target.key, run.id)
}

const target = ({ request }: RunRecord): { target?: string } =>
  request.target === undefined ? {} : { target: request.target.key }
