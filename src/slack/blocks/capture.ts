import type { CaptureAnswer } from '../../capabilities/capture.ts'
import { nothingIn } from '../../capture/nothing-in.ts'
import { captureHeadline } from '../../report/capture-text.ts'
import type { RunRecord } from '../../store/runs.ts'
import { buttonRow, type ButtonSpec } from './buttons.ts'
import { cut } from './escape.ts'
import { fit } from './fit.ts'
import { bold, bullets, code, line, rich, text, type Piece, type SlackMessage } from './rich.ts'
import { askedBy } from './running.ts'

/** Of each that are told in the message; the rest is in the full report. */
const [STORIES, FINDINGS, LIMITS] = [2, 2, 1]

/** A capture, explained: what happened, what it means, what it cannot show. */
export function captureMessage(
  answer: CaptureAnswer,
  run: RunRecord,
  buttons: readonly ButtonSpec[],
  { isTooLarge = false }: { isTooLarge?: boolean } = {},
): SlackMessage {
  const { report, pod, plan } = answer
  const nothing = nothingIn(report)
  const [first, ...more] = report.stories
  const says =
    nothing?.why ?? `${first?.says ?? ''}${first !== undefined && first.count > 1 ? ` (${first.count} streams)` : ''}`
  const icon = report.findings.some(({ severity }) => severity === 'error') ? '✗' : nothing === undefined ? '✓' : '?'
  const item = (one: string): Piece[] => [text(cut(one, 600))]
  const told = [
    ...(nothing?.remedies ?? []),
    ...more.slice(0, STORIES - 1).map((story) => story.says),
    ...report.findings.slice(0, FINDINGS).map(({ means }) => means),
    ...(isTooLarge
      ? ['The capture is larger than what is kept (768 kB), and is not posted: give a port, a peer, or less time.']
      : []),
    ...report.limits.slice(0, LIMITS).map((limit) => `Not seen: ${limit}`),
  ]
  return fit({
    text: `${icon} ${says}`,
    // The streams are never in the message.
    isCut: true,
    blocks: [
      rich(line(text(`${icon} `), bold(cut(says, 600)))),
      ...(told.length === 0 ? [] : [rich(bullets(told.map(item)))]),
      rich(line(code(pod), text(`  ${cut(captureHeadline(report), 200)}; ${cut(plan, 300)} · `), ...askedBy(run))),
      ...buttonRow(buttons),
    ],
  })
}
