import { claimUndo } from '../fixes/approve.ts'
import { applyChange, isUncertain, takeBack } from '../fixes/apply.ts'
import { WriteError } from '../fixes/cluster-writer.ts'
import { prove } from '../fixes/prove.ts'
import { updateChange, type ChangeRecord, undoFailed } from '../fixes/record.ts'
import { examine } from '../diagnosis/examine.ts'
import type { Report } from '../diagnosis/report.ts'
import { defined } from '../mesh/defined.ts'
import { parseTarget } from '../mesh/target-query.ts'
import { UserError } from '../mesh/user-error.ts'
import { recordAuditOnce } from '../store/audit.ts'
import { createRun } from '../store/runs.ts'
import type { Outcome } from './capability.ts'
import { BOT, eventOf, factsOf, type DecideRun, type DecideThread } from './decide-request.ts'
import type { CapabilityDeps } from './deps.ts'
import { answerWith } from './diagnose.ts'
import { keepAnswer } from './kept-answer.ts'
import type { ProposeRequest } from './propose.ts'
import { Telling } from './telling.ts'

/** What a change is carried to its end with. */
interface Carrying {
  deps: CapabilityDeps
  run: DecideRun
  thread: DecideThread
  telling: Telling
  signal: AbortSignal
}

/**
 * Carries an approved change to its end: writes it, proves it, and takes it back where things got worse. Each step is noted in the change's record before
 * the next one, so that it may be begun again at any moment; Slack is told last.
 */
export async function carryChange(
  deps: CapabilityDeps,
  run: DecideRun,
  approved: ChangeRecord,
  thread: DecideThread,
  signal: AbortSignal,
): Promise<Outcome> {
  const { records, board, log } = deps
  const telling = new Telling(log, run.id)
  const carrying: Carrying = { deps, run, thread, telling, signal }
  telling.soon(() => Promise.all([board.proposal(approved), thread.open()]))
  let change = approved
  if (change.state === 'failed' || change.state === 'superseded') return tellNotWritten(carrying, change)
  if (change.state === 'approved' || change.state === 'applying') {
    try {
      change = await applyChange(deps, change, signal)
    } catch (error) {
      if (!(error instanceof WriteError) || isUncertain(error)) throw error
      return notWritten(carrying, change.id, error)
    }
  }
  await recordAuditOnce(records, run.id, {
    ...eventOf(run, change),
    event: 'fix-applied',
    by: run.asker,
    facts: { ...factsOf(change), as: change.as, wrote: change.wrote },
  })
  if (change.state === 'applied') {
    const applied = change
    telling.soon(() => Promise.all([thread.answer({ kind: 'decide', change: applied.id }), board.diagnosis(applied)]))
    change = await proveIt(carrying, change)
  }
  await recordAuditOnce(records, run.id, {
    ...eventOf(run, change),
    event: 'fix-verified',
    by: { user: BOT },
    facts: { ...factsOf(change), outcome: change.proof?.outcome, says: change.proof?.says },
  })
  if (change.proof?.outcome === 'worse' || change.undo?.run === run.id) {
    const proved = change
    telling.soon(() => Promise.all([thread.answer({ kind: 'decide', change: proved.id }), board.diagnosis(proved)]))
    return undoByItself(carrying, change)
  }
  await tellEnd(carrying, change)
  return { verdict: change.proof?.outcome ?? change.state, sentence: change.proof?.says ?? change.title }
}

/** Says what came of a change, in its own messages and in that of its diagnosis. */
async function tellEnd({ deps: { board }, thread, telling }: Carrying, change: ChangeRecord): Promise<void> {
  await telling.end(async () => {
    await Promise.all([board.proposal(change), thread.open()])
    await Promise.all([thread.answer({ kind: 'decide', change: change.id }), board.diagnosis(change)])
  })
}

/** Nothing, or not all, was written: the object has moved (then the proposal is made anew), or the API server refused. */
async function notWritten(carrying: Carrying, id: string, error: WriteError): Promise<Outcome> {
  const change = await updateChange(carrying.deps.records, id, (now) => {
    const isMoved = error.reason === 'moved' && (now.wrote ?? []).length === 0
    return { ...now, state: isMoved ? 'superseded' : 'failed', failure: error.message }
  })
  if (change === undefined) throw error
  return tellNotWritten(carrying, change, error.reason)
}

async function tellNotWritten(
  carrying: Carrying,
  change: ChangeRecord,
  reason?: WriteError['reason'],
): Promise<Outcome> {
  const {
    deps: { records, board },
    run,
    thread,
    telling,
  } = carrying
  const { as, failure = '', wrote } = change
  await recordAuditOnce(records, run.id, {
    ...eventOf(run, change),
    event: 'fix-failed',
    by: run.asker,
    facts: { ...factsOf(change), as, ...defined({ reason }), why: failure, wrote },
  })
  if (change.state === 'superseded') await proposeAgain(carrying.deps, change)
  await telling.end(async () => {
    await board.proposal(change)
    await thread.answer({ kind: 'decide', change: change.id })
    if (change.state === 'failed') await board.diagnosis(change)
  })
  return { verdict: change.state, sentence: failure }
}

/** Asks for the same change of the object as it is now, for the one who asked for it first; once. */
async function proposeAgain({ records, queue }: CapabilityDeps, change: ChangeRecord): Promise<void> {
  if (change.again !== undefined) return queue.enqueue({ run: change.again, kind: 'propose' })
  const { kind, namespace, name } = change.subject
  const request: ProposeRequest = {
    kind: 'propose',
    ...change.question,
    ...defined({ of: change.of, choice: change.choice }),
    finding: { code: change.for, subject: { kind, name, ...defined({ namespace }) } },
    change: change.id,
  }
  const again = await createRun(records, {
    request,
    asker: { user: change.requester.user, ...defined({ team: change.requester.team }) },
    channel: change.channel,
    thread: change.thread,
  })
  await updateChange(records, change.id, (now) => ({ ...now, again: again.id }))
  await queue.enqueue({ run: again.id, kind: 'propose' })
}

/** One look at the mesh, asked as the change's diagnosis was. */
const lookAgain = (
  { deps, run }: Carrying,
  change: ChangeRecord,
  { signal, descriptions = false }: { signal: AbortSignal; descriptions?: boolean },
): Promise<Report> =>
  examine(parseTarget(change.question.text, change.question.namespace), deps.clients, deps.checks, {
    signal,
    onBroken: (check, error) => deps.log.error({ err: error, run: run.id, check }, 'a check failed and was left out'),
    stepTimeout: deps.stepTimeout,
    concurrency: deps.concurrency,
    descriptions,
  })

/** What is true after an undo takes the place of what the diagnosis said. */
async function diagnoseAgain(carrying: Carrying, change: ChangeRecord): Promise<void> {
  if (change.of === undefined) return
  const seen = await lookAgain(carrying, change, carrying)
  await keepAnswer(carrying.deps.records, change.of, answerWith(seen))
}

async function proveIt(carrying: Carrying, change: ChangeRecord): Promise<ChangeRecord> {
  const { deps, signal } = carrying
  const proof = await prove(change, {
    seconds: deps.policy.proofSeconds,
    signal,
    ...defined({ every: deps.proofEvery }),
    look: (each) => lookAgain(carrying, change, { signal: each, descriptions: true }),
  })
  const proved = await updateChange(deps.records, change.id, (now) =>
    now.state === 'applied'
      ? { ...now, state: 'proved', proof }
      : now.proof === undefined
        ? { ...now, proof }
        : undefined,
  )
  return proved ?? change
}

/** Things got worse: the approval covered this. */
async function undoByItself(carrying: Carrying, change: ChangeRecord): Promise<Outcome> {
  if (change.as === undefined) throw new TypeError(`change ${change.id} was not approved`)
  // One that failed is tried again by people alone; that it failed may not be told yet.
  if (change.undo?.state === 'failed') {
    if (change.undo.run === carrying.run.id) return undo(carrying, change)
    await tellEnd(carrying, change)
    return { verdict: 'worse', sentence: change.undo.says ?? change.undo.why }
  }
  const claimed = await claimUndo(
    carrying.deps.records,
    change.id,
    { user: BOT, run: carrying.run.id },
    change.as,
    change.proof?.says ?? 'things got worse',
  )
  if (!(claimed instanceof UserError)) return undo(carrying, claimed)
  await tellEnd(carrying, change)
  return { verdict: 'worse', sentence: claimed.why }
}

/** Takes a change back whose undoing was claimed for the run. */
export async function undoChange(
  deps: CapabilityDeps,
  run: DecideRun,
  claimed: ChangeRecord,
  thread: DecideThread,
  signal: AbortSignal,
): Promise<Outcome> {
  const telling = new Telling(deps.log, run.id)
  telling.soon(() => thread.open())
  return undo({ deps, run, thread, telling, signal }, claimed)
}

async function undo(carrying: Carrying, claimed: ChangeRecord): Promise<Outcome> {
  const { deps, run, thread, telling, signal } = carrying
  const { records, board } = deps
  let change = claimed
  try {
    if (change.state === 'undoing') change = await takeBack(deps, change, signal)
  } catch (error) {
    if (!(error instanceof WriteError) || isUncertain(error)) throw error
    change = (await updateChange(records, change.id, (now) => undoFailed(now, error.message))) ?? change
  }
  const by = change.undo?.user === BOT ? { user: BOT } : run.asker
  await recordAuditOnce(records, `${run.id}:undo`, {
    ...eventOf(run, change),
    event: change.state === 'undone' ? 'fix-undone' : 'fix-failed',
    by,
    facts: {
      ...factsOf(change),
      as: change.undo?.as,
      why: change.undo?.why,
      ...(change.undo?.says !== undefined && { says: change.undo.says }),
    },
  })
  await telling.end(async () => {
    await thread.open()
    await board.outcome(change)
    await thread.answer({ kind: 'decide', change: change.id })
  })
  if (change.state === 'undone') await diagnoseAgain(carrying, change)
  await board.diagnosis(change)
  return { verdict: change.state, sentence: change.undo?.says ?? `${change.title} was undone` }
}
