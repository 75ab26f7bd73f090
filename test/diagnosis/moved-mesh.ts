import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CHECKS } from '../../src/checks/index.ts'
import { examine } from '../../src/diagnosis/examine.ts'
import type { Report } from '../../src/diagnosis/report.ts'
import { replayClients, type Recording } from '../../src/evidence/clients/recording.ts'
import { changesOf } from '../../src/fixes/propose.ts'
import { reportJson } from '../../src/report/json.ts'
import { outcomeOf, parseAsk, readSituation, SCENARIOS } from '../situation.ts'

/** The text of a recording, `chapter-10/ill`. */
export const recordingText = (from: string): string => readFileSync(join(SCENARIOS, from, 'recording.json'), 'utf8')

/** Judges a mesh that was recorded and then moved. */
export const diagnosed = (recording: Recording, ask: string): Promise<Report> =>
  examine(parseAsk(ask), replayClients(recording, { shared: true }), CHECKS)

/**
 * Everything that is said of a mesh, what is proposed included, and how it compares with what its situation expects.
 *
 * @param back puts the old names where the new ones are, so that what is said before and after a move can be compared
 */
export function saidBy(
  name: string,
  report: Report,
  back: (text: string) => string,
): { json: string; outcome: unknown } {
  // What is proposed belongs to what is said; a change's id is made of its writes.
  const { changes, advice } = changesOf(report)
  const said = {
    ...(reportJson({ ...report, plan: report.plan.map(({ milliseconds: _, ...step }) => step) }) as object),
    changes: changes.map(({ id: _, ...change }) => change),
    advice,
  }
  return { json: back(JSON.stringify(said)), outcome: outcomeOf(report, readSituation(name)) }
}
