import type { Command } from './command.ts'
import { accessLog } from './access-log.ts'
import { audit } from './audit.ts'
import { cancel } from './cancel.ts'
import { capture } from './capture.ts'
import { diagnose } from './diagnose.ts'
import { doctor } from './doctor.ts'
import { flags } from './flags.ts'
import { follow } from './follow.ts'
import { help } from './help.ts'
import { history } from './history.ts'
import { incidents } from './incidents.ts'
import { leases } from './leases.ts'
import { logLevel } from './log-level.ts'
import { status } from './status.ts'
import { telemetry } from './telemetry.ts'
import { timeline } from './timeline.ts'

/** Every command, sorted by name. */
export const COMMANDS: readonly Command[] = [
  accessLog,
  audit,
  cancel,
  capture,
  diagnose,
  doctor,
  flags,
  follow,
  help,
  history,
  incidents,
  leases,
  logLevel,
  status,
  telemetry,
  timeline,
]
