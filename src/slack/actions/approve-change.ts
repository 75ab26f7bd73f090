import { defineAction } from './action.ts'
import { askDecision, changeOf } from './change-of.ts'

/** Approves a change, if whoever pressed may. */
export const approveChange = defineAction({
  name: 'approve-change',
  asks: ['decide'],
  async run(deps, asking, press) {
    await askDecision(deps, asking, await changeOf(deps, press), { verb: 'approve' })
  },
})
