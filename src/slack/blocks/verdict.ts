import type { RichTextBlock } from '@slack/types'
import type { Report, Verdict } from '../../diagnosis/report.ts'
import { goingOn } from '../../report/going-on.ts'
import { secondsInWords } from '../../report/logs-read-text.ts'
import { headline, STANDINGS, unseen, VERDICTS, whatToDo } from '../../report/telling.ts'
import { formatRef } from '../../mesh/ref.ts'
import type { RunRecord } from '../../store/runs.ts'
import { buttonRow, type ButtonSpec } from './buttons.ts'
import { codePiece } from './finding.ts'
import { fit } from './fit.ts'
import {
  bold,
  code,
  line,
  lines,
  mark,
  rich,
  sentencePieces,
  text,
  timedPieces,
  timeMark,
  type Piece,
  type SlackMessage,
} from './rich.ts'
import { incidentOf } from './incident-of.ts'
import { askedBy } from './running.ts'
import type { TellingOptions } from './telling-options.ts'

export const VERDICT_ICONS: Readonly<Record<Verdict, string>> = {
  healthy: '🟢',
  ill: '🔴',
  starting: '🔵',
  'not in the mesh': '⚪',
  unclear: '🟡',
}

/** Of an incident there is more to do. */
const MOST_BUTTONS = { asked: 3, incident: 5 } as const

/** How the message of a diagnosis begins: icon, what is so, of which target; further pieces behind it. */
export const titleBlock = (icon: string, word: string, { target }: Report, ...more: Piece[]): RichTextBlock =>
  rich(line(text(`${icon} `), bold(word), text('  '), code(formatRef(target.ref)), ...more))

/** A heading and its sentence. */
export const headed = (heading: string, sentence: Piece[]): RichTextBlock => rich(lines([[bold(heading)], sentence]))

/** The run's message at the end, at most 12 lines: what is going on, the cause and how it is known, what to do; then what was looked at and who asked. */
export function verdictMessage(
  report: Report,
  run: RunRecord,
  options: TellingOptions,
  buttons: readonly ButtonSpec[],
): SlackMessage {
  const { checks } = options
  const { verdict } = report
  const todo = whatToDo(checks, report, mark)
  return fit({
    text: `${VERDICT_ICONS[verdict]} ${VERDICTS[verdict]}: ${headline(checks, report)}`,
    blocks: [
      titleBlock(VERDICT_ICONS[verdict], VERDICTS[verdict], report),
      headed('What is going on', timedPieces(goingOn(checks, report, { mark, time: timeMark }))),
      ...causeBlock(report, options),
      ...(todo === undefined ? [] : [headed('What to do', sentencePieces(todo))]),
      rich(line(...lookedAt(report), ...askedBy(run))),
      ...buttonRow(buttons.slice(0, incidentOf(run) === undefined ? MOST_BUTTONS.asked : MOST_BUTTONS.incident)),
    ],
  })
}

/** The cause in one sentence, with its code and how it is known; of an ill mesh without one, the objects of which one is it. */
function causeBlock(report: Report, { checks, docsUrl }: TellingOptions): SlackMessage['blocks'] {
  const { verdict, cause } = report
  if (verdict !== 'ill') return []
  const known: Piece[] =
    cause === undefined
      ? []
      : [text(` (${STANDINGS[cause.finding.standing]}, `), codePiece(cause.finding.code, docsUrl), text(')')]
  return [headed('Cause', [...sentencePieces(headline(checks, report, mark)), ...known])]
}

/** `46 sources read, 36 causes ruled out, 2 not seen (secrets of catalog-1, …) · `. */
function lookedAt(report: Report): Piece[] {
  const read = report.plan.filter(({ outcome }) => outcome === 'seen').length
  const missed = unseen(report)
  const [first] = missed
  const not = first === undefined ? '' : `, ${missed.length} not seen (${first.what}${missed.length > 1 ? ', …' : ''})`
  const seconds = (report.target.window ?? 0) / 1000
  const window = seconds === 0 ? '' : ` in a window of ${secondsInWords(seconds)}`
  return [text(`${read} sources read${window}, ${report.ruledOut.length} causes ruled out${not} · `)]
}
