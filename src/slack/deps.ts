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
  log: Log
}
