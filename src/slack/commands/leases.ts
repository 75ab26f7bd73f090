import { listLeases } from '../../leases/lease-record.ts'
import { tell } from '../access/asking.ts'
import { leasesMessage, MOST_LEASES } from '../blocks/lease.ts'
import { leaseButton } from '../answers/lease-buttons.ts'
import { requireViewer } from '../access/require-role.ts'
import { seesEverything } from '../access/sees-everything.ts'
import { UserError } from '../../mesh/user-error.ts'
import { defineCommand } from './command.ts'

/** Shows what is raised now. */
export const leases = defineCommand({
  name: 'leases',
  usage: 'leases',
  about:
    'shows which log levels are raised and which access logs turned on now in this channel, by whom and until when, with a button to put them back',
  asks: [],
  async run(deps, asking, words) {
    const isAll = await seesEverything(deps, asking)
    if (!isAll) await requireViewer(deps, asking)
    if (words.length > 0) throw new UserError({ why: 'leases takes no arguments.', commands: ['/mesh leases'] })
    let unreadable = 0
    const kept = await listLeases(deps.records, () => (unreadable += 1))
    const running = kept.filter(({ state, channel }) => state !== 'over' && (isAll || channel === asking.channel))
    // Pressed where it is shown; the roles of the lease's own channel decide.
    const buttons = await Promise.all(
      running
        .slice(0, MOST_LEASES)
        .map((lease, index) =>
          leaseButton(deps.records, { ...lease, channel: asking.channel }, 'put-back-lease', index),
        ),
    )
    await tell(deps, asking, leasesMessage(running, Date.now(), buttons, unreadable, isAll))
  },
})
