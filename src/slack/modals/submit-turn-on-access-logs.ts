import type { AckFn, ViewResponseAction } from '@slack/bolt'
import { defined } from '../../mesh/defined.ts'
import type { SlackDeps } from '../deps.ts'
import { submitLease } from './submit-lease.ts'
import { chosen, type SubmittedView, type Submitter } from './submitted.ts'
import { ANY_PROVIDER, PROVIDER_BLOCK, TURN_ON_ACCESS_LOGS, WORKLOAD_BLOCK } from './turn-on-access-logs.ts'

/** Takes what was chosen and has a worker turn it on, in the thread of the diagnosis. Never rejects. */
export const submitTurnOnAccessLogs = (
  deps: SlackDeps,
  person: Submitter,
  view: SubmittedView,
  ack: AckFn<ViewResponseAction>,
): Promise<void> =>
  submitLease(
    {
      id: TURN_ON_ACCESS_LOGS,
      what: 'turn on access logs',
      command: '/mesh access-log TARGET on',
      request: (lent, { state }, minutes) => {
        const provider = chosen({ state }, PROVIDER_BLOCK)
        return {
          kind: 'turn-on-access-logs',
          ...lent,
          ...defined({ workload: chosen({ state }, WORKLOAD_BLOCK) }),
          ...(provider !== undefined && provider !== ANY_PROVIDER && { provider }),
          ...minutes,
        }
      },
    },
    deps,
    person,
    view,
    ack,
  )
