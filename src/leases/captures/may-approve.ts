import { denyRole, isSamePerson, type Presser } from '../../fixes/authorise.ts'
import type { Policy } from '../../fixes/policy.ts'
import { mayActAs } from '../../fixes/roles.ts'
import { UserError } from '../../mesh/user-error.ts'
import type { AskedPackets, CaptureApproval } from './approval.ts'

/** How many people have to approve a capture: one for headers; payload has a second approval, always. */
export const approvalsNeeded = ({ payload }: AskedPackets): number => (payload === true ? 2 : 1)

/** Whether asking counts as an approval: an operator's, where four eyes are not wanted. */
export const approvesByAsking = (policy: Policy, asker: Presser): boolean =>
  !policy.fourEyes(asker.channel) && mayActAs(policy, asker, asker.groups, 'operator')

/** True while somebody may decide it; `now` in milliseconds. */
export const isOpen = ({ state, expiresAt }: Pick<CaptureApproval, 'state' | 'expiresAt'>, now: number): boolean =>
  state === 'asked' && Date.parse(expiresAt) > now

/** Why an approval, as it stands, can no longer be decided; undefined when it can. `now` in milliseconds. */
export function denyDecided(approval: CaptureApproval, now: number): UserError | undefined {
  const { state, expiresAt, approvals, rejected } = approval
  const named = [...approvals, ...(rejected === undefined ? [] : [rejected])].map(({ user }) => user)
  const over = (why: string): UserError => new UserError({ why, remedies: ['See the thread.'], named })
  if (state === 'rejected') return over(`It was rejected${rejected === undefined ? '' : ` by <@${rejected.user}>`}.`)
  if (state === 'approved') return over(`It is already approved by ${named.map((user) => `<@${user}>`).join(' and ')}.`)
  if (isOpen(approval, now)) return undefined
  return new UserError({
    why: `It has expired: it could be approved until ${expiresAt}.`,
    remedies: ['Ask for the capture again.'],
  })
}

/**
 * Whether somebody may approve or reject a capture: operators; not who asked for it where four eyes are wanted; and nobody twice. Who asked may take it back.
 * @returns why not
 */
export function denyApproval(
  policy: Policy,
  approval: CaptureApproval,
  presser: Presser,
  verb: 'approve' | 'reject',
): UserError | undefined {
  const { channel, requester, approvals } = approval
  if (presser.channel !== channel)
    return new UserError({ why: 'This capture belongs to another channel.', remedies: ['Decide on it there.'] })
  const isRequester = isSamePerson(policy, presser, requester.user)
  if (verb === 'reject') return isRequester ? undefined : denyRole(policy, presser, 'operator')
  const denied = denyRole(policy, presser, 'operator')
  if (denied !== undefined) return denied
  if (isRequester && policy.fourEyes(channel))
    return new UserError({
      why: 'You asked for this capture yourself; somebody else has to approve it.',
      remedies: ['Ask another operator to look at it.'],
    })
  if (approvals.some(({ user }) => isSamePerson(policy, presser, user)))
    return new UserError({
      why: 'You have approved it already; payload takes a second approval, by somebody else.',
      remedies: ['Ask another operator to look at it.'],
    })
  return undefined
}
