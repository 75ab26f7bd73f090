import type { ClusterWriter } from '../changes/cluster-writer.ts'
import type { Policy } from '../changes/policy.ts'
import type { GroupMembers } from '../changes/roles.ts'
import type { Clients } from '../evidence/clients/clients.ts'
import type { ChangeBoard } from '../jobs/processors/change-board.ts'
import type { AuditTrail } from '../jobs/processors/audit-trail.ts'
import type { Log } from '../jobs/log.ts'
import type { JobQueue } from '../jobs/queue.ts'
import type { Records } from '../store/records.ts'
import type { SlackCalls } from './calls.ts'
import type { MeshDirectory } from './mesh-directory.ts'
import type { Rush } from './rush.ts'
import type { ThreadDeps } from './thread.ts'

/** What commands, buttons and shortcuts work with. */
export interface SlackDeps extends ThreadDeps {
  records: Records
  queue: JobQueue
  slack: SlackCalls
  directory: MeshDirectory
  audit: AuditTrail
  rush: Rush
  /** Who may do what. */
  /** For what is read while a person waits. */
  clients: Clients
  policy: Policy
  /** For leases that a person gives back. */
  writer: ClusterWriter
  /** Shows changes and leases. */
  board: ChangeBoard
  /** Who is in a Slack user group. */
  members: GroupMembers
  log: Log
}
