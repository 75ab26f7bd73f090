import type { ViewOutput } from '@slack/bolt'
import type { Asking } from '../access/asking.ts'

/** A modal as it comes back: where it belongs, and what was filled in. */
export type SubmittedView = Pick<ViewOutput, 'private_metadata' | 'state'>

/** Who filled it in. */
export type Submitter = Pick<Asking, 'user' | 'team' | 'request'>
