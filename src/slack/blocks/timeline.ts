import type { TargetTimeline } from '../../capabilities/find-timeline.ts'
import { formatRef } from '../../mesh/ref.ts'
import { matchingText, timelineHeadline, timelineStory } from '../../report/timeline-text.ts'
import type { RunRecord } from '../../store/runs.ts'
import { buttonRow, type ButtonSpec } from './buttons.ts'
import { cut } from './escape.ts'
import { fit } from './fit.ts'
import { bold, bullets, code, line, rich, text, type Piece, type SlackMessage } from './rich.ts'
import { askedBy } from './running.ts'

/** One request's story; the table and its lines are in the file. */
export function timelineMessage(
  { target, timeline }: TargetTimeline,
  run: RunRecord,
  buttons: readonly ButtonSpec[],
): SlackMessage {
  const says = timelineHeadline(timeline)
  return fit({
    text: `🧵 ${says}`,
    // The table and the lines are never in the message.
    isCut: true,
    blocks: [
      rich(line(text('🧵 '), bold(cut(says, 300)))),
      rich(bullets(timelineStory(timeline).map((one): Piece[] => [text(cut(one, 500))]))),
      rich(line(code(formatRef(target)), text(countText(timeline)), text(' · '), ...askedBy(run))),
      ...buttonRow(buttons),
    ],
  })
}

const countText = ({ matching }: TargetTimeline['timeline']): string =>
  matching === undefined ? '' : `  the latest of ${matchingText(matching)}`
