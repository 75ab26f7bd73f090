import type { z } from 'zod'
import type { StoredAnswer } from '../../capabilities/capability.ts'
import type { Policy } from '../../fixes/policy.ts'
import type { UserError } from '../../mesh/user-error.ts'
import type { Records } from '../../store/records.ts'
import type { RunRecord, StoredRequest } from '../../store/runs.ts'
import type { Part } from '../blocks/part.ts'
import type { ButtonSpec } from '../blocks/buttons.ts'
import type { SlackMessage } from '../blocks/rich.ts'
import type { TellingOptions } from '../blocks/telling-options.ts'
import type { AnswerFile } from './file.ts'

/** What answers are shown with. */
export interface Showing {
  records: Records
  telling: TellingOptions
  /** Says who may approve; without it nobody. */
  policy?: Policy | undefined
}

/** All that an answer shows: the run's message, what its thread says beyond it, and the whole in a file, for when something did not fit. */
export interface ShownAnswer {
  message: SlackMessage
  parts: readonly Part[]
  file?: () => AnswerFile
  /** Shown in the thread before the parts; without it nothing is missing. */
  picture?: () => Promise<AnswerFile>
  /** The part whose message shows the picture, where it has no message of its own. */
  pictureIn?: string
}

/** How runs of one kind look in Slack. */
export interface Answer<K extends string, R extends StoredRequest, A extends StoredAnswer> {
  kind: K
  /** What goes on while it runs: `Diagnosing`. */
  doing: string
  /** What a run is about. Absent: its target, or what was typed. */
  subject?(request: R): string
  /** Said to who asks for what is being worked on already. */
  joined?(subject: string): string
  /** True when only whoever pressed may ask for it again, by another press. */
  isOncePressed?: boolean
  /** The message while it runs, where it is not the plan with a button to cancel. */
  running?(showing: Showing, run: RunRecord<R>): Promise<SlackMessage | undefined>
  /** An answer as it is shown, with fresh buttons. */
  shown(showing: Showing, answer: A, run: RunRecord<R>): ShownAnswer | Promise<ShownAnswer>
  /** The whole answer, for “Full report”: to read, and for programs. */
  full?: {
    readable(answer: A, run: RunRecord<R>, telling: TellingOptions): AnswerFile
    json(answer: A): unknown
    /** What is kept beside the answer. */
    beside?(records: Records, answer: A): Promise<readonly AnswerFile[]>
  }
  /** What to tell about an error of a run, where it is not what is told of any other. */
  refused?(error: UserError, request: R): UserError | undefined
  /** Buttons for what can be done where a run was refused, beside asking again. */
  instead?(records: Records, run: RunRecord<R>, error: UserError): Promise<readonly ButtonSpec[]>
}

/** Any answer, by its kind alone. */
export type AnyAnswer = Answer<string, StoredRequest, StoredAnswer>

/** Declares how a capability's runs look; only gives the literal its type. */
export const defineAnswer = <K extends string, R extends StoredRequest, A extends StoredAnswer>(
  capability: { kind: K; request: z.ZodType<R>; answer: z.ZodType<A> },
  answer: Omit<Answer<K, R, A>, 'kind'>,
): Answer<K, R, A> => ({ kind: capability.kind, ...answer })
