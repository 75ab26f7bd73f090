import { z } from 'zod'
import { approveChange, changeForgotten, claimUndo, rejectChange, type Decider } from '../fixes/approve.ts'
import { authorise, denyState, type Presser } from '../fixes/authorise.ts'
import { applyChange, isUncertain, takeBack } from '../fixes/apply.ts'
import { prove } from '../fixes/prove.ts'
import { readChange, updateChange, type ChangeRecord } from '../fixes/record.ts'
import { groupsOf } from '../fixes/roles.ts'
import { WriteError } from '../fixes/cluster-writer.ts'
import { examine } from '../diagnosis/examine.ts'
import type { Report } from '../diagnosis/report.ts'
import { parseTarget } from '../mesh/target-query.ts'
import { UserError } from '../mesh/user-error.ts'
import { recordAuditOnce, type AuditEvent } from '../store/audit.ts'
import { createRun, type RunRecord } from '../store/runs.ts'
import { defineCapability, type Outcome } from './capability.ts'
import type { CapabilityDeps } from './deps.ts'
import { answerWith } from './diagnose.ts'
import { keepAnswer } from './kept-answer.ts'
import type { ProposeRequest } from './propose.ts'
import type { RunThread } from './run-thread.ts'
import { defined } from '../mesh/defined.ts'

const BOT = 'mesh-medic'

const DecideRequest = z.object({
  kind: z.literal('decide'),
  text: z.string(),
  change: z.string(),
  decision: z.object({ verb: z.enum(['approve', 'reject', 'undo']), reason: z.string().optional() }),
})
export type DecideRequest = z.infer<typeof DecideRequest>
type DecideRun = RunRecord<DecideRequest>

const DecideAnswer = z.object({ kind: z.literal('decide'), change: z.string() })
export type DecideAnswer = z.infer<typeof DecideAnswer>

/**
 * Decides a press on a change, where the job runs: may this person, now, do this to it? An approval is written to the cluster and proved; what makes
 * things worse is taken back. May be run again at any moment: what was done is in the change's record, and is not done twice.
 */
export const decide = defineCapability({
  kind: 'decide',
  request: DecideRequest,
  answer: DecideAnswer,
  audit: { asked: 'fix-asked', facts: ({ change, decision: { verb } }) => ({ change, verb }) },
  act: (deps, run, thread, signal): Promise<Outcome> => act(deps, run, thread, signal),
  abandon: (deps, run, thread, error): Promise<void> => abandonChange(deps, run, thread, error),
})

type DecideThread = RunThread<DecideAnswer>

async function act(deps: CapabilityDeps, run: DecideRun, thread: DecideThread, signal: AbortSignal): Promise<Outcome> {
  const { records } = deps
  const { decision, change: id } = run.request
  const change = await readChange(records, id)
  if (change === undefined) return deny(deps, run, undefined, changeForgotten())
  const decider: Decider = { ...run.asker, run: run.id }
  const isOurs = decision.verb === 'undo' ? change.undo?.run === run.id : change.decided?.run === run.id
  if (isOurs) return goOn(deps, run, change, thread, signal)

  const presser: Presser = {
    user: run.asker.user,
    channel: run.channel,
    groups: await groupsOf(deps.policy, run.asker.user, (group) => deps.board.members(group)),
  }
  const allowed = authorise(deps.policy, change, presser, decision.verb)
  if (allowed instanceof UserError) return deny(deps, run, change, allowed)
  const after =
    decision.verb === 'reject'
      ? await rejectChange(records, change.id, decider, decision.reason)
      : allowed.identity === undefined
        ? new UserError({ why: 'Your Kubernetes user is not known.' })
        : decision.verb === 'undo'
          ? await claimUndo(records, change.id, decider, allowed.identity, 'asked for')
          : await approveChange(records, change.id, decider, allowed.identity)
  if (after instanceof UserError) return deny(deps, run, change, after)
  return goOn(deps, run, after, thread, signal)
}

/** A press that does nothing is answered to the one who pressed, and recorded; a proposal that has expired says so from now on. */
async function deny(
  deps: CapabilityDeps,
  run: DecideRun,
  change: ChangeRecord | undefined,
  error: UserError,
): Promise<Outcome> {
  const { records, board } = deps
  if (change?.state === 'proposed' && denyState(change, 'reject', Date.now()) !== undefined) {
    const expired = await updateChange(records, change.id, (now) =>
      now.state === 'proposed' ? { ...now, state: 'expired' } : undefined,
    )
    if (expired !== undefined) await board.proposal(expired)
  }
  await recordAuditOnce(records, run.id, {
    ...event(run, change),
    event: 'fix-refused',
    by: run.asker,
    facts: { change: run.request.change, verb: run.request.decision.verb, why: error.why },
  })
  await board.privately(run, error)
  return { verdict: 'refused', sentence: error.why }
}

/** The press is allowed and noted in the record; from here on a run that was killed comes back to. */
async function goOn(
  deps: CapabilityDeps,
  run: DecideRun,
  change: ChangeRecord,
  thread: DecideThread,
  signal: AbortSignal,
): Promise<Outcome> {
  const { records, board } = deps
  const noted = { ...event(run, change), by: run.asker }
  if (run.request.decision.verb === 'reject') {
    await recordAuditOnce(records, run.id, {
      ...noted,
      event: 'fix-rejected',
      facts: { ...facts(change), reason: run.request.decision.reason },
    })
    await board.proposal(change)
    return { verdict: 'rejected', sentence: `${change.title} was rejected` }
  }
  if (run.request.decision.verb === 'undo') {
    await recordAuditOnce(records, run.id, {
      ...noted,
      event: 'fix-undo-approved',
      facts: { ...facts(change), as: change.undo?.as },
    })
    await thread.open()
    return undo(deps, run, change, thread, signal)
  }
  // Who approved what is on record before anything is written.
  await recordAuditOnce(records, run.id, {
    ...noted,
    event: 'fix-approved',
    facts: { ...facts(change), as: change.as, writes: change.writes.map(({ verb, ref, was }) => ({ verb, ref, was })) },
  })
  // Slack is told while the cluster is written to: neither waits for the other, and the job ends when both are done.
  const told = Promise.all([board.proposal(change), thread.open()])
  told.catch(() => undefined)
  return apply(deps, run, change, { thread, told }, signal)
}

const facts = (change: ChangeRecord): Record<string, unknown> => ({
  change: change.id,
  act: change.act,
  digest: change.digest,
})
const event = (run: DecideRun, change: ChangeRecord | undefined): Pick<AuditEvent, 'run' | 'target'> => ({
  run: run.id,
  ...(change !== undefined && { target: change.target }),
})

async function apply(
  deps: CapabilityDeps,
  run: DecideRun,
  approved: ChangeRecord,
  { thread, told }: { thread: DecideThread; told: Promise<unknown> },
  signal: AbortSignal,
): Promise<Outcome> {
  const { records } = deps
  let change = approved
  if (change.state === 'approved' || change.state === 'applying') {
    try {
      change = await applyChange(deps, change, signal)
    } catch (error) {
      if (!(error instanceof WriteError) || isUncertain(error)) throw error
      await told
      return notWritten(deps, run, change.id, thread, error)
    }
  }
  await told
  await recordAuditOnce(records, run.id, {
    ...event(run, change),
    event: 'fix-applied',
    by: run.asker,
    facts: { ...facts(change), as: change.as, wrote: change.wrote },
  })
  await Promise.all([thread.answer({ kind: 'decide', change: change.id }), deps.board.diagnosis(change)])
  if (change.state === 'applied') change = await proveIt(deps, run, change, signal)
  await recordAuditOnce(records, run.id, {
    ...event(run, change),
    event: 'fix-verified',
    by: { user: BOT },
    facts: { ...facts(change), outcome: change.proof?.outcome, says: change.proof?.says },
  })
  await Promise.all([thread.answer({ kind: 'decide', change: change.id }), deps.board.diagnosis(change)])
  if (change.proof?.outcome === 'worse' || change.undo?.run === run.id)
    return undoByItself(deps, run, change, thread, signal)
  return { verdict: change.proof?.outcome ?? change.state, sentence: change.proof?.says ?? change.title }
}

/** Nothing, or not all, was written: the object has moved (then the proposal is made anew), or the API server refused. */
async function notWritten(
  deps: CapabilityDeps,
  run: DecideRun,
  id: string,
  thread: DecideThread,
  error: WriteError,
): Promise<Outcome> {
  const { records, board } = deps
  const change = await updateChange(records, id, (now) => {
    const isMoved = error.reason === 'moved' && (now.wrote ?? []).length === 0
    return { ...now, state: isMoved ? 'superseded' : 'failed', failure: error.message }
  })
  if (change === undefined) throw error
  await recordAuditOnce(records, run.id, {
    ...event(run, change),
    event: 'fix-failed',
    by: run.asker,
    facts: { ...facts(change), as: change.as, reason: error.reason, why: error.message, wrote: change.wrote },
  })
  await board.proposal(change)
  await thread.answer({ kind: 'decide', change: change.id })
  if (change.state === 'failed') await board.diagnosis(change)
  if (change.state === 'superseded') await proposeAgain(deps, change)
  return { verdict: change.state, sentence: error.message }
}

/** Asks for the same change of the object as it is now, for the one who asked for it first. */
async function proposeAgain({ records, queue }: CapabilityDeps, change: ChangeRecord): Promise<void> {
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
  await queue.enqueue({ run: again.id, kind: 'propose' })
}

/** One look at the mesh, asked as the change's diagnosis was. */
const lookAgain = (
  deps: CapabilityDeps,
  run: DecideRun,
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
async function diagnoseAgain(
  deps: CapabilityDeps,
  run: DecideRun,
  change: ChangeRecord,
  signal: AbortSignal,
): Promise<void> {
  if (change.of === undefined) return
  const seen = await lookAgain(deps, run, change, { signal })
  await keepAnswer(deps.records, change.of, answerWith(seen))
}

async function proveIt(
  deps: CapabilityDeps,
  run: DecideRun,
  change: ChangeRecord,
  signal: AbortSignal,
): Promise<ChangeRecord> {
  const { records, policy } = deps
  const proof = await prove(change, {
    seconds: policy.proofSeconds,
    signal,
    ...defined({ every: deps.proofEvery }),
    look: (each) => lookAgain(deps, run, change, { signal: each, descriptions: true }),
  })
  const proved = await updateChange(records, change.id, (now) => ({
    ...now,
    ...(now.state === 'applied' && { state: 'proved' as const }),
    proof,
  }))
  return proved ?? change
}

/** Things got worse: the approval covered this. */
async function undoByItself(
  deps: CapabilityDeps,
  run: DecideRun,
  change: ChangeRecord,
  thread: DecideThread,
  signal: AbortSignal,
): Promise<Outcome> {
  if (change.as === undefined) throw new TypeError(`change ${change.id} was not approved`)
  const claimed = await claimUndo(
    deps.records,
    change.id,
    { user: BOT, run: run.id },
    change.as,
    change.proof?.says ?? 'things got worse',
  )
  if (claimed instanceof UserError) {
    await thread.answer({ kind: 'decide', change: change.id })
    return { verdict: 'worse', sentence: claimed.why }
  }
  return undo(deps, run, claimed, thread, signal)
}

async function undo(
  deps: CapabilityDeps,
  run: DecideRun,
  claimed: ChangeRecord,
  thread: DecideThread,
  signal: AbortSignal,
): Promise<Outcome> {
  const { records, board } = deps
  let change = claimed
  try {
    if (change.state === 'undoing') change = await takeBack(deps, change, signal)
  } catch (error) {
    if (!(error instanceof WriteError) || isUncertain(error)) throw error
    change =
      (await updateChange(records, change.id, (now) =>
        now.undo === undefined
          ? undefined
          : { ...now, state: 'proved', undo: { ...now.undo, state: 'failed', says: error.message } },
      )) ?? change
  }
  const by = change.undo?.user === BOT ? { user: BOT } : run.asker
  await recordAuditOnce(records, `${run.id}:undo`, {
    ...event(run, change),
    event: change.state === 'undone' ? 'fix-undone' : 'fix-failed',
    by,
    facts: {
      ...facts(change),
      as: change.undo?.as,
      why: change.undo?.why,
      ...(change.undo?.says !== undefined && { says: change.undo.says }),
    },
  })
  await board.outcome(change)
  await thread.answer({ kind: 'decide', change: change.id })
  if (change.state === 'undone') await diagnoseAgain(deps, run, change, signal)
  await board.diagnosis(change)
  return { verdict: change.state, sentence: change.undo?.says ?? `${change.title} was undone` }
}

/** Tells a change whose run has no attempts left: what is known of it, and what is not. */
async function abandonChange(
  deps: CapabilityDeps,
  run: DecideRun,
  thread: DecideThread,
  error: unknown,
): Promise<void> {
  const id = run.request.change
  const isUndo = run.request.decision.verb === 'undo'
  const says = `It was interrupted: ${error instanceof Error ? error.message : String(error)}`
  const change = await updateChange(deps.records, id, (now) => {
    const isOurs = isUndo ? now.undo?.run === run.id : now.decided?.run === run.id
    if (!isOurs) return undefined
    if (now.undo?.run === run.id && now.undo.state === 'undoing')
      return { ...now, state: 'proved', undo: { ...now.undo, state: 'failed', says } }
    if (now.state === 'applied')
      return {
        ...now,
        state: 'proved',
        proof: { outcome: 'unclear', says, after: now.baseline, at: new Date().toISOString() },
      }
    return now.state === 'approved' || now.state === 'applying'
      ? { ...now, state: 'failed', failure: `${says} Whether it was written is not known: look at the objects.` }
      : undefined
  })
  if (change === undefined) return
  await recordAuditOnce(deps.records, `${run.id}:abandoned`, {
    ...event(run, change),
    event: 'fix-failed',
    by: run.asker,
    facts: { ...facts(change), why: says },
  })
  await deps.board.proposal(change)
  await thread.answer({ kind: 'decide', change: change.id })
  await deps.board.diagnosis(change)
}
