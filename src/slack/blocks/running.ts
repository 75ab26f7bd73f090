import { formatRef } from '../../mesh/ref.ts'
import type { RunProgress } from '../../capabilities/run-thread.ts'
import type { RunRecord } from '../../store/runs.ts'
import { buttonRow, type ButtonSpec } from './buttons.ts'
import { fit } from './fit.ts'
import { bold, code, line, lines, person, rich, text, type Piece, type SlackMessage } from './rich.ts'
import { stepLines } from './step-list.ts'

/** The bot itself, as it stands in records. */
export const BOT = 'mesh-medic'

/** A run and how it is spoken of. */
export interface SpokenRun {
  run: RunRecord
  /** What goes on: `Diagnosing`. */
  doing: string
  /** What it is about; may be empty. */
  subject: string
}

/** What a run is about, in words: its target, or what was typed. */
export const subjectOf = ({ request }: RunRecord): string =>
  request.target === undefined ? request.text : formatRef(request.target)

/** Who asked, for the foot of a message; of what an alert began, that. */
export const askedBy = ({ asker, id }: RunRecord): Piece[] => [
  ...(asker.user === BOT ? [text('begun by an alert')] : [text('asked by '), person(asker.user)]),
  text(` · run ${id}`),
]

/** The run's message while it works. */
export function runningMessage(
  { run, doing, subject }: SpokenRun,
  progress: RunProgress,
  cancel: ButtonSpec | undefined,
): SlackMessage {
  const head: Piece[] = [text('⏱ '), bold(doing), ...(subject === '' ? [] : [text(' '), code(subject)])]
  const steps = stepLines(progress.steps)
  return fit(
    {
      text: `${doing} ${subject}`,
      blocks: [
        rich(line(...head), ...(steps.length === 0 ? [] : [lines(steps)])),
        rich(line(...askedBy(run))),
        ...buttonRow(cancel === undefined ? [] : [cancel]),
      ],
    },
    { hasFile: false },
  )
}
