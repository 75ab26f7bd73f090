import { denyRole } from '../fixes/authorise.ts'
import { choosePods, findProxies } from '../leases/find-proxies.ts'
import { giveBack } from '../leases/give-back.ts'
import { readLease, type LeaseRecord } from '../leases/lease-record.ts'
import { LeaseRefusedError } from '../leases/lease-refused.ts'
import { lend as lendLevels, requireMinutes, type LendRequest } from '../leases/lend.ts'
import { requireLoggers } from '../leases/log-levels/levels.ts'
import { groupsOf } from '../fixes/roles.ts'
import { refOf } from '../mesh/objects.ts'
import { parseTarget } from '../mesh/target-query.ts'
import { targetKey } from '../mesh/target.ts'
import { recordAuditOnce } from '../store/audit.ts'
import { readPost } from '../store/posts.ts'
import { isFinished, readRun, updateRun, type RunRecord } from '../store/runs.ts'
import { RunCancelledError } from './cancel-watch.ts'
import { carryOut } from './carry-out.ts'
import { keptAnswer } from './kept-answer.ts'
import { proxiesOf } from './proxies-of.ts'
import { shownLevels } from './log-levels.ts'
import type { ChangeDeps, Processor } from './processor.ts'
import type { RunAnswer } from './run-thread.ts'
import { defined } from '../mesh/defined.ts'

/** Minutes when nobody said how many; less where the limit is less. */
const USUAL_MINUTES = 10

/**
 * Lends log levels to the one who asked, if they may: operators. May be run again at any moment: what was there before is in the lease's
 * record, under the run's own id.
 */
export function lend(deps: ChangeDeps): Processor {
  const carry = carryOut(deps, (run, _thread, signal) => lendFor(deps, run, signal))
  return async (job, signal) => {
    const run = await readRun(deps.records, job.run)
    if (
      run !== undefined &&
      !isFinished(run) &&
      (await readLease(deps.records, run.id)) === undefined &&
      (await isDenied(deps, run))
    )
      return
    await carry(job, signal)
  }
}

/** Answers somebody who may not lend: to them alone, unless the run has its message already. */
async function isDenied(deps: ChangeDeps, run: RunRecord): Promise<boolean> {
  const { records, policy, board } = deps
  const { user } = run.asker
  const denial = denyRole(
    policy,
    { user, channel: run.channel, groups: await groupsOf(policy, user, (group) => board.members(group)) },
    'operator',
  )
  if (denial === undefined) return false
  await noteRefused(deps, run, denial.why)
  if ((await readPost(records, run.id, 'parent')) === undefined) await board.privately(run, denial)
  else await deps.openThread(run).refused(new LeaseRefusedError(denial.why, denial.remedies))
  await updateRun(records, run.id, (now) => ({
    ...now,
    state: 'done',
    finishedAt: new Date().toISOString(),
    outcome: { verdict: 'refused', sentence: denial.why },
  }))
  return true
}

async function noteRefused({ records }: ChangeDeps, run: RunRecord, why: string): Promise<void> {
  await recordAuditOnce(records, run.id, {
    event: 'lease-refused',
    by: run.asker,
    run: run.id,
    ...(run.request.target !== undefined && { target: run.request.target.key }),
    facts: { levels: run.request.lend?.levels, why },
  })
}

async function lendFor(deps: ChangeDeps, run: RunRecord, signal: AbortSignal): Promise<RunAnswer> {
  try {
    const lease = await lendLevels(deps, await requestOf(deps, run, signal), signal)
    requireLent(lease)
    return { kind: 'lend', lease: lease.id }
  } catch (error) {
    if (error instanceof LeaseRefusedError) await noteRefused(deps, run, error.message)
    // Cancelled half-way: what was set is put back before anything is said.
    if (signal.reason instanceof RunCancelledError)
      await giveBack(deps, run.id, { why: 'given back', by: signal.reason.by }, new AbortController().signal)
    throw error
  }
}

/** @throws LeaseRefusedError when not one proxy was lent: the reasons */
function requireLent({ state, ended, proxies }: LeaseRecord): void {
  if (state !== 'over' || ended?.why !== 'failed' || !proxies.every(({ state: each }) => each === 'refused')) return
  throw new LeaseRefusedError(
    `Nothing was lent. ${proxies.map(({ pod, says = 'it could not be set' }) => `${pod.name}: ${says}`).join('; ')}.`,
  )
}

/** What is lent, for how long, on which proxies. @throws LeaseRefusedError, UnknownTargetError, AmbiguousTargetError, TargetSyntaxError */
async function requestOf(deps: ChangeDeps, run: RunRecord, signal: AbortSignal): Promise<LendRequest> {
  const {
    policy: { leases },
    clients,
    records,
  } = deps
  const { request } = run
  const wanted = request.lend
  if (wanted === undefined || Object.keys(wanted.levels).length === 0)
    throw new LeaseRefusedError('No logger and level was given.', ['For example http:debug,router:debug'])
  const minutes = wanted.minutes ?? Math.min(USUAL_MINUTES, leases.minutes)
  requireMinutes(minutes, leases.minutes)
  const known = await readLease(records, run.id)
  const about = {
    id: run.id,
    run: run.id,
    kind: 'log-levels' as const,
    settings: wanted.levels,
    minutes,
    by: run.asker,
    asked: { text: request.text, ...defined({ namespace: request.namespace }) },
    channel: run.channel,
    thread: run.thread,
  }
  if (known !== undefined) return { ...about, target: known.target, pods: [] }
  const limits = { signal, stepTimeout: deps.stepTimeout, concurrency: deps.concurrency }
  const beside =
    wanted.pods === undefined || request.of === undefined ? [] : proxiesOf(await keptAnswer(records, request.of))
  const { target, pods, others } = await findProxies(parseTarget(request.text, request.namespace), clients, {
    ...limits,
    beside,
  })
  const chosen = choosePods(pods, { named: wanted.pods, count: wanted.proxies, most: leases.proxies, others })
  const shown = await shownLevels(chosen.pods.map(refOf), clients, limits)
  requireLoggers(
    wanted.levels,
    shown.map((one) => ('levels' in one ? one.levels : undefined)),
  )
  return { ...about, target: targetKey(target), pods: chosen.pods, notes: chosen.notes }
}
