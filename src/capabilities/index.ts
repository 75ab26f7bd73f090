import type { z } from 'zod'
import { presentWord } from '../store/former-words.ts'
import type { RunRecord } from '../store/runs.ts'
import type { AnyCapability } from './capability.ts'
import { accessLogs } from './access-logs.ts'
import { capture } from './capture.ts'
import { decide } from './decide.ts'
import { diagnose } from './diagnose.ts'
import { doctor } from './doctor.ts'
import { flagExample } from './flag-example.ts'
import { follow } from './follow.ts'
import { logLevels } from './log-levels.ts'
import { propose } from './propose.ts'
import { raise } from './raise-log-levels.ts'
import { status } from './status.ts'
import { telemetry } from './telemetry.ts'
import { timeline } from './timeline.ts'
import { turnOnAccessLogs } from './turn-on-access-logs.ts'

/** Everything that can be asked, sorted by kind. */
export const CAPABILITIES = [
  accessLogs,
  capture,
  decide,
  diagnose,
  doctor,
  flagExample,
  follow,
  logLevels,
  propose,
  raise,
  status,
  telemetry,
  timeline,
  turnOnAccessLogs,
] as const satisfies readonly AnyCapability[]

type Each = (typeof CAPABILITIES)[number]

/** What can be asked: `diagnose`, `status` and so on. */
export type RunKind = Each['kind']
/** What a run is asked to do. */
export type RunRequest = z.output<Each['request']>
/** What a run found out. */
export type RunAnswer = z.output<Each['answer']>
/** A run whose request is one that this version knows. */
export type Run = RunRecord<RunRequest>

const BY_KIND: ReadonlyMap<string, AnyCapability> = new Map(CAPABILITIES.map((one) => [one.kind, one]))

/** The capability of that kind; undefined for one of another version. */
export const capabilityOf = (kind: string): AnyCapability | undefined => BY_KIND.get(presentWord(kind))

/** A stored run with its request read; undefined for one of another version. */
export function readable(run: RunRecord): Run | undefined {
  const request = capabilityOf(run.request.kind)?.request.safeParse(run.request).data
  return request === undefined ? undefined : { ...run, request: request as RunRequest }
}
