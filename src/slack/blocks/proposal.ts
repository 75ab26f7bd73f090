import type { ChangeRecord } from '../../fixes/record.ts'
import { formatRef } from '../../mesh/ref.ts'
import type { RunRecord } from '../../store/runs.ts'
import { buttonRow, type ButtonSpec } from './buttons.ts'
import { clean, cut } from './escape.ts'
import { fit } from './fit.ts'
import {
  bold,
  bullets,
  clockTime,
  code,
  group,
  line,
  lines,
  person,
  pre,
  rich,
  text,
  type Piece,
  type SlackMessage,
} from './rich.ts'
import { askedBy } from './running.ts'
import { defined } from '../../mesh/defined.ts'

/** Who may approve changes in a channel: Slack users and user groups. */
export interface Approvers {
  users: readonly string[]
  groups: readonly string[]
  /** False where people may approve what they asked for themselves. */
  fourEyes: boolean
}

/** Characters of the diff, of a note, of any other sentence. */
const MOST = { diff: 2_700, note: 600, sentence: 700 }
const MOST_OBJECTS = 12
const MOST_NOTES = 10
const MOST_NAMED = 20

const sentence = (value: string): Piece => text(cut(clean(value), MOST.sentence))

/** A reference as the store gives it. */
export const refIn = ({ kind, namespace, name }: ChangeRecord['subject']): string =>
  formatRef({ kind, name, ...defined({ namespace }) })

/** True while somebody may decide it; `now` in milliseconds. */
export const isOpen = ({ state, expiresAt }: ChangeRecord, now: number): boolean =>
  state === 'proposed' && Date.parse(expiresAt) > now

/** A proposed change: what it does, its diff, who may approve it until when, and how it was decided once it was. `now` in milliseconds. */
export function proposalMessage(
  change: ChangeRecord,
  approvers: Approvers,
  buttons: readonly ButtonSpec[],
  now: number,
): SlackMessage {
  const { title, why, diff, notes, blocked } = change
  const head = headOf(change, now)
  return fit({
    text: `${head.icon} ${head.says}: ${title}`,
    blocks: [
      rich(
        line(text(`${head.icon} `), bold(head.says), ...head.by, text('  '), bold(cut(clean(title), 200))),
        line(sentence(why)),
      ),
      ...head.more,
      rich(lines(factsOf(change, approvers, now))),
      ...(notes.length === 0
        ? []
        : [
            rich(
              line(bold('Before you decide')),
              bullets(notes.slice(0, MOST_NOTES).map((note) => [text(cut(clean(note), MOST.note))])),
            ),
          ]),
      ...(blocked === undefined ? [] : [rich(line(text('⚠️ '), bold('Only as a patch  '), sentence(blocked)))]),
      rich(pre(diff, MOST.diff)),
      rich(line(text('asked for by '), person(change.requester.user), text(` · change ${change.id}`))),
      ...buttonRow(buttons),
    ],
    isCut: diff.length > MOST.diff || notes.length > MOST_NOTES || change.writes.length > MOST_OBJECTS,
  })
}

interface Head {
  icon: string
  says: string
  by: Piece[]
  more: SlackMessage['blocks']
}

function headOf(change: ChangeRecord, now: number): Head {
  const { state, decided, failure, expiresAt, blocked } = change
  const by: Piece[] =
    decided === undefined ? [] : [text(' by '), person(decided.user), text(' at '), clockTime(decided.at)]
  if (state === 'proposed' && isOpen(change, now))
    return { icon: '📝', says: blocked === undefined ? 'Proposed' : 'Proposed, as a patch', by: [], more: [] }
  if (state === 'proposed' || state === 'expired')
    return {
      icon: '⌛',
      says: 'Expired',
      by: [text(' at '), clockTime(expiresAt)],
      more: [again('Nobody decided in time.')],
    }
  if (state === 'rejected')
    return {
      icon: '⛔',
      says: 'Rejected',
      by,
      more: decided?.reason === undefined ? [] : [rich(line(bold('Reason  '), sentence(decided.reason)))],
    }
  if (state === 'superseded' && failure !== undefined)
    return {
      icon: '↪️',
      says: 'Approved',
      by,
      more: [
        rich(line(text('It was not written: '), sentence(failure))),
        rich(line(text('It is proposed again for the object as it is now, below.'))),
      ],
    }
  if (state === 'superseded') return { icon: '↪️', says: 'It was replaced by a newer proposal', by: [], more: [] }
  if (state === 'failed')
    return {
      icon: '⚫',
      says: 'Approved',
      by,
      more: [rich(line(text('It failed: '), sentence(failure ?? 'see the thread')))],
    }
  return { icon: '✅', says: 'Approved', by, more: [rich(line(text('What came of it is below, in this thread.')))] }
}

const again = (why: string): SlackMessage['blocks'][number] =>
  rich(line(text(`${why} Press “Propose fix” again; the objects may have changed.`)))

function factsOf(change: ChangeRecord, approvers: Approvers, now: number): Piece[][] {
  const { effect, risk, undoSays, writes, expiresAt, blocked } = change
  const objects = writes
    .slice(0, MOST_OBJECTS)
    .flatMap(({ verb, ref, ...write }, index): Piece[] => [
      text(
        `${index === 0 ? '' : ', '}${verb === 'delete' ? 'deletes' : 'was' in write && write.was === 'absent' ? 'creates' : 'changes'} `,
      ),
      code(refIn(ref)),
    ])
  const rest = writes.length > MOST_OBJECTS ? [text(` and ${writes.length - MOST_OBJECTS} more`)] : []
  return [
    [bold('Changes  '), sentence(effect)],
    [bold('Objects  '), ...objects, ...rest],
    [bold('Risk  '), text(`${risk.level}. `), sentence(risk.says)],
    [bold('Undo  '), sentence(undoSays)],
    ...(isOpen(change, now) && blocked === undefined
      ? [
          [bold('May approve   '), ...approversPieces(change, approvers)],
          [bold('Until  '), clockTime(expiresAt)],
        ]
      : []),
  ]
}

function approversPieces({ requester, channel }: ChangeRecord, { users, groups, fourEyes }: Approvers): Piece[] {
  const others = fourEyes ? users.filter((user) => user !== requester.user) : users
  const named = [...others.map(person), ...groups.map(group)]
  if (named.length === 0)
    return [
      text("nobody yet: ask the bot's administrator to name approvers under "),
      code(`channels.${channel}.roles.approver`),
      text(' in its configuration'),
    ]
  const shown = named.slice(0, MOST_NAMED).flatMap((piece, index) => (index === 0 ? [piece] : [text(', '), piece]))
  return [
    ...shown,
    ...(named.length > MOST_NAMED ? [text(` and ${named.length - MOST_NAMED} more`)] : []),
    ...(fourEyes ? [text('; not '), person(requester.user), text(', who asked for it')] : []),
  ]
}

/** Tells the approvers that a change waits for them: an edit of a message tells nobody. Undefined when nobody could approve it. */
export function approversCalled(change: ChangeRecord, approvers: Approvers): SlackMessage | undefined {
  const { requester, title, blocked, expiresAt } = change
  const people = approvers.users.filter((user) => !approvers.fourEyes || user !== requester.user)
  const named = [...people.map(person), ...approvers.groups.map(group)].slice(0, MOST_NAMED)
  if (blocked !== undefined || named.length === 0) return undefined
  return fit(
    {
      text: `A change waits for approval: ${title}`,
      blocks: [
        rich(
          line(
            ...named.flatMap((piece, index) => (index === 0 ? [piece] : [text(' '), piece])),
            text(' A change waits for your approval until '),
            clockTime(expiresAt),
            text(': '),
            bold(cut(clean(title), 200)),
          ),
        ),
      ],
    },
    { hasFile: false },
  )
}

/** The run's message when there is nothing to propose. */
export function noProposalMessage(says: string, run: RunRecord, buttons: readonly ButtonSpec[]): SlackMessage {
  return fit(
    {
      text: `⚪ No fix proposed: ${says}`,
      blocks: [
        rich(line(text('⚪ '), bold('No fix proposed')), line(sentence(says))),
        rich(line(...askedBy(run))),
        ...buttonRow(buttons),
      ],
    },
    { hasFile: false },
  )
}
