/**
 * Writes the tables of docs/accuracy.md from test/reports/scores.json.
 *
 * npm run accuracy                          the tables alone
 * npm run accuracy -- after FILE.jsonl...   takes what `npm run reports` wrote as the scores after the first run; a later line of a report stands
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { Report, Request } from './report.ts'
import { REPORTS, reports } from './report.ts'

const SCORES = join(REPORTS, 'scores.json')
const PAGE = join(import.meta.dirname, '..', 'docs', 'accuracy.md')
const [BEGIN, END] = ['<!-- tables: npm run accuracy -->', '<!-- end of tables -->']

const RUNS = ['first', 'after'] as const
type Run = (typeof RUNS)[number]

const Scored = z.strictObject({
  score: z.string(),
  cause: z.string().exactOptional(),
  twin: z.string().exactOptional(),
})
type Scored = z.infer<typeof Scored>
const Scores = z.strictObject({
  first: z.record(z.string(), Scored).default({}),
  after: z.record(z.string(), Scored).default({}),
})
const Line = z.object({
  name: z.string(),
  ill: z.object({ score: z.string(), cause: z.string().optional() }),
  twin: z.object({ score: z.string() }).optional(),
})

const WORDS: Record<string, string> = {
  'no-cause': 'no cause',
  'no-report': 'no such target',
  MISSED: '**missed**',
  'FALSE-ALARM': '**false alarm**',
}
const worded = (score: string): string => WORDS[score] ?? score

/** The lines of a run as scores; what was not shown counts for nothing. */
function scored(files: readonly string[]): Record<string, Scored> {
  const lines = files.flatMap((file) => readFileSync(file, 'utf8').split('\n'))
  const all = lines.filter((line) => line !== '').map((line) => Line.parse(JSON.parse(line)))
  return Object.fromEntries(
    all
      .filter(({ ill }) => ill.score !== 'not-shown')
      .sort((a, b) => a.name.localeCompare(b.name, 'en'))
      .map(({ name, ill: { score, cause = '' }, twin }): [string, Scored] => [
        name,
        { score, ...(cause !== '' && { cause }), ...(twin !== undefined && { twin: twin.score }) },
      ]),
  )
}

const row = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`
const tableOf = (head: readonly string[], rows: readonly (string | number)[][]): string =>
  [row(head), `|${'---|'.repeat(head.length)}`, ...rows.map(row)].join('\n')

function tally(all: readonly Report[], run: Run, scores: Record<string, Scored>): (string | number)[][] {
  const of = (verdict: string): string[] =>
    all.filter(({ truth }) => truth.verdict === verdict).flatMap(({ name }) => scores[name]?.score ?? [])
  const twins = all.flatMap(({ name }) => scores[name]?.twin ?? [])
  const counts = (found: readonly string[], kinds: readonly string[]): (string | number)[] =>
    kinds.map((kind) => found.filter((one) => one === kind).length)
  const [ill, healthy] = [of('ill'), of('healthy')]
  const bad = ['right', 'candidate', 'wrong', 'no-cause', 'unclear', 'MISSED', 'no-report']
  const well = ['silent', 'unclear', 'FALSE-ALARM', 'no-report', 'not-shown']
  return [
    [
      run,
      'ill',
      ill.length,
      counts(ill, bad)
        .map((count, index) => `${worded(bad[index]!)} ${count}`)
        .join(', '),
    ],
    [
      run,
      'healthy twins',
      twins.length,
      counts(twins, well)
        .map((count, index) => `${worded(well[index]!)} ${count}`)
        .join(', '),
    ],
    [
      run,
      'healthy, though they look ill',
      healthy.length,
      counts(healthy, well)
        .map((count, index) => `${worded(well[index]!)} ${count}`)
        .join(', '),
    ],
  ]
}

const caller = ({ namespace }: Report, { from }: Request): string =>
  from === 'outside' ? 'gateway' : `namespace ${(from.split('/')[0] ?? '').replace(`${namespace}-`, '')}`
const symptom = (report: Report): string =>
  report.requests.map((one) => `${caller(report, one)}: ${one.gets.join(', ')}`).join('; ')
const truthOf = ({ truth }: Report): string =>
  truth.verdict === 'healthy'
    ? 'healthy'
    : `${truth.subjects.join(', ')}${truth.acceptable.length === 0 ? '' : ` (or ${truth.acceptable.join(', ')})`}`
const told = (one: Scored | undefined): string =>
  one === undefined ? '' : `${worded(one.score)}${one.score === 'wrong' ? `: ${one.cause ?? ''}` : ''}`

const [run, ...files] = process.argv.slice(2)
const scores = Scores.parse(existsSync(SCORES) ? JSON.parse(readFileSync(SCORES, 'utf8')) : {})
const chosen = RUNS.find((one) => one === run)
if (chosen !== undefined) {
  scores[chosen] = { ...scores[chosen], ...scored(files) }
  writeFileSync(SCORES, `${JSON.stringify(scores, null, 1)}\n`)
}
const all = reports()
const tables = [
  tableOf(
    ['run', 'meshes', 'how many', 'scores'],
    RUNS.filter((one) => Object.keys(scores[one]).length > 0).flatMap((one) => tally(all, one, scores[one])),
  ),
  tableOf(
    ['report', 'source', 'requests get', 'true', 'first run', 'its twin', 'after', 'its twin'],
    all.map((report) => {
      const { name, source } = report
      const [first, after] = [scores.first[name], scores.after[name]]
      return [
        name,
        source,
        symptom(report),
        truthOf(report),
        told(first),
        worded(first?.twin ?? ''),
        told(after),
        worded(after?.twin ?? ''),
      ]
    }),
  ),
].join('\n\n')
const page = readFileSync(PAGE, 'utf8')
writeFileSync(
  PAGE,
  `${page.slice(0, page.indexOf(BEGIN) + BEGIN.length)}\n\n${tables}\n\n${page.slice(page.indexOf(END))}`,
)
