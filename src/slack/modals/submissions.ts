import type { AckFn, ViewResponseAction } from '@slack/bolt'
import type { SlackDeps } from '../deps.ts'
import { DIAGNOSE_WORKLOAD } from './diagnose-workload.ts'
import { EDIT_CHANGE } from './edit-change.ts'
import { RAISE_LOG_LEVEL } from './raise-log-level.ts'
import { REJECT_CHANGE } from './reject-change.ts'
import { SILENCE_INCIDENT } from './silence-incident.ts'
import { submitDiagnoseWorkload } from './submit-diagnose-workload.ts'
import { submitEditChange } from './submit-edit-change.ts'
import { submitRaiseLogLevel } from './submit-raise-log-level.ts'
import { submitRejectChange } from './submit-reject-change.ts'
import { submitSilenceIncident } from './submit-silence-incident.ts'
import { submitTurnOnAccessLogs } from './submit-turn-on-access-logs.ts'
import { TURN_ON_ACCESS_LOGS } from './turn-on-access-logs.ts'
import type { Submitter, SubmittedView } from './submitted.ts'
import { table } from '../../mesh/table.ts'

/** Takes what was filled in; answers the modal by `ack`. Never rejects. */
type Submit = (deps: SlackDeps, person: Submitter, view: SubmittedView, ack: AckFn<ViewResponseAction>) => Promise<void>

/** What a modal's answer is given to, by its callback_id. */
export const SUBMISSIONS: Readonly<Record<string, Submit>> = table({
  [DIAGNOSE_WORKLOAD]: submitDiagnoseWorkload,
  [EDIT_CHANGE]: submitEditChange,
  [RAISE_LOG_LEVEL]: submitRaiseLogLevel,
  [REJECT_CHANGE]: submitRejectChange,
  [SILENCE_INCIDENT]: submitSilenceIncident,
  [TURN_ON_ACCESS_LOGS]: submitTurnOnAccessLogs,
})
