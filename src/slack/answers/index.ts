import type { RunKind } from '../../capabilities/index.ts'
import type { RunRecord, StoredRequest } from '../../store/runs.ts'
import { subjectOf, type SpokenRun } from '../blocks/running.ts'
import { accessLogsAnswer } from './access-logs.ts'
import type { AnyAnswer } from './answer.ts'
import { captureAnswer } from './capture.ts'
import { decideAnswer } from './decide.ts'
import { diagnoseAnswer } from './diagnose.ts'
import { doctorAnswer } from './doctor.ts'
import { flagExampleAnswer } from './flag-example.ts'
import { followAnswer } from './follow.ts'
import { logLevelsAnswer } from './log-levels.ts'
import { proposeAnswer } from './propose.ts'
import { raiseAnswer } from './raise-log-levels.ts'
import { statusAnswer } from './status.ts'
import { telemetryAnswer } from './telemetry.ts'
import { timelineAnswer } from './timeline.ts'
import { turnOnAccessLogsAnswer } from './turn-on-access-logs.ts'

/** How each thing that can be asked looks in Slack, sorted by kind. */
export const ANSWERS: Readonly<Record<RunKind, AnyAnswer>> = {
  'access-logs': accessLogsAnswer,
  capture: captureAnswer,
  decide: decideAnswer,
  diagnose: diagnoseAnswer,
  doctor: doctorAnswer,
  'flag-example': flagExampleAnswer,
  follow: followAnswer,
  'log-levels': logLevelsAnswer,
  propose: proposeAnswer,
  'raise-log-levels': raiseAnswer,
  status: statusAnswer,
  telemetry: telemetryAnswer,
  timeline: timelineAnswer,
  'turn-on-access-logs': turnOnAccessLogsAnswer,
}

const BY_KIND: ReadonlyMap<string, AnyAnswer> = new Map(Object.entries(ANSWERS))

/** @throws Error for a kind of another version: such a run is never begun nor carried out */
export function answerOf({ kind }: Pick<StoredRequest, 'kind'>): AnyAnswer {
  const answer = BY_KIND.get(kind)
  if (answer === undefined) throw new Error(`runs of kind ${kind} are not shown here`)
  return answer
}

/** A run and how it is spoken of: what goes on, and what it is about. */
export function spokenOf(run: RunRecord): SpokenRun {
  const { request } = run
  const answer = answerOf(request)
  return { run, doing: answer.doing, subject: answer.subject?.(request) ?? subjectOf(run) }
}
