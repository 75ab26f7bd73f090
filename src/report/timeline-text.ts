import type { Joined } from '../timeline/join.ts'
import type { Leg } from '../timeline/leg.ts'
import { placeOf, rowsOf, shortLanesOf, TIMEOUTS } from '../timeline/rows.ts'
import { spanText, clockText } from './span-text.ts'
import { connectionText, decidedAt, endingSentences, inside, theProxy } from './timeline-ending.ts'
import type { Timeline } from '../timeline/timeline.ts'

/** Sentences of a story. */
const MOST_SENTENCES = 8

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
  const isLast = timeout !== undefined && timeout.at >= (leg.attempts.at(-1)?.askedAt ?? 0)
  if (answer !== undefined && timeout !== undefined && isLast)
    return `${answer.status}${after}, ${TIMEOUTS[timeout.of]} fired`
  if (answer !== undefined && localReply !== undefined)
    return `${answer.status}${after} from the proxy itself (${localReply.details})`
  if (answer !== undefined) return `answered ${answer.status}${after}`
  if (callerLeft !== undefined) return `no answer: its caller went away after ${spanText(callerLeft - leg.begunAt)}`
  return 'no answer in the log'
}

/** What happened, in at most eight sentences. */
export function timelineStory(timeline: Joined): string[] {
  const { legs, unjoined, tries = [] } = timeline
  const [lead, ...others] = legs
  if (lead === undefined) return []
  const sentences = [
    beginning(lead),
    ...sending(lead),
    ...triesText(timeline),
    ...others.flatMap((leg, index) => peerBegins(leg, legs[index])),
    // What a peer did may be why its caller ended as it did, or what came of that.
    ...legs
      .map((leg, index) => ({
        at: decidedAt(leg),
        says: endingSentences(leg, legs[index + 1], index === 0 && tries.length > 0),
      }))
      .toSorted((one, other) => one.at - other.at)
      .flatMap(({ says }) => says),
    ...skew(legs),
    ...unjoined,
  ]
  return sentences.slice(0, MOST_SENTENCES)
}

function beginning(leg: Leg): string {
  const { method = 'a request', authority = '', path = '', id } = leg.request
  return `${theProxy(leg)} took ${method} ${authority}${path} at ${clockText(leg.begunAt)} UTC on connection ${leg.id.connection}, stream ${leg.id.stream}${id === undefined ? '' : `, request id ${id}`}.`
}

function sending(leg: Leg): string[] {
  if (leg.noRoute !== undefined) return [`No route fits: ${leg.noRoute.says}.`]
  if (leg.denied !== undefined) return [deniedText(leg, leg.denied.says)]
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

const deniedText = (leg: Leg, says: string): string => `A filter of ${inside(theProxy(leg))} refused it: ${says}.`

function peerBegins(leg: Leg, caller: Leg | undefined): string[] {
  const sentAt = caller?.attempts.at(-1)?.sentAt
  const [attempt] = leg.attempts
  const later = sentAt === undefined ? '' : ` ${spanText(leg.begunAt - sentAt)} later`
  const on =
    attempt === undefined
      ? ''
      : attempt.sentAt === undefined
        ? ''
        : ` and gave it to the application ${spanText(attempt.sentAt - leg.begunAt)} after that, on ${connectionText(attempt)}`
  return [
    `${theProxy(leg)} took it${later} on its connection ${leg.id.connection}${on}.`,
    ...(leg.denied === undefined ? [] : [deniedText(leg, leg.denied.says)]),
  ]
}

/** What came of the tries before the last at their peers: one sentence for all. */
function triesText({ tries = [], legs }: Joined): string[] {
  const [first] = tries
  if (first === undefined) return []
  const told = tries.map(({ attempt, leg }) => {
    const became =
      leg.answer !== undefined
        ? `which answered ${leg.answer.status} after ${spanText(leg.answer.at - leg.begunAt)}`
        : leg.callerLeft !== undefined
          ? `which had not answered when it was given up after ${spanText(leg.callerLeft - leg.begunAt)}`
          : 'of which no end is in its log'
    return `try ${attempt + 1} reached ${inside(theProxy(leg))} on its connection ${leg.id.connection}, ${became}`
  })
  const all = legs[first.of]?.attempts.length ?? 0
  return [`It was tried ${all} times: ${told.join('; ')}.`]
}

/** A peer cannot have a request before it was sent: then the clocks differ. */
function skew(legs: readonly Leg[]): string[] {
  return legs.slice(1).flatMap((leg, index) => {
    const sentAt = legs[index]?.attempts.at(-1)?.sentAt
    return sentAt === undefined || leg.begunAt >= sentAt
      ? []
      : [
          `By its own clock ${inside(theProxy(leg))} had the request ${spanText(sentAt - leg.begunAt)} before it was sent: the clocks differ, and times between the two are off by that much at least.`,
        ]
  })
}

/** `10 failed requests`, `1 request answered 403`. */
export const matchingText = ({ count, what }: NonNullable<Timeline['matching']>): string =>
  `${count} ${count === 1 ? what : what.replace('request', 'requests')}`

/** Where each line came from, and what of them belongs to nobody. */
export function sourceLines({ legs, by, logs, matching, unjoined, tries = [] }: Timeline): string[] {
  return [
    ...(matching === undefined
      ? []
      : [`${matchingText(matching)} in the ${matching.of}; the latest that can be told is shown.`]),
    ...legs.map((leg, index) =>
      [
        `${placeOf(leg)}: ${leg.entries.length} lines of it`,
        ...(index === 0 ? [] : [`joined by ${by[index - 1] ?? ''}`]),
        `${leg.unattributed} lines in its time belong to no connection`,
        ...(leg.unreadable > 0 ? [`${leg.unreadable} could not be read`] : []),
      ].join('; '),
    ),
    ...tries.map(
      ({ attempt, leg }) =>
        `${placeOf(leg)}: ${leg.entries.length} lines of try ${attempt + 1}; joined by request id and address`,
    ),
    ...logs
      .filter(({ name }) => ![...legs, ...tries.map(({ leg }) => leg)].some(({ log }) => log === name))
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
