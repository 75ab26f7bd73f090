import { readChange, undoFailed, updateChange, type ChangeRecord } from '../fixes/record.ts'
import { recordAuditOnce } from '../store/audit.ts'
import { eventOf, factsOf, type DecideRun, type DecideThread } from './decide-request.ts'
import type { CapabilityDeps } from './deps.ts'

/** True when what a run has begun to do with a change is not at its end: written and not proved, worse and not taken back. */
export function isUnderWay(change: ChangeRecord, run: string): boolean {
  const { state, decided, undo, proof, inverse = [], wrote = [] } = change
  if (undo !== undefined) return undo.run === run && undo.state === 'undoing'
  if (decided?.run !== run || decided.verdict !== 'approved') return false
  if (state === 'applying' || state === 'applied') return true
  return state === 'proved' && proof?.outcome === 'worse' && inverse.length > 0 && wrote.length > 0
}

/** The same of the change that a run is about. */
export async function isRunUnderWay({ records }: Pick<CapabilityDeps, 'records'>, run: DecideRun): Promise<boolean> {
  const change = await readChange(records, run.request.change)
  return change !== undefined && isUnderWay(change, run.id)
}

/** Ends a change whose run has no attempts left, and says what is known of it, and what is not. One that is at its end already is only told. */
export async function abandonChange(
  deps: CapabilityDeps,
  run: DecideRun,
  thread: DecideThread,
  error: unknown,
): Promise<void> {
  const says = `It was interrupted: ${error instanceof Error ? error.message : String(error)}`
  const before = await readChange(deps.records, run.request.change)
  if (before === undefined || (before.decided?.run !== run.id && before.undo?.run !== run.id)) return
  const change = await updateChange(deps.records, before.id, (now) => ended(now, run.id, says))
  if (change === undefined) return
  // What came to its end before is on record already.
  if (ended(before, run.id, says) !== undefined)
    await recordAuditOnce(deps.records, change.undo?.run === run.id ? `${run.id}:undo` : run.id, {
      ...eventOf(run, change),
      event: 'fix-failed',
      by: run.asker,
      facts: { ...factsOf(change), why: says },
    })
  await deps.board.proposal(change)
  await thread.answer({ kind: 'decide', change: change.id })
  await deps.board.diagnosis(change)
}

/** A change as it ends when nobody goes on with it; undefined when it is at an end. */
function ended(now: ChangeRecord, run: string, says: string): ChangeRecord | undefined {
  if (now.undo?.run === run) return now.undo.state === 'undoing' ? undoFailed(now, says) : undefined
  if (now.state === 'applied')
    return {
      ...now,
      state: 'proved',
      proof: { outcome: 'unclear', says, after: now.baseline, at: new Date().toISOString() },
    }
  if (now.state === 'approved') return { ...now, state: 'failed', failure: `${says} Nothing was written.` }
  return now.state === 'applying'
    ? { ...now, state: 'failed', failure: `${says} Whether it was written is not known: look at the objects.` }
    : undefined
}
