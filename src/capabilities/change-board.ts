import type { ChangeRecord } from '../fixes/record.ts'
import type { CaptureApproval } from '../leases/captures/approval.ts'
import type { LeaseRecord } from '../leases/lease-record.ts'
import type { UserAnswer, UserError } from '../mesh/user-error.ts'
import type { RunRecord } from '../store/runs.ts'

/** Where changes and leases are shown beyond the run that began them. Methods reject only when it is worth trying again. */
export interface ChangeBoard {
  /** Brings the message of a change's proposal to what its record says: decided by whom and when, expired, no live buttons. */
  proposal(change: ChangeRecord): Promise<void>
  /** Brings the message of a change's decision to what its record says: applied, proved, undone. */
  outcome(change: ChangeRecord): Promise<void>
  /** Brings the message of the diagnosis that a change came from to what is true now: fixed, not fixed, undone. */
  diagnosis(change: ChangeRecord): Promise<void>
  /** Brings a lease's message to what its record says: time left, what was put back per pod. */
  lease(lease: LeaseRecord): Promise<void>
  /** Brings the message of a capture that waits for approval to what its record says. */
  captureApproval(approval: CaptureApproval): Promise<void>
  /** Puts a file into a lease's thread, once for each `part`. */
  leaseFile(lease: LeaseRecord, part: string, file: { name: string; title: string; content: string }): Promise<void>
  /** Tells only the person who asked for a run. */
  privately(run: RunRecord, answer: UserAnswer): Promise<void>
  /** Why somebody may decide nothing, whatever their role: guests, bots, deactivated accounts, people of another workspace. Rejects when Slack does not say. */
  denyDecider(person: { user: string; team?: string | undefined }): Promise<UserError | undefined>
  /** Who is in a Slack user group. */
  members(group: string): Promise<readonly string[]>
}
