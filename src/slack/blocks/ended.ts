import { buttonRow, type ButtonSpec } from './buttons.ts'
import { fit } from './fit.ts'
import { bold, code, line, lines, person, rich, text, type SlackMessage } from './rich.ts'
import { askedBy, type SpokenRun } from './running.ts'
import { stepLines } from './step-list.ts'
import type { RunProgress } from '../../capabilities/run-thread.ts'

/** The run's message after somebody cancelled it. */
export function cancelledMessage(
  { run, subject }: SpokenRun,
  by: string | undefined,
  progress: RunProgress,
  buttons: readonly ButtonSpec[],
): SlackMessage {
  const steps = stepLines(progress.steps)
  return fit(
    {
      text: `Cancelled: ${subject}`,
      blocks: [
        rich(
          line(
            text('⚪ '),
            bold('Cancelled'),
            ...(by === undefined ? [] : [text(' by '), person(by)]),
            text('  '),
            code(subject),
          ),
          ...(steps.length === 0 ? [] : [lines(steps)]),
        ),
        rich(line(...askedBy(run))),
        ...buttonRow(buttons),
      ],
    },
    { hasFile: false },
  )
}

/** The run's message after the bot itself failed. */
export function failedMessage({ run, subject }: SpokenRun, buttons: readonly ButtonSpec[]): SlackMessage {
  return fit(
    {
      text: `Internal error, run ${run.id}`,
      blocks: [
        rich(line(text('⚫ '), bold(`Internal error, run ${run.id}`), text('  '), code(subject))),
        rich(
          line(
            text('This is a fault of mesh-medic, not of the mesh: see its log under that run. In a terminal, '),
            code('mesh-medic diagnose'),
            text(' needs neither Slack nor a queue.'),
          ),
        ),
        rich(line(...askedBy(run))),
        ...buttonRow(buttons),
      ],
    },
    { hasFile: false },
  )
}
