import { openChangeView, refuseDecided } from '../modals/open-change-view.ts'
import { rejectChangeView } from '../modals/reject-change.ts'
import { defineAction } from './action.ts'
import { changeOf } from './change-of.ts'

/** Asks for the reason of a rejection. */
export const rejectChange = defineAction({
  name: 'reject-change',
  async run(deps, asking, press) {
    const change = await changeOf(deps, press)
    refuseDecided(change)
    await openChangeView(deps, asking, press, change, (where) => rejectChangeView(where, change))
  },
})
