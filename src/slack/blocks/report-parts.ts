import type { Finding } from '../../checks/check.ts'
import type { PlannedStep, Report } from '../../diagnosis/report.ts'
import { leftLines, probeText, probingHead } from '../../report/probing-text.ts'
import { remedy, roleOf, unseen } from '../../report/telling.ts'
import { formatRef } from '../../mesh/ref.ts'
import { clean, cut } from './escape.ts'
import { codePiece, findingMessage, findingSentence } from './finding.ts'
import { fit } from './fit.ts'
import { wayPart } from './follow.ts'
import type { Part } from './part.ts'
import { bold, bullets, code, line, mark, pre, rich, sentencePieces, text, type Piece } from './rich.ts'
import { ICONS, duration, STEP_GROUPS } from './step-list.ts'
import type { TellingOptions } from './telling-options.ts'

/** Findings with a message of their own; the rest share one. */
const MOST_FINDINGS = 6
/** Lines of a list; what is beyond is in the file. */
const MOST_LINES = 40

/** Everything that a report says beyond the verdict, in the order it is read. */
export function reportParts(report: Report, shown: Readonly<Record<string, string>>, options: TellingOptions): Part[] {
  const hurting = causeFirst(
    report,
    report.findings.filter(({ standing }) => standing !== 'configured'),
  )
  const advice = report.findings.filter(({ standing }) => standing === 'configured')
  return [
    ...hurting.slice(0, MOST_FINDINGS).map((finding, index): Part => {
      const role = roleOf(report, finding)
      return {
        name: `finding-${index + 1}`,
        message: findingMessage(finding, {
          ...options,
          role,
          explains: role === 'cause' ? (report.cause?.explains ?? []) : [],
        }),
      }
    }),
    ...(report.follow === undefined ? [] : [wayPart(report.follow)]),
    ...probingPart(report),
    ...fixesPart(report, options),
    ...peoplePart(report, options),
    ...findingList(
      'more-findings',
      `${hurting.length - MOST_FINDINGS} more findings`,
      hurting.slice(MOST_FINDINGS),
      options,
    ),
    ...unseenPart(report),
    ...findingList('advice', 'Advice: configured only, nothing live shows it', advice, options),
    ...STEP_GROUPS.flatMap((group) =>
      stepsPart(
        group,
        report.plan.filter((step) => step.group === group),
        shown,
      ),
    ),
    ...ruledOutPart(report),
  ]
}

const causeFirst = (report: Report, findings: Finding[]): Finding[] =>
  findings.toSorted((a, b) => Number(roleOf(report, b) !== undefined) - Number(roleOf(report, a) !== undefined))

/** A part whose blocks are a heading and elements; none when there are no elements. */
function part(name: string, title: string, elements: Parameters<typeof rich>, isCut = false): Part[] {
  if (elements.length === 0) return []
  return [
    {
      name,
      message: fit({
        text: title,
        blocks: [rich(line(bold(title))), ...elements.map((element) => rich(element))],
        isCut,
      }),
    },
  ]
}

function findingList(name: string, title: string, findings: readonly Finding[], options: TellingOptions): Part[] {
  if (findings.length === 0) return []
  const items = findings
    .slice(0, MOST_LINES)
    .map((finding): Piece[] => [
      codePiece(finding.code, options.docsUrl),
      text(' '),
      ...findingSentence(finding, options),
      text(' '),
      ...sentencePieces(remedy(options.checks, finding, mark)),
      text(' Shown by '),
      code(cut(clean(finding.because[0].source), 300)),
    ])
  return part(name, title, [bullets(items)], findings.length > MOST_LINES)
}

/** The probes that were sent, what came of them, and what was not probed. */
function probingPart({ probing }: Report): Part[] {
  if (probing === undefined) return []
  const sent = probing.sent.map((one): Piece[] => [
    code(cut(clean(probeText(one)), 300)),
    text(`  ${cut(clean(one.says), 600)}`),
  ])
  const left = leftLines(probing.left).map((one): Piece[] => [text(cut(clean(one), 300))])
  return part('probes', probingHead(probing), [
    ...(sent.length === 0 ? [] : [bullets(sent)]),
    ...(left.length === 0 ? [] : [line(text('Not probed:')), bullets(left)]),
  ])
}

/** What would mend it; nothing of it is done yet. */
function fixesPart({ changes }: Report, { docsUrl }: TellingOptions): Part[] {
  const items = changes
    .slice(0, MOST_LINES)
    .map((change): Piece[] => [
      bold(cut(clean(change.title), 200)),
      text(`  ${cut(clean(change.why), 500)} `),
      codePiece(change.for, docsUrl),
      text(`\nUndo: ${cut(clean(change.undo), 300)}`),
    ])
  return items.length === 0
    ? []
    : part(
        'fixes',
        'Fixes: nothing is changed before somebody approves it',
        [bullets(items)],
        changes.length > MOST_LINES,
      )
}

function peoplePart({ advice }: Report, { docsUrl }: TellingOptions): Part[] {
  const items = advice
    .slice(0, MOST_LINES)
    .map((one): Piece[] => [
      codePiece(one.for, docsUrl),
      text(' '),
      code(formatRef(one.subject)),
      text(`  ${cut(clean(one.says), 600)}`),
    ])
  return items.length === 0
    ? []
    : part('for-people', 'For people to decide', [bullets(items)], advice.length > MOST_LINES)
}

function unseenPart(report: Report): Part[] {
  const missed = unseen(report)
  const elements = missed
    .slice(0, 12)
    .flatMap(({ what, reason, detail, checks, rule, scope }) => [
      line(
        text('✗ '),
        bold(what),
        text(`: ${reason}. ${cut(clean(detail), 500)}`),
        text(`\nwithout it: ${checks.join(', ')}`),
        ...(rule === undefined ? [] : [text(`\nmissing rule (${scope ?? 'ClusterRole'}):`)]),
      ),
      ...(rule === undefined ? [] : [pre(rule, 400)]),
    ])
  return part('unseen', 'Not seen', elements, missed.length > 12)
}

function stepsPart(
  group: PlannedStep['group'],
  steps: readonly PlannedStep[],
  shown: Readonly<Record<string, string>>,
): Part[] {
  const items = steps
    .slice(0, MOST_LINES)
    .map(({ id, outcome, command, milliseconds }): Piece[] => [
      text(`${ICONS[outcome]}${milliseconds === undefined ? '' : ` ${duration(milliseconds)}`}  `),
      code(cut(clean(command), 300)),
      text(`\n${cut(clean(shown[id] ?? 'not looked at'), 200)}`),
    ])
  return items.length === 0
    ? []
    : part(`steps-${group.replace(' ', '-')}`, `Looked at: ${group}`, [bullets(items)], steps.length > MOST_LINES)
}

function ruledOutPart({ ruledOut }: Report): Part[] {
  if (ruledOut.length === 0) return []
  return part(
    'ruled-out',
    'Ruled out',
    [
      bullets(
        ruledOut.slice(0, MOST_LINES).map(({ check, about }): Piece[] => [text('✓ '), bold(check), text(`: ${about}`)]),
      ),
    ],
    ruledOut.length > MOST_LINES,
  )
}
