import { capture, type CaptureAnswer, type CaptureRequest } from '../../capabilities/capture.ts'
import { CaptureNotAllowedError } from '../../leases/captures/prepare.ts'
import { captureText } from '../../report/capture-text.ts'
import type { RunRecord } from '../../store/runs.ts'
import { userErrorOf } from '../access/user-error-of.ts'
import { captureMessage } from '../blocks/capture.ts'
import { defineAnswer } from './answer.ts'
import { fileBase, fileText, type AnswerFile } from './file.ts'
import { waitingShown } from './capture-approval.ts'
import { raiseLogLevelButton } from './lease-buttons.ts'
import { deleteAnswerButton, fullReportButton } from './report-buttons.ts'
import { runAgainButton } from './run-buttons.ts'

/** Packets of a pod, explained; the capture itself in a file where the channel may have it. */
export const captureAnswer = defineAnswer(capture, {
  doing: 'Capturing packets of',
  subject: ({ text }) => text,
  async shown(showing, answer, run) {
    if ('approval' in answer) return waitingShown(showing, answer.approval)
    const { records, policy } = showing
    const buttons = await Promise.all([
      runAgainButton(records, run),
      fullReportButton(records, run),
      deleteAnswerButton(records, run),
    ])
    const mayPost = policy?.postsCaptures(run.channel) === true
    const isPosted = mayPost && answer.pcap !== undefined
    return {
      message: captureMessage(answer, run, buttons, { isTooLarge: mayPost && answer.pcap === undefined }),
      parts: [],
      file: () => (isPosted ? pcapOf(answer, run) : readable(answer, run)),
    }
  },
  full: {
    readable: (answer, run) => ('approval' in answer ? notYet(run) : readable(answer, run)),
    json: (answer) => ('approval' in answer ? answer : { pod: answer.pod, plan: answer.plan, ...answer.report }),
  },
  // Envoy's debug log says who closed, and when: the lease's message shows it as a timeline.
  instead: async (records, run, error) =>
    error instanceof CaptureNotAllowedError ? [await raiseLogLevelButton(records, run)] : [],
  refused: (error, { text }) => userErrorOf(error, text, (target) => `/mesh capture ${target}`),
})

function readable({ report, plan, pod }: CaptureAnswer, run: RunRecord): AnswerFile {
  return {
    name: `${fileBase(run)}.txt`,
    title: 'The capture, explained',
    content: fileText(`${pod}: ${plan}\n\n${captureText(report, { isVerbose: true })}`),
  }
}

const notYet = (run: RunRecord): AnswerFile => ({
  name: `${fileBase(run)}.txt`,
  title: 'The capture',
  content: fileText('It waits for approval, or was approved: what came of it is in its thread.\n'),
})

const pcapOf = ({ pcap = '' }: CaptureAnswer, run: RunRecord<CaptureRequest>): AnswerFile => ({
  name: `${fileBase(run)}.pcap`,
  title: `The capture, ${run.request.payload === true ? 'whole packets' : 'headers only'}, for Wireshark`,
  content: Buffer.from(pcap, 'base64'),
})
