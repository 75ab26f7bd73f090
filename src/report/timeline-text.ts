import type { Joined } from '../timeline/join.ts'
import type { Attempt, Leg } from '../timeline/leg.ts'
import { placeOf, rowsOf, shortLanesOf, TIMEOUTS } from '../timeline/rows.ts'
import type { Timeline } from '../timeline/timeline.ts'

/** Sentences of a story. */
const MOST_SENTENCES = 8

/** Microseconds as people read them: `0.09 ms`, `500.8 ms`, `12.3 s`. */
export function spanText(microseconds: number): string {
  const milliseconds = microseconds / 1000
  const size = Math.abs(milliseconds)
  if (size >= 10_000) return `${(milliseconds / 1000).toFixed(1)} s`
  return `${milliseconds.toFixed(size < 1 ? 2 : 1)} ms`
}

/** `04:09:47.323754`, UTC. */
export const clockText = (microseconds: number): string =>
  `${new Date(Math.floor(microseconds / 1000)).toISOString().slice(11, 23)}${String(microseconds % 1000).padStart(3, '0')}`

/** What became of the request, in a few words. */
export function timelineHeadline({ legs }: Joined): string {
  const [lead] = legs
  if (lead === undefined) return 'nothing is known of the request'
  const { method = 'request', path = '', authority = '' } = lead.request
  return `${method} ${authority}${path}: ${endingOf(lead)}`
}

function endingOf(leg: Leg): string {
  const { answer, timeout, localReply, callerLeft } = leg
  const after = answer === undefined ? '' : ` after ${spanText(answer.at - leg.begunAt)}`
  if (answer !== undefined && timeout !== undefined) return `${answer.status}${after}, ${TIMEOUTS[timeout.of]} fired`
  if (answer !== undefined && localReply !== undefined)
    return `${answer.status}${after} from the proxy itself (${localReply.details})`
  if (answer !== undefined) return `answered ${answer.status}${after}`
  if (callerLeft !== undefined) return `no answer: its caller went away after ${spanText(callerLeft - leg.begunAt)}`
  return 'no answer in the log'
}

/** What happened, in at most eight sentences. */
export function timelineStory(timeline: Joined): string[] {
  const { legs, unjoined } = timeline
  const [lead, ...others] = legs
  if (lead === undefined) return []
  const sentences = [
    beginning(lead),
    ...sending(lead),
    ...others.flatMap((leg, index) => peerBegins(leg, legs[index])),
    ...ending(lead),
    ...others.flatMap((leg) => peerEnds(leg)),
    ...skew(legs),
    ...unjoined,
  ]
  return sentences.slice(0, MOST_SENTENCES)
}

const theProxy = (leg: Leg): string => (leg.role === undefined ? leg.proxy : `The ${placeOf(leg)}`)
const lower = (text: string): string => text.replace(/^The /, 'the ')

function beginning(leg: Leg): string {
  const { method = 'a request', authority = '', path = '', id } = leg.request
  return `${theProxy(leg)} took ${method} ${authority}${path} at ${clockText(leg.begunAt)} UTC on connection ${leg.id.connection}, stream ${leg.id.stream}${id === undefined ? '' : `, request id ${id}`}.`
}

const connectionText = ({ connection, candidates }: Attempt): string =>
  connection !== undefined
    ? `connection ${connection}`
    : candidates === undefined
      ? 'a connection that the log does not name'
      : `connection ${candidates.join(' or ')}, the log does not tell which`

function sending(leg: Leg): string[] {
  if (leg.noRoute !== undefined) return [`No route fits: ${leg.noRoute.says}.`]
  if (leg.denied !== undefined) return [`A filter refused it: ${leg.denied.says}.`]
  const [attempt] = leg.attempts
  if (attempt === undefined)
    return leg.cluster === undefined ? [] : [`Its route led to ${leg.cluster}, and nothing was sent there.`]
  const where = leg.cluster === undefined ? '' : `Its route led to ${leg.cluster}; `
  if (attempt.sentAt === undefined)
    return [
      `${where}it never got a connection${attempt.host === undefined ? '' : ` to ${attempt.host}`}${attempt.failure === undefined ? '' : `: ${attempt.failure}`}.`,
    ]
  const wait = spanText(attempt.sentAt - attempt.askedAt)
  const host = attempt.host ?? leg.access?.upstreamHost
  const to =
    attempt.pod !== undefined ? ` to pod ${attempt.pod} (${host ?? ''})` : host === undefined ? '' : ` to ${host}`
  const how =
    attempt.how === 'reused'
      ? `which was open already${attempt.usedBefore > 0 ? ` (${attempt.usedBefore} ${attempt.usedBefore === 1 ? 'request' : 'requests'} before it in the log)` : ''}`
      : attempt.how === 'new'
        ? `which was made for it in ${wait}`
        : attempt.how === 'waited'
          ? `after it had waited ${wait} for one`
          : ''
  return [`${where}it was sent upstream on ${connectionText(attempt)}${to}${how === '' ? '' : `, ${how}`}.`]
}

function peerBegins(leg: Leg, caller: Leg | undefined): string[] {
  const sentAt = caller?.attempts.at(-1)?.sentAt
  const [attempt] = leg.attempts
  const later = sentAt === undefined ? '' : ` ${spanText(leg.begunAt - sentAt)} later`
  const on =
    attempt === undefined
      ? ''
      : attempt.sentAt === undefined
        ? ' and got no connection to the application'
        : ` and gave it to the application ${spanText(attempt.sentAt - leg.begunAt)} after that, on ${connectionText(attempt)}`
  return [`${theProxy(leg)} took it${later} on its connection ${leg.id.connection}${on}.`]
}

function ending(leg: Leg): string[] {
  const attempt = leg.attempts.at(-1)
  const sentAt = attempt?.sentAt
  const { timeout, answer, localReply } = leg
  const tries = leg.attempts.length > 1 ? [`It was tried ${leg.attempts.length} times.`] : []
  const since = (at: number): string =>
    sentAt === undefined ? `At ${clockText(at)}` : `${spanText(at - sentAt)} after the request was sent`
  const answered =
    answer === undefined
      ? ''
      : localReply === undefined
        ? `answered ${answer.status}`
        : `answered ${answer.status} itself (${localReply.details})`
  if (timeout !== undefined) {
    const closed = attempt?.closed?.by === 'proxy' ? `closed ${connectionText(attempt)} and ` : ''
    const allowed = leg.allowed === undefined || timeout.of !== 'request' ? '' : ` of ${leg.allowed} ms`
    return [
      ...tries,
      `${since(timeout.at)}${attempt?.answeredAt === undefined ? ', without an answer' : ''}, ${TIMEOUTS[timeout.of]}${allowed} fired.`,
      `Envoy ${closed}${answered === '' ? 'logged no answer' : answered}.`,
    ]
  }
  if (attempt?.answeredAt !== undefined)
    return [
      ...tries,
      `${since(attempt.answeredAt)} upstream answered${attempt.status === undefined ? '' : ` ${attempt.status}`}${answer === undefined ? '' : `, and the proxy ${answered}`}.`,
    ]
  if (attempt?.closed?.by === 'peer' && leg.callerLeft === undefined)
    return [
      ...tries,
      `${since(attempt.closed.at)} upstream closed ${connectionText(attempt)} without an answer${attempt.failure === undefined ? '' : ` (${attempt.failure})`}.`,
      ...(answered === '' ? [] : [`Envoy ${answered}.`]),
    ]
  if (leg.callerLeft !== undefined) return [...tries, callerLeftText(leg, leg.callerLeft)]
  return [...tries, ...(answered === '' ? ['No answer of it is in the log.'] : [`Envoy ${answered}.`])]
}

function callerLeftText(leg: Leg, at: number): string {
  const attempt = leg.attempts.at(-1)
  const waiting =
    attempt?.sentAt !== undefined && attempt.answeredAt === undefined
      ? `; ${leg.side === 'inbound' ? 'the application' : 'upstream'} had had the request for ${spanText(at - attempt.sentAt)} and not answered`
      : ''
  return `${spanText(at - leg.begunAt)} after ${lower(theProxy(leg))} had taken it, its caller went away${waiting}.${loggedText(leg)}`
}

const loggedText = ({ access }: Leg): string =>
  access === undefined
    ? ''
    : ` Its access log says ${access.code} ${access.flags.join(',') || '-'}${access.details === undefined ? '' : ` ${access.details}`}.`

function peerEnds(leg: Leg): string[] {
  if (leg.callerLeft !== undefined) return [callerLeftText(leg, leg.callerLeft)]
  return ending(leg).map((sentence) => `At ${lower(theProxy(leg))}: ${sentence.replace(/^Envoy/, 'the proxy')}`)
}

/** A peer cannot have a request before it was sent: then the clocks differ. */
function skew(legs: readonly Leg[]): string[] {
  return legs.slice(1).flatMap((leg, index) => {
    const sentAt = legs[index]?.attempts.at(-1)?.sentAt
    return sentAt === undefined || leg.begunAt >= sentAt
      ? []
      : [
          `By its own clock ${lower(theProxy(leg))} had the request ${spanText(sentAt - leg.begunAt)} before it was sent: the clocks differ, and times between the two are off by that much at least.`,
        ]
  })
}

/** Where each line came from, and what of them belongs to nobody. */
export function sourceLines({ legs, by, logs, matching, unjoined }: Timeline): string[] {
  return [
    ...(matching === undefined
      ? []
      : [
          `${matching.count} ${matching.what}${matching.count === 1 ? '' : 's'} in the ${matching.of}; the latest that can be told is shown.`,
        ]),
    ...legs.map((leg, index) =>
      [
        `${placeOf(leg)}: ${leg.entries.length} lines of it`,
        ...(index === 0 ? [] : [`joined by ${by[index - 1] ?? ''}`]),
        `${leg.unattributed} lines in its time belong to no connection`,
        ...(leg.unreadable > 0 ? [`${leg.unreadable} could not be read`] : []),
      ].join('; '),
    ),
    ...logs
      .filter(({ name }) => !legs.some(({ log }) => log === name))
      .map(({ name }) => `${name}: nothing of it was joined`),
    ...unjoined,
  ]
}

/** The whole timeline as text: story, table, and where it came from. */
export function timelineText(timeline: Timeline): string {
  const lanes = shortLanesOf(timeline)
  const rows = rowsOf(timeline)
  const begun = rows[0]?.at ?? 0
  return [
    timelineHeadline(timeline),
    '',
    ...timelineStory(timeline),
    '',
    ...inColumns([
      ['       ms', 'where', 'connection', 'what'],
      ...rows.map(({ at, lane, to, connection = '', says }) => [
        ((at - begun) / 1000).toFixed(3).padStart(9),
        to === undefined ? (lanes[lane] ?? '') : `${lanes[lane] ?? ''} → ${lanes[to] ?? ''}`,
        connection,
        says,
      ]),
    ]),
    '',
    ...sourceLines(timeline),
    '',
  ].join('\n')
}

/** Rows with cells below each other. */
function inColumns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}
