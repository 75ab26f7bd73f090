import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CHECKS } from '../src/checks/index.ts'
import { examine } from '../src/diagnosis/examine.ts'
import { parseRecording, replayClients } from '../src/evidence/clients/recording.ts'
import { z } from 'zod'
import type { Report } from './report.ts'
import { hasTwin, REPORTS, reports } from './report.ts'
import type { Score, Told } from './report-score.ts'
import { causeTold, scoreOf } from './report-score.ts'
import type { Phase } from './situation.ts'
import { parseAsk } from './situation.ts'

/** A report's score and its twin's, from its recordings. */
export interface ReportRow {
  name: string
  expected: string
  found: string
  score: Score
  twin: Score | undefined
}

const recordingOf = ({ name }: Report, phase: Phase): string => join(REPORTS, name, phase, 'recording.json')

/** Whether the report and its twin are recorded; a target that is not known leaves no less of a recording. */
export const isReportRecorded = (report: Report): boolean =>
  existsSync(recordingOf(report, 'ill')) && (!hasTwin(report) || existsSync(recordingOf(report, 'mended')))

async function diagnosed(report: Report, phase: Phase): Promise<Told | undefined> {
  const recording = parseRecording(readFileSync(recordingOf(report, phase), 'utf8'))
  try {
    return await examine(parseAsk(report.ask), replayClients(recording), CHECKS)
  } catch {
    return undefined
  }
}

/** Diagnoses every recorded report and its twin again. */
export async function reportRows(): Promise<ReportRow[]> {
  const rows: ReportRow[] = []
  for (const report of reports().filter(isReportRecorded)) {
    const told = await diagnosed(report, 'ill')
    rows.push({
      name: report.name,
      expected: report.truth.verdict === 'ill' ? report.truth.subjects.join(', ') : 'healthy',
      found: causeTold(told) || (told?.verdict ?? 'no report'),
      score: scoreOf(report, told),
      twin: hasTwin(report) ? scoreOf(report, await diagnosed(report, 'mended'), true) : undefined,
    })
  }
  return rows
}

const Least = z.strictObject({ right: z.number(), wrong: z.number(), MISSED: z.number(), 'FALSE-ALARM': z.number() })

/** In what the rows are worse than test/reports/least.json asks: `right 30, at least 36`. */
export function worseThanAsked(rows: readonly ReportRow[]): string[] {
  const file = join(REPORTS, 'least.json')
  if (rows.length === 0 || !existsSync(file)) return []
  const asked = Least.parse(JSON.parse(readFileSync(file, 'utf8')))
  const all = rows.flatMap(({ score, twin }) => (twin === undefined ? [score] : [score, twin]))
  const count = (score: Score): number => all.filter((one) => one === score).length
  return [
    ...(count('right') < asked.right ? [`right ${count('right')}, at least ${asked.right}`] : []),
    ...(['wrong', 'MISSED', 'FALSE-ALARM'] as const)
      .filter((score) => count(score) > asked[score])
      .map((score) => `${score} ${count(score)}, at most ${asked[score]}`),
  ]
}
