import type { ViewOutput } from '@slack/bolt'
import type { Asking } from '../access/asking.ts'

/** A modal as it comes back: where it belongs, and what was filled in. */
export type SubmittedView = Pick<ViewOutput, 'private_metadata' | 'state'>

/** Who filled it in. */
export type Submitter = Pick<Asking, 'user' | 'team' | 'request'>

/** What was chosen in a select of one; undefined when nothing was. */
export const chosen = ({ state }: Pick<SubmittedView, 'state'>, block: string): string | undefined =>
  state.values[block]?.chosen?.selected_option?.value

/** What was chosen in a select of several. */
export const chosenAll = ({ state }: Pick<SubmittedView, 'state'>, block: string): string[] =>
  (state.values[block]?.chosen?.selected_options ?? []).map(({ value }) => value)
