import { UserError } from '../mesh/user-error.ts'
import { denyState } from './authorise.ts'
import type { Identity } from './identity.ts'
import { updateChange, type ChangeRecord } from './record.ts'
import type { Records } from '../store/records.ts'
import { defined } from '../mesh/defined.ts'

/** Who decides, and the run that carries it out. */
export interface Decider {
  user: string
  team?: string | undefined
  run: string
}

const by = ({ user, team, run }: Decider): { user: string; team?: string; run: string; at: string } => ({
  user,
  ...defined({ team }),
  run,
  at: new Date().toISOString(),
})

/**
 * Approves a change: of any number of clicks exactly one does. A run that has approved it before, and was killed, gets it again.
 * @returns why not, for every other click
 */
export async function approveChange(
  records: Records,
  id: string,
  decider: Decider,
  identity: Identity,
): Promise<ChangeRecord | UserError> {
  const after = await updateChange(records, id, (change) =>
    denyState(change, 'approve', Date.now()) === undefined
      ? {
          ...change,
          state: 'approved',
          decided: { ...by(decider), verdict: 'approved' },
          as: { user: identity.user, groups: [...identity.groups] },
        }
      : undefined,
  )
  return settled(after, 'approve', ({ decided }) => decided?.run === decider.run)
}

/** Rejects a change, with a reason if there is one. */
export async function rejectChange(
  records: Records,
  id: string,
  decider: Decider,
  reason: string | undefined,
): Promise<ChangeRecord | UserError> {
  const after = await updateChange(records, id, (change) =>
    denyState(change, 'reject', Date.now()) === undefined
      ? { ...change, state: 'rejected', decided: { ...by(decider), verdict: 'rejected', ...defined({ reason }) } }
      : undefined,
  )
  return settled(after, 'reject', ({ decided }) => decided?.run === decider.run)
}

/** Claims the undoing of a change for one run. `user` is mesh-medic when it is undone by itself. */
export async function claimUndo(
  records: Records,
  id: string,
  decider: Decider,
  identity: Identity,
  why: string,
): Promise<ChangeRecord | UserError> {
  const after = await updateChange(records, id, (change) =>
    denyState(change, 'undo', Date.now()) === undefined
      ? {
          ...change,
          state: 'undoing',
          undo: { ...by(decider), why, as: { user: identity.user, groups: [...identity.groups] }, state: 'undoing' },
        }
      : undefined,
  )
  return settled(after, 'undo', ({ undo }) => undo?.run === decider.run)
}

/** Said of a change that is not in the store. */
export const changeForgotten = (): UserError =>
  new UserError({
    why: 'This change is no longer known: changes are kept for 90 days.',
    remedies: ['Diagnose the target again.'],
  })

function settled(
  change: ChangeRecord | undefined,
  verb: 'approve' | 'reject' | 'undo',
  isOurs: (change: ChangeRecord) => boolean,
): ChangeRecord | UserError {
  if (change === undefined) return changeForgotten()
  if (isOurs(change)) return change
  return (
    denyState(change, verb, Date.now()) ??
    new UserError({ why: 'Already decided by somebody else.', remedies: ['See the thread for who decided.'] })
  )
}
