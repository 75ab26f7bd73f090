import { approveChange, changeForgotten, claimUndo, rejectChange, type Decider } from '../fixes/approve.ts'
import { authorise, denyState, type Presser } from '../fixes/authorise.ts'
import { readChange, updateChange, type ChangeRecord } from '../fixes/record.ts'
import { groupsOf } from '../fixes/roles.ts'
import { UserError } from '../mesh/user-error.ts'
import { recordAuditOnce } from '../store/audit.ts'
import { abandonChange, isRunUnderWay } from './abandon-change.ts'
import { defineCapability, type Outcome } from './capability.ts'
import { carryChange, undoChange } from './carry-change.ts'
import { DecideAnswer, DecideRequest, eventOf, factsOf, type DecideRun, type DecideThread } from './decide-request.ts'
import type { CapabilityDeps } from './deps.ts'

export type { DecideAnswer, DecideRequest } from './decide-request.ts'

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
  isUnderWay: (deps, run): Promise<boolean> => isRunUnderWay(deps, run),
  abandon: (deps, run, thread, error): Promise<void> => abandonChange(deps, run, thread, error),
})

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
  const denied = decision.verb === 'reject' ? undefined : await deps.board.denyDecider(run.asker)
  if (denied !== undefined) return deny(deps, run, change, denied)
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
    ...eventOf(run, change),
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
  const noted = { ...eventOf(run, change), by: run.asker }
  if (run.request.decision.verb === 'reject') {
    await recordAuditOnce(records, run.id, {
      ...noted,
      event: 'fix-rejected',
      facts: { ...factsOf(change), reason: run.request.decision.reason },
    })
    await board.proposal(change)
    return { verdict: 'rejected', sentence: `${change.title} was rejected` }
  }
  if (run.request.decision.verb === 'undo') {
    await recordAuditOnce(records, run.id, {
      ...noted,
      event: 'fix-undo-approved',
      facts: { ...factsOf(change), as: change.undo?.as },
    })
    return undoChange(deps, run, change, thread, signal)
  }
  // Who approved what is on record before anything is written.
  await recordAuditOnce(records, run.id, {
    ...noted,
    event: 'fix-approved',
    facts: {
      ...factsOf(change),
      as: change.as,
      writes: change.writes.map(({ verb, ref, was }) => ({ verb, ref, was })),
    },
  })
  return carryChange(deps, run, change, thread, signal)
}
