import { flagExample } from '../../capabilities/flag-example.ts'
import { flagsAsked } from '../../mesh/flags-asked.ts'
import { exampleLine, flagExampleHeadline } from '../../report/flag-example-text.ts'
import { userErrorOf } from '../access/user-error-of.ts'
import { buttonRow } from '../blocks/buttons.ts'
import { fit } from '../blocks/fit.ts'
import { flagBlocks } from '../blocks/flags.ts'
import { line, pre, rich, text } from '../blocks/rich.ts'
import { askedBy } from '../blocks/running.ts'
import { defineAnswer } from './answer.ts'
import { runAgainButton } from './run-buttons.ts'

/** What flags mean, and the latest request with one. */
export const flagExampleAnswer = defineAnswer(flagExample, {
  doing: 'Reading access logs',
  subject: (request) => request.text,
  async shown({ records }, { found }, run) {
    const says = flagExampleHeadline(found)
    const example = exampleLine(found)
    const blocks = [
      ...flagBlocks(flagsAsked(found.flags, '/mesh flags')),
      rich(line(text(says)), ...(example === undefined ? [] : [pre(example, 1500)])),
      ...(found.example === undefined ? [] : [rich(pre(found.example.command, 600))]),
      rich(line(...askedBy(run))),
      ...buttonRow([await runAgainButton(records, run)]),
    ]
    return { message: fit({ text: says, blocks }, { hasFile: false }), parts: [] }
  },
  refused: (error, { text, flags }) =>
    userErrorOf(error, text, (target) => `/mesh flags ${flags.join(' ')} --target ${target}`),
})
