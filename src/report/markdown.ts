import type { Check, Finding } from '../checks/check.ts'
import { formatRef } from '../mesh/ref.ts'
import type { FollowReport } from '../diagnosis/follow/report.ts'
import { hopRows, OUTCOMES, reasonsOf } from './follow-text.ts'
import type { Report } from '../diagnosis/report.ts'
import { probingLines, type ProbingStyle } from './probing-text.ts'
import { chartsOf } from './chart.ts'
import { CLASSES_HEAD, classRow } from './followed-classes.ts'
import {
  adviceOf,
  headline,
  proofs,
  remedy,
  roleOf,
  sentence,
  ratesSentence,
  STANDINGS,
  unseen,
  VERDICTS,
  whatToDo,
  podCount,
} from './telling.ts'
import { goingOn } from './going-on.ts'
import { kialiSentence } from './kiali-text.ts'
import { logsReadSentence } from './logs-read-text.ts'
import { linksOf, type LinkTemplate } from './links.ts'
import { sentenceOf } from '../mesh/sentence-of.ts'
import { visible } from '../mesh/visible.ts'
import { shownBySteps } from './what-it-showed.ts'

const longestRun = (text: string): number => Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length))

/** Text as Markdown shows it literally, on one line. */
export function escapeMarkdown(text: string): string {
  return visible(text)
    .replace(/\s+/g, ' ')
    .replace(/[\\`*_[\]<>#!|~@&]|^[-+]/g, (char) => `\\${char}`)
}

/** Text as an inline code span, whatever back-ticks it holds. */
export function codeSpan(text: string): string {
  const clean = visible(text).replace(/\s+/g, ' ')
  const fence = '`'.repeat(longestRun(clean) + 1)
  return fence.length === 1 ? `\`${clean}\`` : `${fence} ${clean} ${fence}`
}

/** Text as a fenced block that nothing in it can close. */
export function codeBlock(text: string, indent = ''): string {
  const fence = '`'.repeat(Math.max(3, longestRun(text) + 1))
  return [fence, ...visible(text).split('\n'), fence].map((line) => `${indent}${line}`).join('\n')
}

const ROLES = { cause: 'Cause: ', candidate: 'One of: ' }

function findingLines(checks: readonly Check[], one: Finding, role?: keyof typeof ROLES): string[] {
  const lines = [
    `### ${role === undefined ? '' : ROLES[role]}${one.code} ${one.check} (${one.severity}, ${one.standing})`,
    '',
    `${sentence(checks, one, codeSpan)}.`,
    '',
  ]
  for (const { says, source, quote } of proofs(one)) {
    lines.push(`- ${escapeMarkdown(says)}`, `  ${codeSpan(source)}`)
    if (quote !== undefined) lines.push('', codeBlock(quote, '  '), '')
  }
  return [...lines, '', `What to do: ${remedy(checks, one, codeSpan)}`, '']
}

function followLines(follow: FollowReport): string[] {
  const rows = hopRows(follow).map(
    ([mark, stage, name, from], index) =>
      `- ${mark} ${stage} ${codeSpan(name)}${from === '' ? '' : `, from ${escapeMarkdown(from)}`}\n  ${codeSpan(follow.hops[index]?.command ?? '')}`,
  )
  return [
    '## A request through the proxies',
    '',
    `As they are configured. ${OUTCOMES[follow.outcome]}: ${escapeMarkdown(follow.headline)}`,
    '',
    ...reasonsOf(follow).flatMap((reason) => [escapeMarkdown(reason), '']),
    ...rows,
    '',
  ]
}

const PROBING: ProbingStyle = {
  heading: (text) => [`## ${escapeMarkdown(text)}`, ''],
  sent: (text, command) => [`- ${escapeMarkdown(text)}`, `  ${codeSpan(command)}`],
  notProbed: (texts) => ['', 'Not probed:', '', ...texts.map((text) => `- ${escapeMarkdown(text)}`)],
}

function classLines({ requests }: Report): string[] {
  if (requests.length === 0) return []
  // A bar divides the cells of a table, even within code.
  const cell = (text: string): string => codeSpan(text).replaceAll('|', String.raw`\|`)
  return [
    '## Requests followed',
    '',
    `| ${CLASSES_HEAD.join(' | ')} |`,
    `|${CLASSES_HEAD.map(() => '---').join('|')}|`,
    ...requests.map((one) => {
      const [caller, request, ...rest] = classRow(one)
      return `| ${[one.caller === undefined ? caller : cell(caller), cell(request), ...rest].join(' | ')} |`
    }),
    '',
  ]
}

/** A report as Markdown (GitHub's). Everything from the cluster is shown literally. `showed` is what each step showed, by its id, for a report whose readings were not kept. It links to other tools by `links`. */
export function reportMarkdown(
  checks: readonly Check[],
  report: Report,
  showed = shownBySteps(report),
  links: readonly LinkTemplate[] = [],
): string {
  const lines = [
    `# ${VERDICTS[report.verdict]}: ${escapeMarkdown(formatRef(report.target.ref))}`,
    '',
    headline(checks, report, codeSpan),
    '',
  ]
  if (report.cause !== undefined) lines.push(`Known from: ${STANDINGS[report.cause.finding.standing]}.`, '')
  if (report.verdict === 'ill' || report.verdict === 'healthy')
    lines.push(`What is going on: ${goingOn(checks, report, { mark: codeSpan })}`, '')
  const window = logsReadSentence(report)
  if (window !== undefined) lines.push(`Window: ${escapeMarkdown(window)}.`, '')
  const todo = whatToDo(checks, report, codeSpan)
  if (todo !== undefined) lines.push(`What to do: ${todo}`, '')
  if (report.rates !== undefined) lines.push(`Prometheus: ${ratesSentence(report.rates)}.`, '')
  const kiali = kialiSentence(report)
  if (kiali !== undefined) lines.push(`Kiali: ${escapeMarkdown(sentenceOf(kiali))}`, '')
  if (report.history !== undefined)
    lines.push(...chartsOf(report.history).flatMap(({ says }) => [escapeMarkdown(says), '']))
  lines.push(
    `Target: ${codeSpan(formatRef(report.target.ref))}, ${podCount(report)}, hosts ${report.target.hosts.map(codeSpan).join(', ') || 'unknown'}.`,
    `Looked at ${report.startedAt}.`,
    '',
  )
  const hurting = report.findings.filter(({ standing }) => standing !== 'configured')
  const advice = report.findings.filter(({ standing }) => standing === 'configured')
  if (hurting.length > 0)
    lines.push('## Findings', '', ...hurting.flatMap((one) => findingLines(checks, one, roleOf(report, one))))
  if (report.follow !== undefined) lines.push(...followLines(report.follow))
  if (report.probing !== undefined) lines.push(...probingLines(report.probing, PROBING), '')
  lines.push(...classLines(report))
  if (report.changes.length > 0) {
    lines.push('## Fixes', '', 'Nothing is changed before somebody approves it.', '')
    for (const { title, why, undo, diff } of report.changes)
      lines.push(
        `### ${escapeMarkdown(title)}`,
        '',
        escapeMarkdown(why),
        '',
        codeBlock(diff.trimEnd()),
        '',
        `Undo: ${escapeMarkdown(undo)}`,
        '',
      )
  }
  const decide = adviceOf(checks, report)
  if (decide.length > 0)
    lines.push(
      '## For people to decide',
      '',
      ...decide.map(
        ({ for: code, subject, says }) => `- ${code} ${codeSpan(formatRef(subject))}: ${escapeMarkdown(says)}`,
      ),
      '',
    )
  if (advice.length > 0)
    lines.push(
      '## Advice',
      '',
      'Configured only: nothing live shows it.',
      '',
      ...advice.flatMap((one) => findingLines(checks, one, roleOf(report, one))),
    )
  const missed = unseen(report)
  if (missed.length > 0) {
    lines.push('## Not seen', '')
    for (const { what, reason, detail, checks: names, rule, scope } of missed) {
      lines.push(`- ${escapeMarkdown(what)}: ${reason} (${escapeMarkdown(detail)}). Without it: ${names.join(', ')}.`)
      if (rule !== undefined)
        lines.push(`  Missing rule (${escapeMarkdown(scope ?? 'ClusterRole')}): ${codeSpan(rule)}`)
    }
    lines.push('')
  }
  const elsewhere = linksOf(report, links)
  if (elsewhere.length > 0)
    lines.push('## Links', '', ...elsewhere.map(({ name, url }) => `- [${escapeMarkdown(name)}](<${url}>)`), '')
  if (report.ruledOut.length > 0)
    lines.push('## Ruled out', '', ...report.ruledOut.map(({ check, about }) => `- ${check}: ${about}`), '')
  lines.push(
    '## Looked at',
    '',
    ...report.plan.flatMap(({ id, outcome, command, milliseconds }) => [
      `- ${outcome === 'seen' ? '✓' : '✗'} ${codeSpan(command)}${milliseconds === undefined ? '' : ` ${(milliseconds / 1000).toFixed(2)} s`}`,
      ...(showed[id] === undefined ? [] : [`  ${escapeMarkdown(showed[id])}`]),
    ]),
  )
  return `${lines.join('\n')}\n`
}
