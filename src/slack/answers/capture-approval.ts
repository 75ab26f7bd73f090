import { holdersOf } from '../../fixes/authorise.ts'
import { ASK_ONLY } from '../../fixes/policy.ts'
import { readApproval, type CaptureApproval } from '../../leases/captures/approval.ts'
import { isOpen } from '../../leases/captures/may-approve.ts'
import { defined } from '../../mesh/defined.ts'
import { mintButton } from '../../store/buttons.ts'
import type { Records } from '../../store/records.ts'
import type { ButtonSpec } from '../blocks/buttons.ts'
import { captureApprovalMessage, captureApproversCalled } from '../blocks/capture-approval.ts'
import type { Approvers } from '../blocks/proposal.ts'
import type { SlackMessage } from '../blocks/rich.ts'
import type { Showing, ShownAnswer } from './answer.ts'

/** Seconds that a button is answered with what the record says, after it could last do something. */
const AFTERWARDS = 24 * 3600

const BUTTONS = {
  'approve-capture': { label: 'Approve', style: 'primary' },
  'reject-capture': { label: 'Reject', style: 'danger' },
} as const

/** A capture that waits for approval as its record says now, with its buttons. */
export async function captureApprovalShown(
  { records, policy = ASK_ONLY }: Pick<Showing, 'records' | 'policy'>,
  approval: CaptureApproval,
): Promise<SlackMessage> {
  const now = Date.now()
  const buttons = isOpen(approval, now)
    ? await Promise.all([
        decisionButton(records, approval, 'approve-capture'),
        decisionButton(records, approval, 'reject-capture'),
      ])
    : []
  return captureApprovalMessage(approval, approversOf(policy, approval), buttons, now)
}

/** The same as a run's answer; those who may approve are called in the thread. @throws Error when it is not in the store */
export async function waitingShown(showing: Showing, id: string): Promise<ShownAnswer> {
  const approval = await readApproval(showing.records, id)
  if (approval === undefined) throw new Error(`capture ${id} is gone`)
  const called = isOpen(approval, Date.now())
    ? captureApproversCalled(approval, approversOf(showing.policy ?? ASK_ONLY, approval))
    : undefined
  return {
    message: await captureApprovalShown(showing, approval),
    parts: called === undefined ? [] : [{ name: 'approvers', message: called }],
  }
}

const approversOf = (policy: NonNullable<Showing['policy']>, { channel }: CaptureApproval): Approvers => ({
  ...holdersOf(policy, channel, 'operator'),
  fourEyes: policy.fourEyes(channel),
})

/** Used often: a press by somebody who may not must not burn it. */
async function decisionButton(
  records: Records,
  { id, channel, expiresAt, text, packets, requester: { team } }: CaptureApproval,
  verb: keyof typeof BUTTONS,
): Promise<ButtonSpec> {
  const open = Math.max(0, (Date.parse(expiresAt) - Date.now()) / 1000)
  const button = await mintButton(records, {
    act: verb,
    payload: { channel, ...defined({ team }), approval: id },
    run: id,
    uses: 'many',
    expiresInSeconds: open + AFTERWARDS,
  })
  const { label, style } = BUTTONS[verb]
  return {
    action: verb,
    id: button,
    label,
    style,
    spoken: `${label}: capture packets of ${text}`,
    ...(verb === 'approve-capture' && {
      confirm: {
        title: packets.payload === true ? 'Approve whole packets?' : 'Approve this capture?',
        text:
          packets.payload === true
            ? 'What people send each other, passwords and tokens too, is captured, unredacted.'
            : 'Packets of this pod are captured now, headers only.',
      },
    }),
  }
}
