import type { Check, Finding } from '../checks/check.ts'
import { formatRef } from '../mesh/ref.ts'
import type { FollowReport } from '../diagnosis/follow/report.ts'
import { hopRows, OUTCOMES } from './follow-text.ts'
import type { Probing } from '../diagnosis/probe/probing.ts'
import type { Report } from '../diagnosis/report.ts'
import { shownBySteps } from './what-it-showed.ts'
import { leftLines, probingHead, sentText } from './probing-text.ts'
import { CLASSES_HEAD, classRow, columns } from './followed-classes.ts'
import {
  headline,
  proofs,
  remedy,
  roleOf,
  sentence,
  STANDINGS,
  trafficSentence,
  unseen,
  VERDICTS,
  verdictRemedy,
} from './telling.ts'

const indent = (text: string, by: string): string =>
  text
    .split('\n')
    .map((line) => `${by}${line}`)
    .join('\n')

const ROLES = { cause: 'CAUSE  ', candidate: 'ONE OF  ' }

function finding(checks: readonly Check[], one: Finding, role?: keyof typeof ROLES): string {
  const lines = [
    `  ${role === undefined ? '' : ROLES[role]}${one.code} ${one.check} (${one.severity}, ${one.standing})`,
    `    ${sentence(checks, one)}.`,
  ]
  for (const { says, source, quote } of proofs(one)) {
    lines.push(`    - ${says}`, `      $ ${source}`)
    if (quote !== undefined) lines.push(indent(quote, '      | '))
  }
  lines.push(`    Remedy: ${remedy(checks, one)}`)
  return lines.join('\n')
}

/** The way of a request: the outcome, then a line a hop and the command that shows it. */
function followLines(follow: FollowReport): string[] {
  const rows = hopRows(follow).map(([mark, stage, name, from], index) => [
    `  ${mark} ${stage.padEnd(9)}  ${name}${from === '' ? '' : `  from ${from}`}`,
    `      $ ${follow.hops[index]?.command ?? ''}`,
  ])
  return [
    'A request through the proxies, as they are configured',
    `  ${OUTCOMES[follow.outcome]}: ${follow.headline}`,
    ...rows.flat(),
  ]
}

/** The probes, and the classes that got none. */
function probingLines(probing: Probing): string[] {
  const left = leftLines(probing.left)
  return [
    probingHead(probing),
    ...probing.sent.flatMap((one) => [`  ${sentText(one)}`, `      $ ${one.command}`]),
    ...(left.length === 0 ? [] : ['  Not probed', ...left.map((text) => `    ${text}`)]),
  ]
}

/** What a report in a terminal leaves out unless it is asked for. */
export interface TextOptions {
  /** Every class of requests that was followed. */
  verbose?: boolean | undefined
}

/** A report for a terminal. Text from the cluster is shown without control characters. */
export function reportText(checks: readonly Check[], report: Report, { verbose = false }: TextOptions = {}): string {
  const parts = [`${VERDICTS[report.verdict]}: ${headline(checks, report)}`]
  if (report.cause !== undefined) parts.push(`Standing: ${STANDINGS[report.cause.finding.standing]}.`)
  const change = verdictRemedy(report)
  if (change !== undefined) parts.push(change)
  const figure = trafficSentence(report)
  if (figure !== undefined) parts.push(`Traffic: ${figure}.`)
  parts.push(
    '',
    `Target: ${formatRef(report.target.ref)} (${report.target.pods.length} pods; hosts ${report.target.hosts.join(', ') || 'unknown'})`,
  )
  const hurting = report.findings.filter(({ standing }) => standing !== 'configured')
  const advice = report.findings.filter(({ standing }) => standing === 'configured')
  if (hurting.length > 0) parts.push('', 'Findings', ...hurting.map((one) => finding(checks, one, roleOf(report, one))))
  if (report.follow !== undefined) parts.push('', ...followLines(report.follow))
  if (report.probing !== undefined) parts.push('', ...probingLines(report.probing))
  if (verbose && report.requests.length > 0)
    parts.push(
      '',
      'Requests followed',
      ...columns([CLASSES_HEAD, ...report.requests.map(classRow)]).map((row) => `  ${row}`),
    )
  if (report.changes.length > 0) {
    parts.push('', 'Fixes (nothing is changed; /mesh diagnose in Slack offers to apply them)')
    for (const { title, why, undo, diff } of report.changes)
      parts.push(`  ${title}`, `    ${why}`, `    Undo: ${undo}`, indent(diff.trimEnd(), '      | '))
  }
  if (report.advice.length > 0)
    parts.push(
      '',
      'For people to decide',
      ...report.advice.map(({ for: code, subject, says }) => `  ${code} ${formatRef(subject)}: ${says}`),
    )
  if (advice.length > 0)
    parts.push(
      '',
      'Advice (configured only: nothing live shows it)',
      ...advice.map((one) => finding(checks, one, roleOf(report, one))),
    )
  const missed = unseen(report)
  if (missed.length > 0) {
    parts.push('', 'Not seen')
    for (const { what, reason, detail, checks: names, rule, scope } of missed) {
      parts.push(`  ${what}: ${reason} (${detail})`, `    without it: ${names.join(', ')}`)
      if (rule !== undefined) parts.push(`    missing rule (${scope ?? 'ClusterRole'}): ${rule}`)
    }
  }
  if (report.ruledOut.length > 0)
    parts.push('', 'Ruled out', ...report.ruledOut.map(({ check, about }) => `  ${check}: ${about}`))
  const showed = shownBySteps(report)
  parts.push(
    '',
    'Looked at',
    ...report.plan.flatMap(({ id, outcome, command, milliseconds }) => [
      `  ${outcome === 'seen' ? '✓' : '✗'} ${command}${milliseconds === undefined ? '' : `  (${(milliseconds / 1000).toFixed(2)} s)`}`,
      ...(showed[id] === undefined ? [] : [`      ${showed[id]}`]),
    ]),
  )
  // eslint-disable-next-line no-control-regex -- a terminal obeys control characters, and these came from somebody's cluster
  return `${parts.join('\n').replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '�')}\n`
}
