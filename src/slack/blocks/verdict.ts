import type { Report, Verdict } from '../../diagnosis/report.ts'
import { headline, remedy, STANDINGS, trafficSentence, verdictRemedy, VERDICTS } from '../../report/telling.ts'
import { formatRef } from '../../mesh/ref.ts'
import type { RunRecord } from '../../store/runs.ts'
import { buttonRow, type ButtonSpec } from './buttons.ts'
import { codePiece } from './finding.ts'
import { fit } from './fit.ts'
import { bold, code, line, lines, mark, rich, sentencePieces, text, type Piece, type SlackMessage } from './rich.ts'
import { askedBy } from './running.ts'
import { duration } from './step-list.ts'
import type { TellingOptions } from './telling-options.ts'

export const VERDICT_ICONS: Readonly<Record<Verdict, string>> = {
  healthy: '🟢',
  ill: '🔴',
  starting: '🔵',
  'not in the mesh': '⚪',
  unclear: '🟡',
}

/** The run's message at the end: the verdict, one sentence of cause, its standing, the traffic figure, the remedy. */
export function verdictMessage(
  report: Report,
  run: RunRecord,
  { checks, docsUrl }: TellingOptions,
  buttons: readonly ButtonSpec[],
): SlackMessage {
  const { verdict, cause } = report
  const facts: Piece[][] = []
  if (cause !== undefined) {
    facts.push([
      bold('Standing  '),
      text(`${STANDINGS[cause.finding.standing]} (`),
      codePiece(cause.finding.code, docsUrl),
      text(` ${cause.finding.check})`),
    ])
  }
  const figure = trafficSentence(report)
  if (figure !== undefined) facts.push([bold('Traffic  '), text(figure)])
  if (cause !== undefined) facts.push([bold('Remedy  '), ...sentencePieces(remedy(checks, cause.finding, mark))])
  const change = verdictRemedy(report, mark)
  if (change !== undefined) facts.push([bold('Next  '), ...sentencePieces(change)])
  const took = Date.parse(report.finishedAt) - Date.parse(report.startedAt)
  const blind = report.plan.filter(({ outcome }) => outcome === 'blind').length
  const looked = `${report.plan.length} looks${blind === 0 ? '' : `, ${blind} of them blind`}${took > 0 ? `, ${duration(took)}` : ''} · `
  return fit({
    text: `${VERDICT_ICONS[verdict]} ${VERDICTS[verdict]}: ${headline(checks, report)}`,
    blocks: [
      rich(
        line(
          text(`${VERDICT_ICONS[verdict]} `),
          bold(VERDICTS[verdict]),
          text('  '),
          code(formatRef(report.target.ref)),
        ),
        line(...sentencePieces(headline(checks, report, mark))),
      ),
      ...(facts.length === 0 ? [] : [rich(lines(facts))]),
      rich(line(text(looked), ...askedBy(run))),
      ...buttonRow(buttons.slice(0, 3)),
    ],
  })
}
