import { listChanges, updateChange } from '../fixes/record.ts'
import type { Unreadable } from '../store/list-readable.ts'
import type { CapabilityDeps } from './deps.ts'
import type { ChangeBoard } from './change-board.ts'

/** Takes the buttons from proposals whose time is over, and says so there. For the start, and now and then. */
export async function sweepChanges({
  records,
  board,
  log,
}: Pick<CapabilityDeps, 'records' | 'log'> & { board: Pick<ChangeBoard, 'proposal'> }): Promise<void> {
  const now = Date.now()
  const unreadable: Unreadable = (change, err) => log.warn({ change, err }, 'a change could not be read')
  for (const { id, state, expiresAt } of await listChanges(records, unreadable)) {
    if (state !== 'proposed' || Date.parse(expiresAt) > now) continue
    const expired = await updateChange(records, id, (change) =>
      change.state === 'proposed' ? { ...change, state: 'expired' } : undefined,
    )
    if (expired?.state === 'expired') await board.proposal(expired)
  }
}
