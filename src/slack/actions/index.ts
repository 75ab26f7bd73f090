import type { Action } from './action.ts'
import { cancelRun } from './cancel-run.ts'
import { chooseTarget } from './choose-target.ts'
import { doctorRoundTrip } from './doctor-round-trip.ts'
import { fullReport } from './full-report.ts'
import { runAgain } from './run-again.ts'

/** Every button, sorted by name. */
export const ACTIONS: readonly Action[] = [
  cancelRun,
  chooseTarget,
  doctorRoundTrip,
  fullReport,
  runAgain,
]
