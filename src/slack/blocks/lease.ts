import { leaseWords } from '../../leases/lease-words.ts'
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
  failed: '',
}

const countOf = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`

/** Time until a moment, for a message that is shown for a while: `4 min`, `40 s`. */
export function timeLeft(until: string, now: number): string {
  const seconds = Math.max(0, Math.round((Date.parse(until) - now) / 1000))
  return seconds >= 60 ? `${Math.ceil(seconds / 60)} min` : `${seconds} s`
}

function proxyLine(lease: LeaseRecord, { pod, state, before, says }: LeaseProxy): Piece[] {
  const { states, describe } = leaseWords(lease)
  // What there was before is nothing, of access logs.
  const was =
    lease.kind === 'access-logs'
      ? ''
      : state === 'put-back'
        ? ` (to ${describe(before)})`
        : state === 'raised' || state === 'left'
          ? ` (was ${describe(before)})`
          : ''
  return [
    text(`${ICONS[state]} `),
    code(formatRef(pod)),
    text(`  ${states[state]}${was}${says === undefined ? '' : `: ${cut(says, 300)}`}`),
  ]
}

/** What can be pressed on a lease that is over: of its logs. */
const OF_KEPT: ReadonlySet<string> = new Set(['full-report', 'delete-answer'])

/** A lease as it stands: what is raised until when, per proxy; at its end what was put back. `now` in milliseconds. */
export function leaseMessage(lease: LeaseRecord, now: number, buttons: readonly ButtonSpec[]): SlackMessage {
  const { ended, lent: raised, proxies, by, until, run, notes = [] } = lease
  const isOver = lease.state === 'over'
  const words = leaseWords(lease)
  const unsettled = proxies.filter(({ state }) => state === 'unreachable' || state === 'left')
  const icon = isOver ? (unsettled.length > 0 ? '🟡' : '⚪') : '🔎'
  const title =
    isOver && ended?.why === 'failed' && !proxies.some(wasTouched) ? words.titles.refused : words.titles[lease.state]
  const when: Piece[] =
    isOver || lease.state === 'putting-back'
      ? [
          text(
            ended === undefined
              ? ''
              : `${ended.why === 'failed' ? words.failed : ENDS[ended.why]}${ended.by === undefined ? '' : ' by '}`,
          ),
          ...(ended?.by === undefined ? [] : [person(ended.by)]),
          ...(ended === undefined ? [] : [text(' at '), shortTime(ended.at)]),
        ]
      : [text('until '), shortTime(until), text(`, ${timeLeft(until, now)} left; then they are put back as they were`)]
  return fit(
    {
      text: `${icon} ${title}: ${words.describe(raised)}`,
      blocks: [
        rich(line(text(`${icon} `), bold(title), text('  '), code(words.describe(raised))), line(...when)),
        rich(bullets(proxies.map((proxy) => proxyLine(lease, proxy)))),
        ...(notes.length === 0 ? [] : [rich(line(text(cut(notes.join('; '), 500))))]),
        rich(
          lines([
            [text(`${words.done} by `), person(by.user), text(' at '), shortTime(lease.from), text(` · run ${run}`)],
          ]),
        ),
        ...buttonRow(isOver ? buttons.filter(({ action }) => OF_KEPT.has(action)) : buttons),
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
              text(' raises some. No access logs are turned on; '),
              code('/mesh access-log TARGET on'),
              text(' turns on those of a workload.'),
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
                code(cut(leaseWords(lease).describe(lease.lent), 500)),
                text(
                  lease.kind === 'access-logs'
                    ? ` of ${lease.proxies.map(({ pod }) => formatRef(pod)).join(', ')}, asked as `
                    : ` on ${countOf(lease.proxies.length, 'proxy', 'proxies')} of `,
                ),
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
