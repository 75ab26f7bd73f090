import { telemetry, type TelemetryAnswer } from '../../capabilities/telemetry.ts'
import { chartsOfTelemetry } from '../../report/chart.ts'
import { telemetryText } from '../../report/telemetry-text.ts'
import type { RunRecord } from '../../store/runs.ts'
import { userErrorOf } from '../access/user-error-of.ts'
import { chartsMessage } from '../blocks/chart.ts'
import type { Part } from '../blocks/part.ts'
import type { TellingOptions } from '../blocks/telling-options.ts'
import { telemetryMessage } from '../blocks/telemetry.ts'
import { defineAnswer } from './answer.ts'
import { fileBase, fileText, type AnswerFile } from './file.ts'
import { runAgainButton } from './run-buttons.ts'

/** What Prometheus counted of a target's requests. */
export const telemetryAnswer = defineAnswer(telemetry, {
  doing: 'Asking Prometheus',
  subject: ({ text }) => text,
  async shown({ records, telling }, answer, run) {
    return {
      message: telemetryMessage(answer.telemetry, run, [await runAgainButton(records, run)], telling.links),
      parts: chartParts(answer),
      file: () => readable(answer, run, telling),
    }
  },
  full: { readable, json: (answer) => answer.telemetry },
  refused: (error, { text, window }) =>
    userErrorOf(error, text, (target) =>
      ['/mesh telemetry', target, ...(window === undefined ? [] : [`--window ${window}s`])].join(' '),
    ),
})

/** Success over time and the latency of each pod, beside the counts. */
function chartParts({ telemetry: found }: TelemetryAnswer): Part[] {
  const charts = chartsOfTelemetry(found)
  const message = chartsMessage('Requests over time, as Prometheus counted them', charts)
  return message === undefined ? [] : [{ name: 'charts', message, charts }]
}

function readable(answer: TelemetryAnswer, run: RunRecord, { links }: TellingOptions): AnswerFile {
  return {
    name: `${fileBase(run)}.txt`,
    title: 'All counts and the queries',
    content: fileText(telemetryText(answer.telemetry, links)),
  }
}
