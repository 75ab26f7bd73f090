import type { Report } from '../../diagnosis/report.ts'
import type { ChangeRecord } from '../../fixes/record.ts'
import { goingOn } from '../../report/going-on.ts'
import { headline, VERDICTS } from '../../report/telling.ts'
import { formatRef } from '../../mesh/ref.ts'
import type { RunRecord } from '../../store/runs.ts'
import { buttonRow, type ButtonSpec } from './buttons.ts'
import { clean, cut } from './escape.ts'
import { fit } from './fit.ts'
import {
  bold,
  clockTime,
  line,
  lines,
  link,
  mark,
  person,
  rich,
  sentencePieces,
  text,
  timedPieces,
  timeMark,
  type Piece,
  type SlackMessage,
} from './rich.ts'
import { askedBy } from './running.ts'
import type { TellingOptions } from './telling-options.ts'
import { headed, titleBlock, VERDICT_ICONS, verdictMessage } from './verdict.ts'

const MOST_SENTENCE = 600
const sentence = (value: string): Piece => text(cut(clean(value), MOST_SENTENCE))

/** The message of a diagnosis after a change that came of it: what is true now, in the same headings. */
export function diagnosedAndChanged(
  report: Report,
  run: RunRecord,
  change: ChangeRecord,
  options: TellingOptions,
  buttons: readonly ButtonSpec[],
): SlackMessage {
  const { checks } = options
  const now = stateNow(change)
  // The report is of after the undo, and the message of any other diagnosis says the same.
  if (now === undefined) return withNote(verdictMessage(report, run, options, buttons), undoneNote(change))
  const { icon, word, going, todo } = now
  return fit({
    text: `${icon} ${word}: ${formatRef(report.target.ref)}`,
    blocks: [
      titleBlock(icon, word, report),
      headed('What is going on', going),
      headed('Cause', [
        ...(word === 'Fixed' ? [text('It was: ')] : []),
        ...sentencePieces(headline(checks, report, mark)),
      ]),
      ...(todo === undefined ? [] : [headed('What to do', [text(todo)])]),
      rich(line(text(`change ${change.id} · `), ...askedBy(run))),
      ...buttonRow(buttons.slice(0, 3)),
    ],
  })
}

/** How a change stands, for the message of the diagnosis that it came from; undefined when the diagnosis stands as it is. */
function stateNow(change: ChangeRecord): { icon: string; word: string; going: Piece[]; todo?: string } | undefined {
  const { state, proof, failure } = change
  if (change.undo?.state === 'undone' || state === 'undone') return undefined
  if (change.undo?.state === 'undoing')
    return { icon: '⏱', word: 'Undoing', going: [...applied(change), text(' is being undone.')] }
  if (change.undo?.state === 'failed')
    return {
      icon: '⚫',
      word: 'Undoing failed',
      going: [...applied(change), text(' could not be undone: '), sentence(change.undo.says ?? 'no reason is known')],
      todo: 'Look at the objects, then diagnose again.',
    }
  if (state === 'failed')
    return {
      icon: '⚫',
      word: 'Not fixed',
      going: [bold(clean(change.title)), text(' was not applied: '), sentence(failure ?? 'no reason is known')],
      todo: 'Diagnose again, and propose the fix again.',
    }
  if (proof === undefined)
    return { icon: '⏱', word: 'Fix applied', going: [...applied(change), text('; whether it helps is being watched.')] }
  if (proof.outcome === 'gone')
    return { icon: '🟢', word: 'Fixed', going: [text('Fixed'), ...how(change), text(`: ${requestsAfter(change)}.`)] }
  return {
    icon: proof.outcome === 'unclear' ? '🟡' : '🔴',
    word: proof.outcome === 'unclear' ? 'Fix unclear' : 'Not fixed',
    going: [...applied(change), text('. '), sentence(proof.says)],
    todo: 'Diagnose again, or undo the change with the button below its outcome.',
  }
}

/** ` at 12:04 by Define subsets …, approved by @second`. */
function how({ appliedAt, title, decided }: ChangeRecord): Piece[] {
  return [
    ...(appliedAt === undefined ? [] : [text(' at '), clockTime(appliedAt)]),
    text(' by “'),
    bold(cut(clean(title), 200)),
    text('”'),
    ...(decided === undefined ? [] : [text(', approved by '), person(decided.user)]),
  ]
}

const applied = (change: ChangeRecord): Piece[] => [text('A fix was applied'), ...how(change)]

function requestsAfter({ proof }: ChangeRecord): string {
  const traffic = proof?.after.traffic
  if (traffic === undefined || traffic.requests === 0) return 'no request was seen since'
  return `${traffic.failed} of ${traffic.requests} requests fail`
}

const undoneNote = ({ title, undo }: ChangeRecord): Piece[] => [
  text('↩️ “'),
  bold(cut(clean(title), 200)),
  text('” was undone'),
  ...(undo === undefined ? [] : [text(' at '), clockTime(undo.at)]),
  text('; this is what was found afterwards.'),
]

/** A message with one more line under its title. */
function withNote(message: SlackMessage, note: Piece[]): SlackMessage {
  const [title, ...rest] = message.blocks
  return { ...message, blocks: [...(title === undefined ? [] : [title]), rich(line(...note)), ...rest] }
}

/** The message of a diagnosis that a later one of the same target has overtaken: a link to that, and what was found here. */
export function overtakenMessage(
  report: Report,
  run: RunRecord,
  { checks }: TellingOptions,
  newer: { url: string; at: string; verdict: Report['verdict'] },
  buttons: readonly ButtonSpec[],
): SlackMessage {
  const { verdict } = report
  return fit({
    text: `${VERDICT_ICONS[newer.verdict]} Diagnosed again: ${formatRef(report.target.ref)}`,
    blocks: [
      titleBlock(
        VERDICT_ICONS[newer.verdict],
        VERDICTS[newer.verdict],
        report,
        text('  diagnosed again at '),
        clockTime(newer.at),
        text(': '),
        link(newer.url, 'the newer diagnosis'),
      ),
      rich(
        lines([
          [bold('What was going on')],
          [text(`${VERDICT_ICONS[verdict]} `), ...timedPieces(goingOn(checks, report, { mark, time: timeMark }))],
          ...(verdict === 'ill' ? [[text('Cause then: '), ...sentencePieces(headline(checks, report, mark))]] : []),
        ]),
      ),
      rich(line(...askedBy(run))),
      ...buttonRow(buttons.slice(0, 3)),
    ],
  })
}
