import type { AckFn, ViewResponseAction } from '@slack/bolt'
import type { SlackDeps } from '../deps.ts'
import { LEVEL_BLOCK, LOGGERS_BLOCK, PROXIES_BLOCK, RAISE_LOG_LEVEL } from './raise-log-level.ts'
import { submitLease } from './submit-lease.ts'
import { chosen, chosenAll, type SubmittedView, type Submitter } from './submitted.ts'

/** Takes what was chosen and has a worker raise it, in the thread of the diagnosis. Never rejects. */
export const submitRaiseLogLevel = (
  deps: SlackDeps,
  person: Submitter,
  view: SubmittedView,
  ack: AckFn<ViewResponseAction>,
): Promise<void> =>
  submitLease(
    {
      id: RAISE_LOG_LEVEL,
      what: 'raise the log level',
      command: '/mesh log-level TARGET http:debug',
      request: (lent, { state }, minutes) => {
        const level = chosen({ state }, LEVEL_BLOCK) ?? 'debug'
        return {
          kind: 'raise-log-levels',
          ...lent,
          raise: {
            levels: Object.fromEntries(chosenAll({ state }, LOGGERS_BLOCK).map((logger) => [logger, level])),
            pods: chosenAll({ state }, PROXIES_BLOCK),
            ...minutes,
          },
        }
      },
    },
    deps,
    person,
    view,
    ack,
  )
