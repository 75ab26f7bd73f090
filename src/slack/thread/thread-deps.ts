import type { Policy } from '../../fixes/policy.ts'
import type { Log } from '../../queue/log.ts'
import type { Records } from '../../store/records.ts'
import type { TellingOptions } from '../blocks/telling-options.ts'
import type { SlackCalls } from '../transport/calls.ts'

/** What messages of runs are posted with. */
export interface ThreadDeps {
  records: Records
  slack: SlackCalls
  telling: TellingOptions
  /** Says who may approve a change; without it nobody. */
  policy?: Policy
  log: Log
  /** Milliseconds between two updates of a run's message. Default 1000. */
  updateEvery?: number
  /** Milliseconds that a post which another process began may take. Default 12 000. */
  underWay?: number
}

/** The run's message, and the one that takes its place should somebody delete it. */
export const MESSAGES_OF_RUN = ['parent', 'parent-2'] as const
