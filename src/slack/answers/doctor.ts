import { doctor, type DoctorAnswer } from '../../capabilities/doctor.ts'
import type { RunRecord } from '../../store/runs.ts'
import { doctorMessage, doctorParts } from '../blocks/doctor.ts'
import { defineAnswer } from './answer.ts'
import { fileBase, fileText, type AnswerFile } from './file.ts'
import { ROUND_TRIP_SECONDS, roundTripButton, runAgainButton } from './run-buttons.ts'

/** The self-test, with a button whose press is a test too. */
export const doctorAnswer = defineAnswer(doctor, {
  doing: 'Running the self-test',
  async shown({ records }, answer, run) {
    const buttons = [await roundTripButton(records, run), await runAgainButton(records, run)]
    return {
      message: doctorMessage(answer.items, { within: ROUND_TRIP_SECONDS }, run, buttons),
      parts: doctorParts(answer.items),
      file: () => readable(answer, run),
    }
  },
  full: { readable, json: ({ items }) => items },
})

function readable({ items }: DoctorAnswer, run: RunRecord): AnswerFile {
  const lines = items.map(({ name, ok, says, remedy = '' }) => `${ok ? 'ok' : 'FAILED'} ${name}: ${says} ${remedy}`)
  return { name: `${fileBase(run)}.txt`, title: 'The whole self-test', content: fileText(lines.join('\n')) }
}
