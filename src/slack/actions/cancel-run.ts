import { askToCancel } from '../access/ask-to-cancel.ts'
import { defineAction } from './action.ts'
import { runOf } from './run-of.ts'

/** Asks the worker that has the run, wherever it is, to stop. */
export const cancelRun = defineAction({
  name: 'cancel-run',
  async run(deps, asking, press) {
    await askToCancel(deps, asking, await runOf(deps, press))
  },
})
