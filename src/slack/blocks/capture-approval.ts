import type { CaptureApproval } from '../../leases/captures/approval.ts'
import { isOpen } from '../../leases/captures/may-approve.ts'
import { buttonRow, type ButtonSpec } from './buttons.ts'
import { clean, cut } from './escape.ts'
import { fit } from './fit.ts'
import type { Approvers } from './proposal.ts'
import {
  bold,
  bullets,
  clockTime,
  code,
  group,
  line,
  lines,
  person,
  rich,
  text,
  type Piece,
  type SlackMessage,
} from './rich.ts'

const MOST_NAMED = 20

/** A capture that waits for approval: what of, how, who may approve it until when; and how it was decided once it was. `now` in milliseconds. */
export function captureApprovalMessage(
  approval: CaptureApproval,
  approvers: Approvers,
  buttons: readonly ButtonSpec[],
  now: number,
): SlackMessage {
  const { text: target, notes, requester, packets } = approval
  const what = packets.payload === true ? 'Capture of whole packets' : 'Capture of packets'
  const { icon, says, by } = headOf(approval, now)
  return fit(
    {
      text: `${icon} ${what} of ${target}: ${says}`,
      blocks: [
        rich(line(text(`${icon} `), bold(`${what} of `), code(cut(clean(target), 200)), text(`  ${says}`), ...by)),
        rich(bullets(notes.slice(0, 6).map((note) => [text(cut(clean(note), 400))]))),
        ...(isOpen(approval, now) ? [rich(lines(factsOf(approval, approvers)))] : []),
        rich(line(text('asked for by '), person(requester.user))),
        ...buttonRow(buttons),
      ],
    },
    { hasFile: false },
  )
}

function headOf(approval: CaptureApproval, now: number): { icon: string; says: string; by: Piece[] } {
  const { state, approvals, rejected, needs, expiresAt } = approval
  const names = approvals.flatMap(({ user }, index) => [text(index === 0 ? ' by ' : ' and '), person(user)])
  if (state === 'approved') return { icon: '✅', says: 'approved', by: names }
  if (state === 'rejected')
    return { icon: '⛔', says: 'rejected', by: rejected === undefined ? [] : [text(' by '), person(rejected.user)] }
  if (!isOpen(approval, now)) return { icon: '⌛', says: 'expired', by: [text(' at '), clockTime(expiresAt)] }
  return needs === 1
    ? { icon: '📝', says: 'waits for approval', by: [] }
    : { icon: '📝', says: `has ${approvals.length} of ${needs} approvals`, by: names }
}

function factsOf({ requester, needs, expiresAt, channel, packets }: CaptureApproval, approvers: Approvers): Piece[][] {
  const named = peopleOf(requester.user, approvers)
  const shown = named.slice(0, MOST_NAMED).flatMap((piece, index) => (index === 0 ? [piece] : [text(', '), piece]))
  return [
    ...(packets.payload === true
      ? [
          [
            text('⚠️ '),
            text('What people send each other is captured, passwords and tokens too, and nothing is redacted.'),
          ],
        ]
      : []),
    [
      bold(needs === 1 ? 'May approve  ' : `${needs} of these have to approve  `),
      ...(shown.length === 0
        ? [text('nobody yet: operators are named under '), code(`channels.${channel}.roles.operator`)]
        : shown),
      ...(approvers.fourEyes ? [text('; not '), person(requester.user), text(', who asked for it')] : []),
    ],
    [bold('Until  '), clockTime(expiresAt)],
  ]
}

const peopleOf = (requester: string, { users, groups, fourEyes }: Approvers): Piece[] => [
  ...users.filter((user) => !fourEyes || user !== requester).map(person),
  ...groups.map(group),
]

/** Tells those who may approve that a capture waits for them: an edit of a message tells nobody. Undefined when there is nobody. */
export function captureApproversCalled(
  { requester, approvals, text: target, packets, expiresAt }: CaptureApproval,
  approvers: Approvers,
): SlackMessage | undefined {
  const has = new Set(approvals.map(({ user }) => user))
  const users = approvers.users.filter((user) => !has.has(user))
  const named = peopleOf(requester.user, { ...approvers, users }).slice(0, MOST_NAMED)
  if (named.length === 0) return undefined
  return fit(
    {
      text: `A capture waits for approval: ${target}`,
      blocks: [
        rich(
          line(
            ...named.flatMap((piece, index) => (index === 0 ? [piece] : [text(' '), piece])),
            text(
              ` A capture of ${packets.payload === true ? 'whole packets, payload included,' : 'packets'} waits for your approval until `,
            ),
            clockTime(expiresAt),
            text(': '),
            code(cut(clean(target), 200)),
          ),
        ),
      ],
    },
    { hasFile: false },
  )
}
