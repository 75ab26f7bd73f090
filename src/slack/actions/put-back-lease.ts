import { putBack } from '../../leases/put-back.ts'
import { leaseWords } from '../../leases/lease-words.ts'
import { tell } from '../access/asking.ts'
import { noteMessage } from '../blocks/refusal.ts'
import { defineAction } from './action.ts'
import { leaseOf } from './lease-of.ts'

/** Milliseconds it may take while a person waits; the sweep does the rest. */
const PATIENCE = 30_000

/** Puts back what a lease raised, now. */
export const putBackLease = defineAction({
  name: 'put-back-lease',
  async run(deps, asking, press) {
    const lease = await leaseOf(deps, asking, press)
    if (lease.state === 'over')
      return tell(deps, asking, noteMessage(`It is already over: ${leaseWords(lease).whenOver}.`))
    const after = await putBack(deps, lease.id, { why: 'put back', by: asking.user }, AbortSignal.timeout(PATIENCE))
    if (after === undefined) return
    await deps.board.lease(after)
    deps.leaseEnded?.()
    const late = after.proxies.filter(({ state }) => state === 'unreachable').length
    await tell(
      deps,
      asking,
      noteMessage(
        late === 0
          ? 'Put back: the message of the lease shows what was put back, per proxy.'
          : lease.kind === 'access-logs'
            ? 'The Telemetry object could not be deleted yet; mesh-medic keeps trying until it is.'
            : `${late} of ${after.proxies.length} proxies do not answer; mesh-medic keeps trying until their levels are put back.`,
      ),
    )
  },
})
