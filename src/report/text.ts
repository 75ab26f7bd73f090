import { visible } from '../mesh/visible.ts'
import type { Check, Finding } from '../checks/check.ts'
import { formatRef } from '../mesh/ref.ts'
import type { FollowReport } from '../diagnosis/follow/report.ts'
import { hopRows, OUTCOMES, reasonsOf } from './follow-text.ts'
import type { Report } from '../diagnosis/report.ts'
import { probingLines, type ProbingStyle } from './probing-text.ts'
import { shownBySteps } from './what-it-showed.ts'
import { chartsOf } from './chart.ts'
import { CLASSES_HEAD, classRow, columns } from './followed-classes.ts'
import {
  adviceOf,
  headline,
  otherFindings,
  proofOf,
  proofs,
  ratesSentence,
  remedy,
  sentence,
  STANDINGS,
  unseen,
  VERDICTS,
  whatToDo,
  podCount,
} from './telling.ts'
import { goingOn } from './going-on.ts'
import { kialiSentence } from './kiali-text.ts'
import { sentenceOf } from '../mesh/sentence-of.ts'
import { logsReadSentence } from './logs-read-text.ts'
import { linksOf, type LinkTemplate } from './links.ts'
import { shownCommand } from './shown-command.ts'

const indent = (text: string, by: string): string =>
  text
    .split('\n')
    .map((line) => `${by}${line}`)
    .join('\n')

/** Findings that are named beside the cause, unless all are asked for. */
const MOST_OTHERS = 5

/** Every finding with all its proofs. */
function wholeFinding(checks: readonly Check[], one: Finding): string {
  const lines = [
    `  ${one.code} ${one.check} (${one.severity}, ${STANDINGS[one.standing]})`,
    `    ${sentence(checks, one)}.`,
  ]
  for (const { says, source, quote } of proofs(one)) {
    lines.push(`    - ${says}`, `      $ ${source}`)
    if (quote !== undefined) lines.push(indent(quote, '      | '))
  }
  lines.push(`    What to do: ${remedy(checks, one)}`)
  return lines.join('\n')
}

/** The proof in at most three pieces: what was seen, the command that shows this very thing, and what it showed. */
function proofLines(report: Report): string[] {
  return proofOf(report).flatMap(({ finding, proof }, index) => [
    `  ${index + 1}. ${proof.says}`,
    `     $ ${shownCommand(proof, finding)}`,
    ...(proof.quote === undefined ? [] : [indent(proof.quote, '     | ')]),
  ])
}

/** What else was found, a line each. */
function otherLines(checks: readonly Check[], report: Report): string[] {
  const others = otherFindings(checks, report)
  const named = others
    .slice(0, MOST_OTHERS)
    .flatMap((one) => [
      `  ${one.code} ${sentence(checks, one)} (${STANDINGS[one.standing]}).`,
      `    ${remedy(checks, one)}`,
    ])
  const more = others.length - MOST_OTHERS
  return more > 0 ? [...named, `  and ${more} more: --verbose lists them`] : named
}

/** The path of a request: the outcome, then a line a hop; with the command that shows it where it fails, or everywhere. */
function followLines(follow: FollowReport, everywhere: boolean): string[] {
  const rows = hopRows(follow).map(([mark, stage, name, from], index) => [
    `  ${mark} ${stage.padEnd(9)}  ${name}${from === '' ? '' : `  from ${from}`}`,
    ...(everywhere || follow.hops[index]?.ok === false ? [`      $ ${follow.hops[index]?.command ?? ''}`] : []),
  ])
  return [
    'A request through the proxies, as they are configured',
    `  ${OUTCOMES[follow.outcome]}: ${follow.headline}`,
    ...reasonsOf(follow).map((reason) => `  - ${reason}`),
    ...rows.flat(),
  ]
}

const PROBING: ProbingStyle = {
  heading: (text) => [text],
  sent: (text, command) => [`  ${text}`, `      $ ${command}`],
  notProbed: (texts) => ['  Not probed', ...texts.map((text) => `    ${text}`)],
}

/** What a report in a terminal leaves out unless it is asked for. */
export interface TextOptions {
  /** Every finding with its proofs, every class of requests that was followed, every source that was read, every cause that was ruled out. */
  verbose?: boolean | undefined
  /** Other tools that it links to. */
  links?: readonly LinkTemplate[] | undefined
}

/** What a short report leaves out. */
function everything(checks: readonly Check[], report: Report): string[] {
  const showed = shownBySteps(report)
  return [
    ...(report.findings.length === 0
      ? []
      : ['All findings', ...report.findings.map((one) => wholeFinding(checks, one)), '']),
    ...(report.requests.length === 0
      ? []
      : [
          'Requests followed',
          ...columns([CLASSES_HEAD, ...report.requests.map(classRow)]).map((row) => `  ${row}`),
          '',
        ]),
    ...(report.history === undefined
      ? []
      : ['Over time, as Prometheus counted', ...chartsOf(report.history).map(({ says }) => `  ${says}`), '']),
    ...(report.ruledOut.length === 0
      ? []
      : ['Ruled out', ...report.ruledOut.map(({ check, about }) => `  ${check}: ${about}`), '']),
    'Looked at',
    ...report.plan.flatMap(({ id, outcome, command, milliseconds }) => [
      `  ${outcome === 'seen' ? '✓' : '✗'} ${command}${milliseconds === undefined ? '' : `  (${(milliseconds / 1000).toFixed(2)} s)`}`,
      ...(showed[id] === undefined ? [] : [`      ${showed[id]}`]),
    ]),
  ]
}

/** A report for a terminal. Text from the cluster is shown without control characters. */
export function reportText(
  checks: readonly Check[],
  report: Report,
  { verbose = false, links = [] }: TextOptions = {},
): string {
  const parts = [`${VERDICTS[report.verdict]}: ${headline(checks, report)}`]
  const { cause } = report
  if (cause !== undefined)
    parts.push(`Known from: ${STANDINGS[cause.finding.standing]} (${cause.finding.code} ${cause.finding.check}).`)
  if (report.verdict === 'ill' || report.verdict === 'healthy')
    parts.push(`What is going on: ${goingOn(checks, report)}`)
  const window = logsReadSentence(report)
  if (window !== undefined) parts.push(`Window: ${window}.`)
  const todo = whatToDo(checks, report)
  if (todo !== undefined) parts.push(`What to do: ${todo}`)
  if (report.rates !== undefined) parts.push(`Prometheus: ${ratesSentence(report.rates)}.`)
  const kiali = kialiSentence(report)
  if (kiali !== undefined) parts.push(`Kiali: ${sentenceOf(kiali)}`)
  const proved = proofLines(report)
  if (proved.length > 0) parts.push('', 'Proof', ...proved)
  if (report.follow !== undefined) parts.push('', ...followLines(report.follow, verbose))
  if (report.probing !== undefined) parts.push('', ...probingLines(report.probing, PROBING))
  if (report.changes.length > 0) {
    parts.push('', 'Fixes (nothing is changed; /mesh diagnose in Slack offers to apply them)')
    for (const { title, why, undo, diff } of report.changes)
      parts.push(`  ${title}`, `    ${why}`, `    Undo: ${undo}`, indent(diff.trimEnd(), '      | '))
  }
  const advice = adviceOf(checks, report)
  if (advice.length > 0)
    parts.push(
      '',
      'For people to decide',
      ...advice.map(({ for: code, subject, says }) => `  ${code} ${formatRef(subject)}: ${says}`),
    )
  const others = otherLines(checks, report)
  if (others.length > 0) parts.push('', 'Also found', ...others)
  const missed = unseen(report)
  if (missed.length > 0) {
    parts.push('', 'Not seen')
    for (const { what, reason, detail, checks: names, rule, scope } of missed) {
      parts.push(`  ${what}: ${reason} (${detail})`, `    without it: ${names.join(', ')}`)
      if (rule !== undefined) parts.push(`    missing rule (${scope ?? 'ClusterRole'}): ${rule}`)
    }
  }
  const elsewhere = linksOf(report, links)
  if (elsewhere.length > 0) parts.push('', 'Links', ...elsewhere.map(({ name, url }) => `  ${name}: ${url}`))
  if (verbose) parts.push('', ...everything(checks, report))
  const read = report.plan.filter(({ outcome }) => outcome === 'seen').length
  parts.push(
    '',
    `Target: ${formatRef(report.target.ref)} (${podCount(report)}; hosts ${report.target.hosts.join(', ') || 'unknown'})`,
    `${read} of ${report.plan.length} sources read, ${report.ruledOut.length} causes ruled out${verbose ? '' : '; --verbose lists them'}.`,
  )
  return `${visible(parts.join('\n'))}\n`
}
