import { status, type StatusAnswer } from '../../capabilities/status.ts'
import { statusText } from '../../report/mesh-status-text.ts'
import type { RunRecord } from '../../store/runs.ts'
import { statusMessage, statusParts } from '../blocks/status.ts'
import { defineAnswer } from './answer.ts'
import { fileBase, fileText, type AnswerFile } from './file.ts'
import { runAgainButton } from './run-buttons.ts'

/** How the proxies stand with istiod. */
export const statusAnswer = defineAnswer(status, {
  doing: 'Looking at the mesh',
  subject: ({ namespace }) => (namespace === undefined ? '' : `Namespace ${namespace}`),
  async shown({ records }, answer, run) {
    return {
      message: statusMessage(answer.status, run, [await runAgainButton(records, run)]),
      parts: statusParts(answer.status),
      file: () => readable(answer, run),
    }
  },
  full: { readable, json: (answer) => answer.status },
})

function readable(answer: StatusAnswer, run: RunRecord): AnswerFile {
  return { name: `${fileBase(run)}.txt`, title: 'The whole status', content: fileText(statusText(answer.status)) }
}
