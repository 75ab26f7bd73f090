import { diagnose, type DiagnoseAnswer } from '../../capabilities/diagnose.ts'
import { reportMarkdown } from '../../report/markdown.ts'
import type { RunRecord } from '../../store/runs.ts'
import { reportParts } from '../blocks/report-parts.ts'
import type { TellingOptions } from '../blocks/telling-options.ts'
import { verdictMessage } from '../blocks/verdict.ts'
import { defineAnswer } from './answer.ts'
import { incidentOf } from '../blocks/incident-of.ts'
import { feedbackBlock } from './incident-buttons.ts'
import { fileBase, fileText, type AnswerFile } from './file.ts'
import { pictureFile } from './picture-file.ts'
import { verdictButtons } from './run-buttons.ts'

/** A diagnosis: its verdict, findings and proofs. */
export const diagnoseAnswer = defineAnswer(diagnose, {
  doing: 'Diagnosing',
  joined: (subject) => `${subject} is already being diagnosed.`,
  async shown({ records, telling }, answer, run) {
    const { report } = answer
    const { follow } = report
    const message = verdictMessage(report, run, telling, await verdictButtons(records, run, report))
    const isAsked = incidentOf(run) !== undefined && report.cause !== undefined
    return {
      message: isAsked ? { ...message, blocks: [...message.blocks, await feedbackBlock(records, run)] } : message,
      parts: reportParts(report, telling),
      file: () => readable(answer, run, telling),
      ...(follow !== undefined && { picture: () => pictureFile(follow, run), pictureIn: 'proof' }),
    }
  },
  full: { readable, json: ({ report }) => report },
})

function readable({ report, shown }: DiagnoseAnswer, run: RunRecord, { checks, links }: TellingOptions): AnswerFile {
  return {
    name: `${fileBase(run)}.md`,
    title: 'The whole diagnosis',
    content: fileText(reportMarkdown(checks, report, shown, links)),
  }
}
