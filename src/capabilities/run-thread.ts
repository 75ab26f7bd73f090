import type { PlannedStep } from '../diagnosis/report.ts'
import type { Target } from '../mesh/target.ts'
import type { UserError } from '../mesh/user-error.ts'

/** How far a run has come. */
export interface RunProgress {
  target?: Target
  steps: readonly PlannedStep[]
}

/** A heading and lines under it. */
export interface Note {
  head: string
  lines: readonly string[]
}

/**
 * Where a run tells what it does and what it found. Whatever was said before, by this worker or by one that was killed, is not said
 * again. Methods reject only when it is worth trying the whole job again; then what is missing is said by the next try.
 */
export interface RunThread<A> {
  /** Makes sure that the run's message is there. */
  open(): Promise<void>
  /** Shows the progress soon; never waits. */
  progress(progress: RunProgress): void
  /** Says something in the thread before the answer, once; `name` tells it from other notes of the run. */
  note(name: string, note: Note): Promise<void>
  /** Resolves to false when the answer could not be put where it was asked, and whoever asked was told so. */
  answer(answer: A): Promise<boolean>
  /** Says why there is no answer, and what would work. */
  refused(error: UserError): Promise<void>
  /** Says that the bot itself failed. */
  failed(): Promise<void>
  /** `by` is the id of who asked for it. */
  cancelled(by: string | undefined): Promise<void>
}
