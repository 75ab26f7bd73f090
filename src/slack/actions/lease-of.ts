import { z } from 'zod'
import { denyRole } from '../../fixes/authorise.ts'
import { readLease, type LeaseRecord } from '../../leases/lease-record.ts'
import { groupsOf } from '../../fixes/roles.ts'
import { recordAudit } from '../../store/audit.ts'
import type { Asking } from '../access/asking.ts'
import type { SlackDeps } from '../deps.ts'
import { UserError } from '../../mesh/user-error.ts'
import type { Press } from './action.ts'
import { defined } from '../../mesh/defined.ts'

const OfLease = z.object({ lease: z.string() })

/**
 * The lease a button belongs to, for somebody who may change it: an operator of the channel it was raised in; whoever raised it may do what does not raise
 * any more. One of a terminal belongs to the channel in which it is pressed.
 * @throws UserError
 */
export async function leaseOf(
  deps: SlackDeps,
  { user, team, channel }: Asking,
  { button }: Press,
): Promise<LeaseRecord> {
  const lease = await readLease(deps.records, OfLease.parse(button.payload).lease)
  if (lease === undefined)
    throw new UserError({
      why: 'This lease is no longer known: leases are kept for 30 days.',
      commands: ['/mesh leases'],
    })
  if (lease.by.user === user && button.act !== 'extend-lease') return lease
  const { channel: home = channel } = lease
  const denied = denyRole(
    deps.policy,
    { user, channel: home, groups: await groupsOf(deps.policy, user, deps.members) },
    'operator',
  )
  if (denied === undefined) return lease
  await recordAudit(deps.records, {
    event: 'lease-refused',
    by: { user, ...defined({ team }) },
    run: lease.run,
    target: lease.target,
    facts: { lease: lease.id, verb: button.act, why: denied.why },
  })
  const isOfLevels = lease.kind !== 'access-logs'
  const why =
    home === channel
      ? denied.why
      : `Those ${isOfLevels ? 'levels were raised' : 'access logs were turned on'} in another channel, and you are not an operator there.`
  throw new UserError({
    why,
    remedies: [`Ask an operator of that channel, or whoever ${isOfLevels ? 'raised them' : 'turned them on'}.`],
  })
}
