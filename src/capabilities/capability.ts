import type { z } from 'zod'
import type { Check } from '../checks/check.ts'
import type { Role } from '../fixes/policy.ts'
import type { AuditEventName } from '../store/audit.ts'
import type { RunRecord, StoredRequest } from '../store/runs.ts'
import type { CapabilityDeps } from './deps.ts'
import type { RunThread } from './run-thread.ts'

/** What became of a run, as one word and one sentence, for its record and the audit. */
export type Outcome = NonNullable<RunRecord['outcome']>

/** What every answer has; the rest belongs to its kind. */
export interface StoredAnswer {
  kind: string
  [fact: string]: unknown
}

/** A role that only some requests of a kind take. */
export interface HigherRole {
  role: Role
  /** What those without it may not do: `send requests here`. */
  act: string
  /** Lines that take no such role. */
  without: readonly string[]
}

export interface Asked<K extends string, R extends StoredRequest, A extends StoredAnswer> {
  kind: K
  /** What is asked, as the run's record keeps it: a record that does not fit is of another version, and is not carried out. */
  request: z.ZodType<R & { kind: K }>
  /** What is answered, as it is kept. */
  answer: z.ZodType<A & { kind: K }>
  /** Who may ask. Operators and approvers are looked at again where the job runs. Absent: only there, by the capability itself. */
  role?: Role
  /** Who may ask for this very request, where that takes a higher role than the rest. */
  roleFor?(request: R): HigherRole | undefined
  audit: {
    asked: AuditEventName
    /** When the role was missing. Absent: nothing is noted. */
    refused?: AuditEventName
    /** What is noted of a request beside its kind, text and target. */
    facts?(request: R): Record<string, unknown>
  }
  /** What only one run at a time may be about; a second one joins the first. */
  claim?(request: R): string | undefined
  /** True when a worker that was killed had got so far that the role need not be looked at again. */
  isBegun?(deps: CapabilityDeps, run: RunRecord<R>): Promise<boolean>
}

/** A question that has one answer: it is kept, told in the run's thread, and can be cancelled on the way. */
interface Told<R extends StoredRequest, A extends StoredAnswer> {
  /** Finds the answer. @throws UserError when there is none and the person can do something; the signal's reason when it was aborted */
  work(deps: CapabilityDeps, run: RunRecord<R>, thread: RunThread<A>, signal: AbortSignal): Promise<A>
  outcome(answer: A, checks: readonly Check[]): Outcome
  /** Takes back what nobody can decide on, as the answer stands nowhere. */
  unshown?(deps: CapabilityDeps, answer: A): Promise<void>
}

/** An act that shows itself only once it is allowed: it tells the thread itself, step by step, and is not cancelled half-way. */
interface Quiet<R extends StoredRequest, A extends StoredAnswer> {
  /** May be called again at any moment for a run that was begun: what was done is not done twice. */
  act(deps: CapabilityDeps, run: RunRecord<R>, thread: RunThread<A>, signal: AbortSignal): Promise<Outcome>
  /** True while something was begun that only the run can bring to its end: then it is never too old. */
  isUnderWay(deps: Pick<CapabilityDeps, 'records'>, run: RunRecord<R>): Promise<boolean>
  /** Says what is known of a run that has no attempts left, and what is not. */
  abandon(deps: CapabilityDeps, run: RunRecord<R>, thread: RunThread<A>, error: unknown): Promise<void>
}

/** One thing that can be asked. */
export type Capability<K extends string, R extends StoredRequest, A extends StoredAnswer> = Asked<K, R, A> &
  (Told<R, A> | Quiet<R, A>)

/** The role that a request takes. */
export const roleOf = (capability: AnyCapability, request: StoredRequest): Role | undefined =>
  capability.roleFor?.(request)?.role ?? capability.role

/** Any capability, by its kind alone. */
export type AnyCapability = Capability<string, StoredRequest, StoredAnswer>

export type ToldCapability = Extract<AnyCapability, { work: unknown }>
export type QuietCapability = Extract<AnyCapability, { act: unknown }>

/** Declares a capability; only gives the literal its type. */
export const defineCapability = <
  const K extends string,
  R extends StoredRequest,
  A extends StoredAnswer,
  C extends Told<R, A> | Quiet<R, A>,
>(
  capability: Asked<K, R, A> & C,
): Asked<K, R, A> & C => capability

/** True for one that shows itself only once it is allowed. */
export const isQuiet = (capability: AnyCapability): capability is QuietCapability => 'act' in capability
