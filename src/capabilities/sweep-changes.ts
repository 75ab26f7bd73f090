import { listChanges, updateChange } from '../fixes/record.ts'
import type { CapabilityDeps } from './deps.ts'
import type { ChangeBoard } from './change-board.ts'

/** Takes the buttons from proposals whose time is over, and says so there. For the start, and now and then. */
export async function sweepChanges({
  records,
  board,
}: Pick<CapabilityDeps, 'records'> & { board: Pick<ChangeBoard, 'proposal'> }): Promise<void> {
  const now = Date.now()
  for (const { id, state, expiresAt } of await listChanges(records)) {
    if (state !== 'proposed' || Date.parse(expiresAt) > now) continue
    const expired = await updateChange(records, id, (change) =>
      change.state === 'proposed' ? { ...change, state: 'expired' } : undefined,
    )
    if (expired?.state === 'expired') await board.proposal(expired)
  }
}
