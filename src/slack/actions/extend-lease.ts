import { extendLease } from '../../leases/extend.ts'
import { minutesText } from '../../leases/minutes.ts'
import { tell } from '../access/asking.ts'
import { noteMessage } from '../blocks/refusal.ts'
import { defineAction } from './action.ts'
import { leaseOf } from './lease-of.ts'
import { defined } from '../../mesh/defined.ts'

/** Raises for longer: as long as may be raised at a time, from now. */
export const extendLeaseAction = defineAction({
  name: 'extend-lease',
  async run(deps, asking, press) {
    const lease = await leaseOf(deps, asking, press)
    const { minutes } = deps.policy.leases
    const by = { user: asking.user, ...defined({ team: asking.team }) }
    const after = await extendLease(deps.records, lease.id, { minutes, most: minutes, by })
    await deps.board.lease(after)
    await tell(deps, asking, noteMessage(`Extended: ${minutesText(minutes)} from now, until ${after.until}.`))
  },
})
