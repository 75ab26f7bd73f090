import type { Check } from '../checks/check.ts'
import type { MeshStatus } from '../diagnosis/mesh-status.ts'
import type { SelfTestItem } from '../diagnosis/self-test.ts'
import type { Clients } from '../evidence/clients/clients.ts'
import type { ClusterWriter } from '../fixes/cluster-writer.ts'
import type { Policy } from '../fixes/policy.ts'
import type { Log } from '../queue/log.ts'
import type { JobQueue } from '../queue/queue.ts'
import type { Records } from '../store/records.ts'
import type { AuditTrail } from './audit-trail.ts'
import type { ChangeBoard } from './change-board.ts'
import type { WorkSlots } from './work-slots.ts'

/** Looks at the mesh as a whole, or at one namespace. */
export type LookAtMesh = (clients: Clients, options: { namespace?: string; signal: AbortSignal }) => Promise<MeshStatus>

/** Tries one part of what the bot stands on. */
export type SelfTest = (signal: AbortSignal) => Promise<SelfTestItem[]>

/** What capabilities work with. */
export interface CapabilityDeps {
  records: Records
  clients: Clients
  checks: readonly Check[]
  audit: AuditTrail
  log: Log
  policy: Policy
  writer: ClusterWriter
  board: ChangeBoard
  queue: JobQueue
  meshStatus: LookAtMesh
  /** Permissions, istioctl, Prometheus. */
  testCluster: (clients: Clients, signal: AbortSignal) => Promise<SelfTestItem[]>
  /** What the other rooms can say of themselves: Slack's scopes. */
  selfTests: readonly SelfTest[]
  store: { kind: 'redis' | 'embedded'; ping(): Promise<void> }
  /** Labels and annotations that say who owns a workload, best first. */
  ownerLabels?: readonly string[]
  /** Milliseconds a step may take. */
  stepTimeout?: number
  /** How many runs are worked on at once, in this process; telling what came of them takes no slot. Absent: as many as come. */
  slots?: WorkSlots
  /** Steps under way at once. */
  concurrency?: number
  /** Milliseconds until a probe that is not in a log is given up. */
  probeWithin?: number
  /** Milliseconds between two looks of a proof; default 2000. */
  proofEvery?: number
}
