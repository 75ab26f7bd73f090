import type { ClusterWriter } from '../fixes/cluster-writer.ts'
import type { Policy } from '../fixes/policy.ts'
import type { GroupMembers } from '../fixes/roles.ts'
import type { Clients } from '../evidence/clients/clients.ts'
import type { ChangeBoard } from '../capabilities/change-board.ts'
import type { AuditTrail } from '../capabilities/audit-trail.ts'
import type { Log } from '../queue/log.ts'
import type { JobQueue } from '../queue/queue.ts'
import type { Records } from '../store/records.ts'
import type { SlackCalls } from './transport/calls.ts'
import type { CommandLimit } from './access/command-limit.ts'
import type { RequireMember } from './access/require-member.ts'
import type { MeshDirectory } from './access/mesh-directory.ts'
import type { StartBarrier } from './transport/start-barrier.ts'
import type { ThreadDeps } from './thread/thread-deps.ts'

/** What commands, buttons and shortcuts work with. */
export interface SlackDeps extends ThreadDeps {
  records: Records
  queue: JobQueue
  slack: SlackCalls
  directory: MeshDirectory
  audit: AuditTrail
  startBarrier: StartBarrier
  /** Absent: everybody may send as many commands as they like. */
  commandLimit?: CommandLimit
  /** For what is read while a person waits. */
  clients: Clients
  /** Who may do what. */
  policy: Policy
  /** For leases that a person puts back. */
  writer: ClusterWriter
  /** Shows changes and leases. */
  board: ChangeBoard
  /** Refuses whoever may not ask at all. */
  requireMember: RequireMember
  /** Who is in a Slack user group. */
  members: GroupMembers
  /** Address of an Alertmanager in which incidents are silenced. Absent: only what is said here is. */
  alertmanager?: string
  /** Hears that the incidents of a subject are to be shown anew. */
  incidentChanged?: (subject: string) => void
  /** Hears that a person has put a lease back: its end is told, and its logs are shown, without waiting for the next sweep. */
  leaseEnded?: () => void
  /** Milliseconds within which whoever typed something sees that it was heard. */
  heardWithin?: number
  /** Milliseconds for which a process says that it handles a request; then another one takes it over. */
  holdRequests?: number
  /** Milliseconds within which the store has to take a request; Slack waits 3 s for the acknowledgement. */
  keepWithin?: number
  log: Log
}
