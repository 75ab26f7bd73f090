import { z } from 'zod'
import { startRun } from '../thread/start-run.ts'
import { defineAction } from './action.ts'
import { runOf } from './run-of.ts'

const Chosen = z.object({ choice: z.string() })

/** Proposes the one of several candidates that was meant. */
export const chooseFix = defineAction({
  name: 'choose-fix',
  asks: ['propose'],
  async run(deps, asking, press) {
    const { request, thread } = await runOf(deps, press)
    if (request.kind !== 'propose') throw new TypeError(`a run of kind ${request.kind} has nothing to choose`)
    const { choice } = Chosen.parse(press.button.payload)
    await startRun(deps, { ...asking, thread }, { ...request, choice })
  },
})
