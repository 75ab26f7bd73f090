import { visible } from '../../mesh/visible.ts'
import { together } from '../../incidents/news.ts'
import type { Incident, IncidentNews } from '../../store/incidents.ts'
import { clean, cut, shorten } from './escape.ts'
import { fit } from './fit.ts'
import {
  bold,
  clockTime,
  code,
  dayTime,
  line,
  lines,
  link,
  rich,
  shortTime,
  text,
  type Piece,
  type SlackMessage,
} from './rich.ts'

/** Alert names and pods that are named. */
const MOST_NAMED = 3
const MOST_LINKS = 4

/** Times of an incident's alerts. */
const firingOf = ({ alerts }: Incident): number =>
  Object.values(alerts).filter(({ status }) => status === 'firing').length

/** What a message shows of an incident, as a digest: an edit is made when it is another. */
export const incidentDigest = (incident: Incident): string => {
  const { state, alerts, names, severity, lastAt, resolvedAt, ended, silence, mergedInto } = incident
  return JSON.stringify([
    state,
    firingOf(incident),
    Object.keys(alerts).length,
    names.length,
    severity,
    state === 'open' ? lastAt.slice(0, 16) : '',
    resolvedAt,
    ended,
    silence,
    mergedInto,
  ])
}

/** A message with what is known of the incident that it is about: behind its title, and at its end. */
export function incidentFrame(base: SlackMessage, incident: Incident): SlackMessage {
  const [title, ...rest] = base.blocks
  const foot = footOf(incident)
  const actions = rest.findIndex(({ type }) => type === 'actions')
  const [before, after] = actions === -1 ? [rest, []] : [rest.slice(0, actions), rest.slice(actions)]
  return fit(
    {
      text: `${spoken(incident)} · ${base.text.replace(/&(?:lt|gt|amp);/g, (one) => ({ '&lt;': '<', '&gt;': '>', '&amp;': '&' })[one] ?? one)}`,
      blocks: [
        ...(title === undefined ? [] : [title]),
        rich(lines(statusLines(incident))),
        ...before,
        ...(foot.length === 0 ? [] : [rich(lines(foot))]),
        ...after,
      ],
    },
    { hasFile: false },
  )
}

/** The incident in a few words, for notifications. */
const spoken = ({ state, names, severity }: Incident): string =>
  `${state === 'open' ? (severity ?? 'Firing') : 'Resolved'}: ${names
    .slice(0, MOST_NAMED)
    .map((name) => shorten(visible(name), 80))
    .join(', ')}`

function statusLines(incident: Incident): Piece[][] {
  const { state, names, cluster, firstAt, lastAt, resolvedAt, ended, silence, severity, alerts, caller } = incident
  const count = Object.keys(alerts).length
  const firing = firingOf(incident)
  const named = names
    .slice(0, MOST_NAMED)
    .flatMap((name, index) => [...(index === 0 ? [] : [text(', ')]), code(shorten(clean(name), 80))])
  const more = names.length > MOST_NAMED ? [text(` and ${names.length - MOST_NAMED} more`)] : []
  const where = [
    ...(severity === undefined ? [] : [text(` · ${shorten(clean(severity), 40)}`)]),
    ...(caller === undefined ? [] : [text(' · caller '), code(shorten(clean(caller), 80))]),
    ...(cluster === undefined ? [] : [text(' · cluster '), code(shorten(clean(cluster), 80))]),
  ]
  const status: Piece[] =
    state === 'resolved' && resolvedAt !== undefined
      ? [
          text('✅ '),
          bold('Resolved'),
          text(' at '),
          clockTime(resolvedAt),
          text(
            ` after ${durationText(firstAt, resolvedAt)}${ended === undefined ? '' : `: ${shorten(clean(ended.says), 200)}`} · `,
          ),
          ...named,
          ...more,
        ]
      : [
          text('🔔 '),
          bold('Firing'),
          text(' since '),
          shortTime(firstAt),
          text(`, ${firing === count ? '' : `${firing} of `}${count} ${count === 1 ? 'alert' : 'alerts'}, last `),
          shortTime(lastAt),
          text(' · '),
          ...named,
          ...more,
        ]
  return [
    [
      ...status,
      ...where,
      ...(silence === undefined || state === 'resolved' ? [] : [text(SEPARATOR), ...silenceLine(silence)]),
    ],
  ]
}

const silenceLine = ({ until, by, where }: NonNullable<Incident['silence']>): Piece[] => [
  text('🔕 '),
  bold('Silenced'),
  text(' until '),
  shortTime(until),
  text(' by '),
  /^[UW][A-Z0-9_]+$/.test(by) ? { type: 'user', user_id: by } : code(by),
  text(` (${where})`),
]

/** `14 min`, `2 h 5 min`, `3 d 4 h`. */
export function durationText(from: string, to: string): string {
  const seconds = Math.max(0, Math.round((Date.parse(to) - Date.parse(from)) / 1000))
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 60) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`
}

/** Callers and changes that are named. */
const MOST_HIT = 3
const MOST_BEFORE = 2

/** Who is hit, what changed before, whether it was seen before, owner and pages; what is not known is left out, but for changes, of which it is said that there were none. */
function footOf(incident: Incident): Piece[][] {
  const { triage, seen } = incident
  // Three lines at most: the message has nine already.
  return [
    [...(triage === undefined || triage.hit.length === 0 ? [] : hitLine(triage.hit)), ...ownerPieces(incident)],
    triage === undefined ? [] : beforeLine(triage),
    [...(seen === undefined ? [] : seenLine(seen)), ...linkPieces(incident)],
  ].flatMap((pieces) => {
    const [first, ...rest] = pieces
    return first === undefined ? [] : [isSeparator(first) ? rest : pieces]
  })
}

const hitLine = (hit: NonNullable<Incident['triage']>['hit']): Piece[] => [
  bold('Hit '),
  ...hit
    .slice(0, MOST_HIT)
    .flatMap(({ caller, seen, failed }, index) => [
      ...(index === 0 ? [] : [text(', ')]),
      code(shorten(clean(caller), 80)),
      text(` ${failed} of ${seen}`),
    ]),
  ...(hit.length > MOST_HIT ? [text(` and ${hit.length - MOST_HIT} more callers`)] : []),
]

function beforeLine({ began, before, unread }: NonNullable<Incident['triage']>): Piece[] {
  const not =
    unread.length === 0 ? '' : ` (not read: ${unread.slice(0, 2).join(', ')}${unread.length > 2 ? ', …' : ''})`
  if (before.length === 0)
    return [
      bold('Changed before '),
      text('nothing that is left to read, in the hour before '),
      shortTime(began),
      ...(not === '' ? [] : [text(not)]),
    ]
  const more = before.length - MOST_BEFORE
  return [
    bold('Changed before '),
    ...before
      .slice(0, MOST_BEFORE)
      .flatMap(({ at, says }, index) => [
        ...(index === 0 ? [] : [text('; ')]),
        text(`${cut(clean(says), 200)} at `),
        clockTime(at),
      ]),
    text(`${more > 0 ? ` and ${more} more` : ''}; it began `),
    clockTime(began),
    ...(not === '' ? [] : [text(not)]),
  ]
}

function seenLine({ times, at, until, ended, url }: NonNullable<Incident['seen']>): Piece[] {
  const lasted = until === undefined ? '' : `, ${durationText(at, until)}`
  return [
    bold('Seen before '),
    text(times === 1 ? 'once, ' : `${times} times, last `),
    dayTime(at),
    text(`${lasted}${ended === undefined ? '' : `; ended ${cut(clean(ended), 200)}`}`),
    ...(url === undefined ? [] : [text(': '), link(url, 'its thread')]),
  ]
}

const SEPARATOR = ' · '
const isSeparator = (piece: Piece): boolean => piece.type === 'text' && piece.text === SEPARATOR

const ownerPieces = ({ owner }: Incident): Piece[] =>
  owner === undefined ? [] : [text(SEPARATOR), bold('Owner '), text(shorten(clean(owner), 80))]

const linkPieces = ({ links }: Incident): Piece[] =>
  Object.entries(links)
    .slice(0, MOST_LINKS)
    .flatMap(([name, url]) => [text(SEPARATOR), link(url, shorten(clean(name), 40))])

/** The message of an incident that is not diagnosed: no label names a workload, or it is of a cluster that is not looked at. */
export function undiagnosedMessage({ names, target, tried = [], elsewhere }: Incident): SlackMessage {
  const name = shorten(clean(names[0] ?? 'an alert'), 120)
  const why: Piece[] =
    elsewhere === undefined
      ? [
          text('No label names a workload. Tried: '),
          text(cut(clean(tried.join('; ')), 900)),
          text('. Add the label or annotation '),
          code('mesh_target'),
          text(' to the rule, or a mapping ('),
          code('alerts.mapping'),
          text(').'),
        ]
      : [
          text(`Not diagnosed: ${cut(clean(elsewhere), 300)}.`),
          ...(target === undefined ? [] : [text(' It is about '), code(shorten(clean(target.text), 120)), text('.')]),
        ]
  return fit(
    {
      text: `${name}: ${elsewhere === undefined ? 'no label names a workload' : 'not diagnosed'}`,
      blocks: [rich(line(text('⚪ '), bold(name))), rich(line(...why))],
    },
    { hasFile: false },
  )
}

/** The message of an incident that turned out to be another one. */
export const mergedMessage = (incident: Incident, url: string | undefined): SlackMessage =>
  fit(
    {
      text: `The same cause as another incident: ${incident.names[0] ?? ''}`,
      blocks: [
        rich(
          line(
            text('↪️ '),
            bold(shorten(clean(incident.names[0] ?? 'an alert'), 120)),
            text(' has the same cause as another incident, and goes on there'),
            ...(url === undefined ? [text('.')] : [text(': '), link(url, 'its thread')]),
          ),
        ),
      ],
    },
    { hasFile: false },
  )

/** News of an incident, as one reply. */
export function newsMessage(news: readonly IncidentNews[]): SlackMessage {
  const { pods = [], worse, again, cause } = together(news)
  const said: Piece[][] = [
    ...(again === true ? [[text('🔔 '), bold('Firing again')]] : []),
    ...(worse === undefined
      ? []
      : [[text('⬆️ '), bold('Worse: '), text(`${shorten(clean(worse.from), 40)} → ${shorten(clean(worse.to), 40)}`)]]),
    ...(pods.length === 0
      ? []
      : [
          [
            text('➕ '),
            bold(pods.length === 1 ? 'Another pod: ' : `${pods.length} more pods: `),
            ...pods
              .slice(0, 5)
              .flatMap((pod, index) => [...(index === 0 ? [] : [text(', ')]), code(shorten(clean(pod), 120))]),
            ...(pods.length > 5 ? [text(` and ${pods.length - 5} more`)] : []),
          ],
        ]),
    ...(cause === undefined ? [] : [[text('🔀 '), bold('Another cause: '), text(cut(clean(cause.to), 600))]]),
  ]
  return fit(
    {
      text:
        again === true
          ? 'Firing again'
          : worse !== undefined
            ? 'Worse'
            : cause !== undefined
              ? 'Another cause'
              : 'Another pod',
      blocks: [rich(lines(said))],
    },
    { hasFile: false },
  )
}
