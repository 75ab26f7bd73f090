import { z } from 'zod'
import { startRun } from '../thread/start-run.ts'
import { defineAction } from './action.ts'
import { runOf } from './run-of.ts'

const Chosen = z.object({ choice: z.string() })

/** Proposes the one of several candidates that was meant. */
export const chooseFix = defineAction({
  name: 'choose-fix',
  async run(deps, asking, press) {
    const run = await runOf(deps, press)
    await startRun(
      deps,
      { ...asking, thread: run.thread },
      { ...run.request, choice: Chosen.parse(press.button.payload).choice },
    )
  },
})
