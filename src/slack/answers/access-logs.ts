import { accessLogs } from '../../capabilities/access-logs.ts'
import { accessLogsMessage } from '../blocks/access-logs.ts'
import { defineAnswer } from './answer.ts'
import { turnOnAccessLogsButton } from './lease-buttons.ts'
import { runAgainButton } from './run-buttons.ts'

/** Which workloads of a target log their requests, with a button to turn on the access logs of one. */
export const accessLogsAnswer = defineAnswer(accessLogs, {
  doing: 'Reading what is logged by',
  async shown({ records }, answer, run) {
    const isOff = answer.workloads.some(({ isOn }) => isOn === false)
    const buttons = [...(isOff ? [await turnOnAccessLogsButton(records, run)] : []), await runAgainButton(records, run)]
    return { message: accessLogsMessage(answer, run, buttons), parts: [] }
  },
})
