import type { Action } from './action.ts'
import { approveCapture } from './approve-capture.ts'
import { approveChange } from './approve-change.ts'
import { cancelRun } from './cancel-run.ts'
import { causeFeedback } from './cause-feedback.ts'
import { chooseFix } from './choose-fix.ts'
import { chooseTarget } from './choose-target.ts'
import { deleteAnswer } from './delete-answer.ts'
import { doctorRoundTrip } from './doctor-round-trip.ts'
import { downloadPatch } from './download-patch.ts'
import { editChange } from './edit-change.ts'
import { extendLeaseAction } from './extend-lease.ts'
import { fullReport } from './full-report.ts'
import { proposeFix } from './propose-fix.ts'
import { putBackLease } from './put-back-lease.ts'
import { raiseLogLevel } from './raise-log-level.ts'
import { rejectCapture } from './reject-capture.ts'
import { rejectChange } from './reject-change.ts'
import { runAgain } from './run-again.ts'
import { saveLog } from './save-log.ts'
import { showFailedRequest } from './show-failed-request.ts'
import { silenceIncident } from './silence-incident.ts'
import { turnOnAccessLogsAction } from './turn-on-access-logs.ts'
import { undoChange } from './undo-change.ts'

/** Every button, sorted by name. */
export const ACTIONS: readonly Action[] = [
  approveCapture,
  approveChange,
  cancelRun,
  causeFeedback,
  chooseFix,
  chooseTarget,
  deleteAnswer,
  doctorRoundTrip,
  downloadPatch,
  editChange,
  extendLeaseAction,
  fullReport,
  proposeFix,
  putBackLease,
  raiseLogLevel,
  rejectCapture,
  rejectChange,
  runAgain,
  saveLog,
  showFailedRequest,
  silenceIncident,
  turnOnAccessLogsAction,
  undoChange,
]
