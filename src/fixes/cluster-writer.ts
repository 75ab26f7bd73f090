import type { KubernetesObject } from '../mesh/objects.ts'
import type { Ref } from '../mesh/ref.ts'
import type { CaptureWriter } from './capturing.ts'
import type { Identity } from './identity.ts'
import type { LentAccessLog } from './lent-telemetry.ts'
import type { Permit, LeasePermit } from './permit.ts'
import type { Write } from './proposal.ts'

/** Whose fields are ours, in an object's managedFields. */
export const FIELD_MANAGER = 'mesh-medic'
/** Annotation that objects carry while a change of them is in force; its value is the change's id. */
export const CHANGE_ANNOTATION = 'mesh-medic/change'

/** What the API server made of a write. */
export interface Written {
  /** The object after it; undefined when it is deleted. */
  object?: KubernetesObject
  /** False when a former try of the same change had landed already. */
  fresh: boolean
}

/** Fields that somebody else owns, as the API server names them in a conflict. */
export interface FieldConflict {
  manager: string
  /** `.spec.subsets` */
  fields: string[]
}

/**
 * Why a write was not made: `forbidden` (RBAC), `conflict` (others own the fields), `moved` (the object has changed since, or is gone),
 * `refused` (a webhook or validation; the API server's own words), `unavailable` (nothing is known of the outcome when `sent`).
 */
export class WriteError extends Error {
  readonly code = 'write'
  readonly reason: 'forbidden' | 'conflict' | 'moved' | 'refused' | 'unavailable'
  readonly conflicts: readonly FieldConflict[]
  /** True when the request may have reached the API server. */
  readonly sent: boolean
  constructor(
    reason: WriteError['reason'],
    message: string,
    options: { conflicts?: readonly FieldConflict[]; sent?: boolean; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause })
    this.reason = reason
    this.conflicts = options.conflicts ?? []
    this.sent = options.sent ?? false
  }
}

/** The only hand on the cluster. */
export interface ClusterWriter extends CaptureWriter {
  /** An object as it is now, read with the bot's own rights; undefined when there is none. @throws UnseenError; WriteError `refused` for a kind that is never written */
  read(ref: Ref, apiVersion: string, signal: AbortSignal): Promise<KubernetesObject | undefined>
  /**
   * What a write would make of the object (server-side dry run), without the change's annotation; undefined for a deletion.
   * @param force takes fields over from other managers
   * @throws WriteError
   */
  rehearse(
    write: Write,
    as: Identity,
    options: { force: boolean; signal: AbortSignal },
  ): Promise<KubernetesObject | undefined>
  /**
   * Makes one write of an approved change, as the approver. Doing it again does nothing.
   * @throws WriteError
   */
  write(permit: Permit, index: number, signal: AbortSignal): Promise<Written>
  /** Sets levels of a proxy's loggers (`{http: 'debug'}`). @throws UnseenError */
  setLogLevels(
    permit: LeasePermit,
    pod: Ref,
    levels: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<void>
  /** Sets levels of a ztunnel's modules (`{access: 'debug'}`; `*` is every module without one of its own, '' takes a module's own away). @throws UnseenError */
  setZtunnelLevels(
    permit: LeasePermit,
    pod: Ref,
    levels: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<void>
  /**
   * Makes the Telemetry object that turns access logs on for a workload, named after the lease, with the bot's own rights. Doing it again does nothing.
   * @returns its UID
   * @throws UnseenError; then it may be there
   */
  turnOnAccessLog(permit: LeasePermit, workload: Ref, wanted: LentAccessLog, signal: AbortSignal): Promise<string>
  /**
   * Deletes that object, if it is the one that was made and as it was made; nothing when there is none.
   * @param uid of the object that was made, where it is known
   * @throws UnseenError, also for an object of that name that is another's, or that somebody has changed
   */
  turnOffAccessLog(
    permit: LeasePermit,
    workload: Ref,
    wanted: LentAccessLog,
    uid: string | undefined,
    signal: AbortSignal,
  ): Promise<void>
}
