import { formatRef } from '../../mesh/ref.ts'
import type { RunProgress } from '../../capabilities/run-thread.ts'
import type { RunRecord } from '../../store/runs.ts'
import { buttonRow, type ButtonSpec } from './buttons.ts'
import { fit } from './fit.ts'
import { bold, code, line, lines, person, rich, text, type Piece, type SlackMessage } from './rich.ts'
import { stepLines } from './step-list.ts'

const DOING: Readonly<Record<RunRecord['request']['kind'], string>> = {
  decide: 'Deciding',
  diagnose: 'Diagnosing',
  doctor: 'Testing myself',
  follow: 'Following a request to',
  lend: 'Raising log levels of',
  'log-levels': 'Reading log levels of',
  propose: 'Working out a fix for',
  status: 'Looking at the mesh',
}

/** What a run is about, in words: its target, or the namespace. */
export function subjectOf({ request }: RunRecord): string {
  if (request.target !== undefined) return formatRef(request.target)
  if (request.kind !== 'status' && request.kind !== 'doctor') return request.text
  return request.namespace === undefined ? '' : `Namespace ${request.namespace}`
}

/** Who asked, for the foot of a message. */
export const askedBy = ({ asker, id }: RunRecord): Piece[] => [
  text('asked by '),
  person(asker.user),
  text(` · run ${id}`),
]

/** The run's message while it works. */
export function runningMessage(run: RunRecord, progress: RunProgress, cancel: ButtonSpec | undefined): SlackMessage {
  const subject = subjectOf(run)
  const head: Piece[] = [
    text('⏱ '),
    bold(DOING[run.request.kind]),
    ...(subject === '' ? [] : [text(' '), code(subject)]),
  ]
  const steps = stepLines(progress.steps)
  return fit(
    {
      text: `${DOING[run.request.kind]} ${subject}`,
      blocks: [
        rich(line(...head), ...(steps.length === 0 ? [] : [lines(steps)])),
        rich(line(...askedBy(run))),
        ...buttonRow(cancel === undefined ? [] : [cancel]),
      ],
    },
    { hasFile: false },
  )
}
