import { defineAction } from './action.ts'
import { askDecision, changeOf } from './change-of.ts'

/** Takes an applied change back, if whoever pressed may. */
export const undoChange = defineAction({
  name: 'undo-change',
  asks: ['decide'],
  async run(deps, asking, press) {
    await askDecision(deps, asking, await changeOf(deps, press), { verb: 'undo' })
  },
})
