import { leasableOf } from '../../leases/leasables.ts'
import { wasTouched, type LeaseRecord, type LeaseProxy } from '../../leases/lease-record.ts'
import { formatRef } from '../../mesh/ref.ts'
import { buttonRow, type ButtonSpec } from './buttons.ts'
import { cut } from './escape.ts'
import { fit } from './fit.ts'
import {
  bold,
  bullets,
  code,
  line,
  lines,
  person,
  rich,
  shortTime,
  text,
  type Piece,
  type SlackMessage,
} from './rich.ts'

const STATES: Readonly<Record<LeaseProxy['state'], string>> = {
  noted: 'about to be set',
  raised: 'set',
  refused: 'could not be set',
  'put-back': 'put back',
  gone: 'its pod is gone, nothing to put back',
  restarted: 'its proxy was restarted and has its own levels again',
  left: 'somebody else changed it in the meantime: left alone',
  unreachable: 'not put back yet: it does not answer; mesh-medic keeps trying',
}
const ICONS: Readonly<Record<LeaseProxy['state'], string>> = {
  noted: '·',
  raised: '✓',
  refused: '✗',
  'put-back': '✓',
  gone: '–',
  restarted: '–',
  left: '⚠️',
  unreachable: '✗',
}

const ENDS: Readonly<Record<NonNullable<LeaseRecord['ended']>['why'], string>> = {
  time: 'the time was over',
  'put back': 'put back',
  overdue: 'the time was over while they could not be put back',
  failed: 'they could not be raised',
}

const countOf = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`

const TITLES: Readonly<Record<LeaseRecord['state'], string>> = {
  raising: 'Log levels are being raised',
  raised: 'Log levels are raised',
  'putting-back': 'Log levels are being put back',
  over: 'Log levels were put back',
}

/** Time until a moment, for a message that is shown for a while: `4 min`, `40 s`. */
export function timeLeft(until: string, now: number): string {
  const seconds = Math.max(0, Math.round((Date.parse(until) - now) / 1000))
  return seconds >= 60 ? `${Math.ceil(seconds / 60)} min` : `${seconds} s`
}

function proxyLine(
  levelsText: (levels: LeaseRecord['lent']) => string,
  { pod, state, before, says }: LeaseProxy,
): Piece[] {
  const was =
    state === 'put-back'
      ? ` (to ${levelsText(before)})`
      : state === 'raised' || state === 'left'
        ? ` (was ${levelsText(before)})`
        : ''
  return [
    text(`${ICONS[state]} `),
    code(formatRef(pod)),
    text(`  ${STATES[state]}${was}${says === undefined ? '' : `: ${cut(says, 300)}`}`),
  ]
}

/** A lease as it stands: what is raised until when, per proxy; at its end what was put back. `now` in milliseconds. */
export function leaseMessage(lease: LeaseRecord, now: number, buttons: readonly ButtonSpec[]): SlackMessage {
  const { ended, lent: raised, proxies, by, until, run, notes = [] } = lease
  const isOver = lease.state === 'over'
  const leasable = leasableOf(lease)
  const levelsText = (levels: LeaseRecord['lent']): string => leasable.describe(levels)
  const unsettled = proxies.filter(({ state }) => state === 'unreachable' || state === 'left')
  const icon = isOver ? (unsettled.length > 0 ? '🟡' : '⚪') : '🔎'
  const title =
    isOver && ended?.why === 'failed' && !proxies.some(wasTouched) ? 'Log levels were not raised' : TITLES[lease.state]
  const when: Piece[] =
    isOver || lease.state === 'putting-back'
      ? [
          text(ended === undefined ? '' : `${ENDS[ended.why]}${ended.by === undefined ? '' : ' by '}`),
          ...(ended?.by === undefined ? [] : [person(ended.by)]),
          ...(ended === undefined ? [] : [text(' at '), shortTime(ended.at)]),
        ]
      : [text('until '), shortTime(until), text(`, ${timeLeft(until, now)} left; then they are put back as they were`)]
  return fit(
    {
      text: `${icon} ${title}: ${levelsText(raised)}`,
      blocks: [
        rich(line(text(`${icon} `), bold(title), text('  '), code(levelsText(raised))), line(...when)),
        rich(bullets(proxies.map((proxy) => proxyLine(levelsText, proxy)))),
        ...(notes.length === 0 ? [] : [rich(line(text(cut(notes.join('; '), 500))))]),
        rich(
          lines([[text('raised by '), person(by.user), text(' at '), shortTime(lease.from), text(` · run ${run}`)]]),
        ),
        ...buttonRow(isOver ? [] : buttons),
      ],
    },
    { hasFile: false },
  )
}

/** Leases of which one message gives the buttons. */
export const MOST_LEASES = 20

/** What is raised now. `buttons` are those of the first leases, in their order: all stand at the end, so each has the number of its lease; `isAll`: not of one channel alone. */
export function leasesMessage(
  leases: readonly LeaseRecord[],
  now: number,
  buttons: readonly ButtonSpec[],
  unreadable = 0,
  isAll = false,
): SlackMessage {
  const unread =
    unreadable === 0
      ? []
      : [
          rich(
            line(
              text(`${countOf(unreadable, 'lease', 'leases')} of another version of mesh-medic cannot be shown here.`),
            ),
          ),
        ]

  if (leases.length === 0)
    return fit(
      {
        text: 'No log levels are raised',
        blocks: [
          rich(
            line(
              text(
                isAll
                  ? 'No log levels are raised now: every proxy has its own. '
                  : 'No log levels are raised now in this channel. ',
              ),
              code('/mesh log-level TARGET http:debug'),
              text(' raises some.'),
            ),
          ),
          ...unread,
        ],
      },
      { hasFile: false },
    )
  const title = countOf(leases.length, 'lease', 'leases')
  return fit(
    {
      text: title,
      blocks: [
        rich(line(bold(title))),
        ...leases
          .slice(0, MOST_LEASES)
          .map((lease, index) =>
            rich(
              line(
                ...(leases.length === 1 ? [] : [text(`${index + 1}. `)]),
                code(cut(leasableOf(lease).describe(lease.lent), 500)),
                text(` on ${countOf(lease.proxies.length, 'proxy', 'proxies')} of `),
                code(cut(lease.asked.text, 100)),
                text(', by '),
                person(lease.by.user),
                ...(lease.state === 'putting-back'
                  ? [text(', is being put back')]
                  : [text(', until '), shortTime(lease.until), text(` (${timeLeft(lease.until, now)} left)`)]),
              ),
            ),
          ),
        ...(leases.length > MOST_LEASES ? [rich(line(text(`and ${leases.length - MOST_LEASES} more`)))] : []),
        ...unread,
        ...buttonRow(
          buttons
            .slice(0, MOST_LEASES)
            .map((button, index) => (leases.length === 1 ? button : { ...button, label: `Put back ${index + 1}` })),
        ),
      ],
    },
    { hasFile: false },
  )
}
