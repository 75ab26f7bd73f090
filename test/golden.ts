import { CHECKS } from '../src/checks/index.ts'
import type { Finding } from '../src/checks/check.ts'
import type { Report } from '../src/diagnosis/report.ts'
import { changesOf } from '../src/fixes/propose.ts'
import { formatRef } from '../src/mesh/ref.ts'
import { codeBlock } from '../src/report/markdown.ts'
import { reportText } from '../src/report/text.ts'
import type { Fields } from '../src/sandbox/slack/records.ts'
import { blockLines } from '../src/sandbox/slack/rendering/lines.ts'
import type { Part } from '../src/slack/blocks/part.ts'
import { reportParts } from '../src/slack/blocks/report-parts.ts'
import type { SlackMessage } from '../src/slack/blocks/rich.ts'
import { verdictMessage } from '../src/slack/blocks/verdict.ts'
import type { RunRecord } from '../src/store/runs.ts'
import type { Situation } from './situation.ts'

/** A report as the terminal and Slack show it: with its fixes, and without the times that differ from run to run. */
export function shownReport(report: Report): Report {
  return { ...report, ...changesOf(report), plan: report.plan.map(({ milliseconds: _, ...step }) => step) }
}

/** The thread as Slack gets it: the parent message at its end, then the replies. */
export function thread(report: Report, ask: string): { root: SlackMessage; replies: readonly Part[] } {
  const run: RunRecord = {
    id: 'run',
    state: 'done',
    request: { kind: 'diagnose', text: ask },
    asker: { user: 'U_ONCALL' },
    channel: 'C_MESH',
    createdAt: report.startedAt,
  }
  return {
    root: verdictMessage(report, run, { checks: CHECKS }, []),
    replies: reportParts(report, { checks: CHECKS }),
  }
}

const byName = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
const itself = (id: string): string => id

/** What a message says, line by line. */
export const messageLines = ({ blocks }: SlackMessage): readonly string[] =>
  blockLines(blocks as unknown as Fields[], { person: itself, channel: itself, group: itself })

/** One line: `MESH0101 error observed VirtualService shop/catalog host=catalog subsets=v1,v2`. */
const findingLine = ({ code, severity, standing, subject, args }: Finding): string =>
  [
    code,
    severity,
    standing,
    formatRef(subject),
    ...Object.entries(args)
      .toSorted(([a], [b]) => byName(a, b))
      .map(([name, value]) => `${name}=${Array.isArray(value) ? value.join(',') : String(value)}`),
  ].join(' ')

const findingLines = (findings: readonly Finding[]): string[] => findings.map(findingLine).sort(byName)

/** Checks that neither found something nor lacked something to look at: what a report must rule out. */
function silentChecks({ findings, skipped }: Report): string[] {
  const heard = new Set([...findings, ...skipped.filter(({ partly }) => !partly)].map(({ check }) => check))
  return CHECKS.filter(({ optional }) => optional !== true)
    .map(({ name }) => name)
    .filter((name) => !heard.has(name))
}

/** What was ruled out, by the checks' names; one line when it is all that it can be, so that a new check changes no golden. */
function ruledOutLines(report: Report): string[] {
  const names = report.ruledOut.map(({ check }) => check)
  const missing = silentChecks(report).filter((name) => !names.includes(name))
  return [
    'Ruled out: every check that found nothing and could look',
    ...missing.map((name) => `  but for ${name}`),
    ...names.filter((name) => !silentChecks(report).includes(name)).map((name) => `  and ${name}`),
  ]
}

/** The report as the terminal prints it, but for the number of checks that were ruled out: it grows with every new check. */
function textWithoutRuledOut(report: Report): string {
  return reportText(CHECKS, report)
    .replace(/, \d+ causes ruled out/, '')
    .trimEnd()
}

const replyLines = ({ name, message }: Part): string[] => ['', `──── reply ${name}`, ...messageLines(message)]

const section = (title: string, lines: readonly string[]): string[] => [
  `## ${title}`,
  '',
  codeBlock(lines.map((line) => line.trimEnd()).join('\n')),
  '',
]

/** What a diagnosis of a situation and of its healthy twin says, for people to read in a diff. */
export function golden({ name, about, ask }: Situation, ill: Report, mended: Report): string {
  const { root, replies } = thread(ill, ask)
  const { verdict, cause, follow, findings } = ill
  const dies = follow === undefined ? 'not followed' : (follow.dies ?? 'nowhere')
  return [
    `# ${name}`,
    '',
    about,
    '',
    `Asked: \`diagnose ${ask}\``,
    '',
    ...section('Findings', [
      `${verdict}, a request dies: ${dies}`,
      ...(cause === undefined
        ? []
        : [
            `cause ${cause.finding.code} ${formatRef(cause.finding.subject)}, explains ${
              cause.explains
                .map(({ code }) => code)
                .sort()
                .join(' ') || 'nothing else'
            }`,
          ]),
      ...findingLines(findings),
    ]),
    ...section('Report', [...textWithoutRuledOut(ill).split('\n'), '', ...ruledOutLines(ill)]),
    ...section('Slack', [...messageLines(root), ...replies.flatMap(replyLines)]),
    ...section('Mended', [
      mended.verdict,
      ...findingLines(mended.findings.filter(({ severity }) => severity !== 'info')),
    ]),
  ].join('\n')
}
