import type { Doing, Group } from './command.ts'
import { accessLog } from './access-log.ts'
import { alerts } from './alerts.ts'
import { audit } from './audit.ts'
import { capture } from './capture.ts'
import { config } from './config.ts'
import { demo } from './demo.ts'
import { diagnose } from './diagnose.ts'
import { doctor } from './doctor.ts'
import { feedback } from './feedback.ts'
import { flags } from './flags.ts'
import { follow } from './follow.ts'
import { logLevel } from './log-level.ts'
import { serve } from './serve.ts'
import { status } from './status.ts'
import { telemetry } from './telemetry.ts'
import { timeline } from './timeline.ts'

/** Every command of the terminal, sorted by name. */
export const COMMANDS: readonly (Doing | Group)[] = [
  accessLog,
  alerts,
  audit,
  capture,
  config,
  demo,
  diagnose,
  doctor,
  feedback,
  flags,
  follow,
  logLevel,
  serve,
  status,
  telemetry,
  timeline,
]
