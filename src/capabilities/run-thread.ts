import type { LeaseRefusedError } from '../leases/lease-refused.ts'
import type { CallerError } from '../diagnosis/follow/caller.ts'
import type { FollowReport } from '../diagnosis/follow/report.ts'
import type { MeshStatus, UnknownNamespaceError } from '../diagnosis/mesh-status.ts'
import type { PlannedStep, Report } from '../diagnosis/report.ts'
import type { AmbiguousTargetError, UnknownTargetError } from '../diagnosis/resolve-target.ts'
import type { SelfTestItem } from '../diagnosis/self-test.ts'
import type { TargetSyntaxError } from '../mesh/target-query.ts'
import type { Ref } from '../mesh/ref.ts'
import type { Target } from '../mesh/target.ts'
import type { RunRecord } from '../store/runs.ts'

/** How far a run has come. */
export interface RunProgress {
  target?: Target
  steps: readonly PlannedStep[]
}

/** What a run found out. `shown` says in a few words what each step of the plan showed, by the step's id; the report's readings hold no values. */
export type RunAnswer =
  | { kind: 'diagnose'; report: Report; shown: Record<string, string> }
  | { kind: 'status'; status: MeshStatus }
  | { kind: 'doctor'; items: SelfTestItem[]; askedAt: string }
  | { kind: 'follow'; report: FollowReport }
  | ProposeAnswer
  | { kind: 'decide'; change: string }
  | { kind: 'lend'; lease: string }
  | { kind: 'log-levels'; proxies: ShownLevels[] }

/** What came of asking for a fix: a stored change, several to choose from, or why there is none. */
export type ProposeAnswer =
  | { kind: 'propose'; change: string }
  | { kind: 'propose'; candidates: { choice: string; title: string; why: string }[] }
  | { kind: 'propose'; none: string }

/** Log levels of one proxy; `says` when they could not be read. */
export type ShownLevels = { pod: Ref; levels: Record<string, string> } | { pod: Ref; says: string }

/** Why a run that was begun has no answer: its target is gone, or was never there; or nothing is lent. */
export type RunRefusal =
  | CallerError
  | LeaseRefusedError
  | UnknownTargetError
  | AmbiguousTargetError
  | TargetSyntaxError
  | UnknownNamespaceError

/**
 * Where a run tells what it does and what it found. Whatever was said before, by this worker or by one that was killed, is not said
 * again. Methods reject only when it is worth trying the whole job again; then what is missing is said by the next try.
 */
export interface RunThread {
  /** Makes sure that the run's message is there. */
  open(): Promise<void>
  /** Shows the progress soon; never waits. */
  progress(progress: RunProgress): void
  answer(answer: RunAnswer): Promise<void>
  refused(refusal: RunRefusal): Promise<void>
  /** Says that the bot itself failed. */
  failed(): Promise<void>
  /** `by` is the id of who asked for it. */
  cancelled(by: string | undefined): Promise<void>
}

/** Opens the thread of a run. */
export type OpenThread = (run: RunRecord) => RunThread
