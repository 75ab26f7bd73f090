/**
 * npm run corpus: diagnoses every recorded situation and its mended twin again, and prints what came of it; then, apart, the meshes
 * rebuilt from public reports that are recorded.
 *
 * Ends with 1 when the reports come out worse than test/reports/least.json asks, or of the situations a wrong cause was named, a healthy twin was flagged, fewer than 95 % of the causes were right, or a situation is not recorded.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { replay } from './replay.ts'
import type { ReportRow } from './report-corpus.ts'
import { reportRows, worseThanAsked } from './report-corpus.ts'
import type { Situation } from './situation.ts'
import { codesOf, outcomeOf, PHASES, SCENARIOS, situations } from './situation.ts'

/** Right from this share of situations on. */
const WANTED = 0.95

type Judgement = 'right' | 'wrong' | 'unclear'
type Outcome = ReturnType<typeof outcomeOf>

interface Row {
  situation: string
  expected: string
  found: string
  standing: string
  hop: string
  judgement: Judgement
  isTwinSilent: boolean
}

/** The cause and its object or, of a mesh that is well, its warnings. */
function told(outcome: Outcome): string {
  if ('cause' in outcome) return `${outcome.code} ${outcome.cause}: ${outcome.subject}`
  return 'warnings' in outcome
    ? `healthy${outcome.warnings.length === 0 ? '' : `, warns of ${outcome.warnings.join(', ')}`}`
    : `${outcome.verdict}, no cause`
}

/** To call an ill mesh well is wrong; to name no cause is unclear. */
function judged(found: Outcome, expected: Outcome): Judgement {
  if (told(found) === told(expected)) return 'right'
  return 'cause' in found || 'warnings' in found ? 'wrong' : 'unclear'
}

const standingOf = (outcome: Outcome): string => ('standing' in outcome ? outcome.standing : '')
const hopOf = ({ hop }: Outcome): string => (hop === null ? 'none' : (hop ?? 'unsaid'))
const against = (found: string, expected: string): string => (found === expected ? found : `${found}, not ${expected}`)

/** True when nothing hurts the mended mesh, and what was found in the ill one is gone. */
async function isTwinSilent(situation: Situation): Promise<boolean> {
  const { verdict, findings } = await replay(`${situation.name}/mended`)
  return (
    verdict === 'healthy' &&
    !findings.some(
      ({ severity, standing, code }) =>
        severity === 'error' || standing === 'observed' || codesOf(situation).includes(code),
    )
  )
}

async function row(situation: Situation): Promise<Row> {
  const found = outcomeOf(await replay(`${situation.name}/ill`), situation)
  const { expect: expected } = situation
  return {
    situation: situation.name,
    expected: told(expected),
    found: told(found),
    standing: against(standingOf(found), standingOf(expected)),
    hop: against(hopOf(found), hopOf(expected)),
    judgement: judged(found, expected),
    isTwinSilent: await isTwinSilent(situation),
  }
}

const HEAD = ['situation', 'expected', 'found', 'standing', 'hop', 'cause', 'twin']
const cellsOf = (one: Row): string[] => [
  one.situation,
  one.expected,
  one.found === one.expected ? 'the same' : one.found,
  one.standing,
  one.hop,
  one.judgement,
  one.isTwinSilent ? 'silent' : 'FLAGGED',
]

const REPORT_HEAD = ['report', 'expected', 'found', 'score', 'twin']
const reportCellsOf = ({ name, expected, found, score, twin }: ReportRow): string[] => [
  name,
  expected,
  found === expected ? 'the same' : found,
  score,
  twin ?? '',
]

function table(head: readonly string[], cells: readonly string[][]): string {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...cells.map((texts) => texts[column]?.length ?? 0)),
  )
  return [head, widths.map((width) => '-'.repeat(width)), ...cells]
    .map((texts) =>
      texts
        .map((text, column) => text.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** `right 30, wrong 1`. */
function tally(scores: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const score of scores) counts.set(score, (counts.get(score) ?? 0) + 1)
  return [...counts].map(([score, times]) => `${score} ${times}`).join(', ')
}

const isRecorded = ({ name }: Situation): boolean =>
  PHASES.every((phase) => existsSync(join(SCENARIOS, name, phase, 'recording.json')))

const all = situations()
const unrecorded = all.filter((one) => !isRecorded(one)).map(({ name }) => name)
const rows: Row[] = []
for (const situation of all.filter(isRecorded)) rows.push(await row(situation))
const count = (judgement: Judgement): number => rows.filter((one) => one.judgement === judgement).length
const percent = (some: number): string => `${some} of ${rows.length} (${((100 * some) / rows.length).toFixed(1)} %)`
const flagged = rows.filter((one) => !one.isTwinSilent).length

process.stdout.write(`${table(HEAD, rows.map(cellsOf))}\n`)
process.stdout.write(
  `\nright cause ${percent(count('right'))}, wrong cause ${percent(count('wrong'))}, unclear ${percent(count('unclear'))}, healthy twins flagged ${percent(flagged)}\n`,
)

const reported = await reportRows()
const worse = worseThanAsked(reported)
if (reported.length > 0)
  process.stdout.write(
    `\n${table(REPORT_HEAD, reported.map(reportCellsOf))}\n\nof public reports: ${tally(reported.map(({ score }) => score))}; twins: ${tally(reported.flatMap(({ twin }) => twin ?? []))}\n`,
  )
for (const one of worse) process.stdout.write(`the reports got worse: ${one}\n`)
if (unrecorded.length > 0) process.stdout.write(`not recorded yet: ${unrecorded.join(', ')}\n`)
if (
  worse.length > 0 ||
  rows.length === 0 ||
  unrecorded.length > 0 ||
  count('wrong') > 0 ||
  flagged > 0 ||
  count('right') / rows.length < WANTED
)
  process.exitCode = 1
