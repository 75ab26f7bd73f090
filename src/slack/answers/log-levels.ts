import { logLevels } from '../../capabilities/log-levels.ts'
import { logLevelsMessage } from '../blocks/log-levels.ts'
import { defineAnswer } from './answer.ts'
import { raiseLogLevelButton } from './lease-buttons.ts'
import { runAgainButton } from './run-buttons.ts'

/** The log levels of a target's proxies, with a button to raise them. */
export const logLevelsAnswer = defineAnswer(logLevels, {
  doing: 'Reading log levels of',
  async shown({ records }, { proxies }, run) {
    // The dialog knows Envoy's loggers only.
    const ofZtunnels = proxies.some((proxy) => 'levels' in proxy && proxy.serves !== undefined)
    const raise = ofZtunnels ? [] : [await raiseLogLevelButton(records, run)]
    const buttons = [...raise, await runAgainButton(records, run)]
    return { message: logLevelsMessage(proxies, run, buttons), parts: [] }
  },
})
