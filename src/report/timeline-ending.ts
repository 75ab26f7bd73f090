import type { Attempt, Leg } from '../timeline/leg.ts'
import { placeOf, TIMEOUTS } from '../timeline/rows.ts'
import { clockText, spanText } from './span-text.ts'

/** A proxy at the beginning of a sentence, by all that is known of it. */
export const theProxy = (leg: Leg): string => (leg.role === undefined ? leg.proxy : `The ${placeOf(leg)}`)
/** The same within one. */
export const inside = (text: string): string => text.replace(/^The /, 'the ')

/** A connection by its id; what is said where the log does not tell it. */
export const connectionText = ({ connection, candidates }: Attempt): string =>
  connection !== undefined
    ? `connection ${connection}`
    : candidates === undefined
      ? 'a connection that the log does not name'
      : `connection ${candidates.join(' or ')}, the log does not tell which`

/** A proxy again, once it was named in full. */
const again = ({ role, proxy }: Leg): string => (role === undefined ? proxy : `The ${role}`)

/** Whom a proxy asks: its application, the next proxy where that is known, or just what is there. */
const askedBy = (leg: Leg, next: Leg | undefined): string =>
  leg.side === 'inbound' ? 'the application' : next === undefined ? 'upstream' : inside(again(next))

/** When it was decided how a request ends. */
export function decidedAt({ timeout, answer, callerLeft, endedAt }: Leg): number {
  return timeout?.at ?? answer?.at ?? callerLeft ?? endedAt
}

/** How a request ended at one proxy; `next` is the proxy that it asked. */
export function endingSentences(leg: Leg, next: Leg | undefined, isTold = false): string[] {
  const tries = leg.attempts.length > 1 && !isTold ? [`${again(leg)} tried ${leg.attempts.length} times.`] : []
  if (leg.callerLeft !== undefined) return [...tries, callerLeftSentence(leg, leg.callerLeft, askedBy(leg, next))]
  return [...tries, ...whySentences(leg, askedBy(leg, next))]
}

function whySentences(leg: Leg, asked: string): string[] {
  const attempt = leg.attempts.at(-1)
  const { timeout, answer, localReply } = leg
  const itself =
    answer === undefined
      ? undefined
      : localReply === undefined
        ? `answered ${answer.status}`
        : `answered ${answer.status} itself (${localReply.details})`
  const since = sinceSent(attempt)
  // The timeout of a try that was followed by another decided nothing.
  const isOver = timeout?.of !== 'request' && attempt !== undefined && (timeout?.at ?? 0) < attempt.askedAt
  if (timeout !== undefined && !isOver) {
    const closed = attempt?.closed?.by === 'proxy' ? `closed ${connectionText(attempt)} and ` : ''
    const allowed = leg.allowed === undefined || timeout.of !== 'request' ? '' : ` of ${leg.allowed} ms`
    return [
      `${since(timeout.at)}${attempt?.answeredAt === undefined ? ', without an answer' : ''}, ${TIMEOUTS[timeout.of]}${allowed} fired.`,
      `${again(leg)} ${closed}${itself ?? 'logged no answer'}.`,
    ]
  }
  const own = itself === undefined ? [] : [`${again(leg)} ${itself}.`]
  if (attempt?.answeredAt !== undefined) {
    const status = attempt.status === undefined ? '' : ` ${attempt.status}`
    const passed = answer === undefined ? '' : localReply === undefined ? `; ${answer.status} was passed on` : ''
    return [
      `${since(attempt.answeredAt)}, ${asked} answered${status}${passed}.`,
      ...(localReply === undefined ? [] : own),
    ]
  }
  if (attempt !== undefined && attempt.sentAt === undefined)
    return [
      `No connection to ${asked}${attempt.host === undefined ? '' : ` (${attempt.host})`} could be made${attempt.failure === undefined ? '' : `: ${attempt.failure}`}.`,
      ...own,
    ]
  if (attempt?.closed?.by === 'peer')
    return [
      `${since(attempt.closed.at)}, ${asked} closed ${connectionText(attempt)} without an answer${attempt.failure === undefined ? '' : ` (${attempt.failure})`}.`,
      ...own,
    ]
  return own.length === 0 ? [`${again(leg)} logged no answer.`] : own
}

const sinceSent =
  (attempt: Attempt | undefined) =>
  (at: number): string =>
    attempt?.sentAt === undefined
      ? `At ${clockText(at)}`
      : `${spanText(at - attempt.sentAt)} after the request was sent`

function callerLeftSentence(leg: Leg, at: number, asked: string): string {
  const attempt = leg.attempts.at(-1)
  const waiting =
    attempt?.sentAt !== undefined && attempt.answeredAt === undefined
      ? `; ${asked} had had the request for ${spanText(at - attempt.sentAt)} and not answered`
      : ''
  return `${spanText(at - leg.begunAt)} after ${inside(theProxy(leg))} had taken it, its caller went away${waiting}.${loggedText(leg)}`
}

const loggedText = ({ access }: Leg): string =>
  access === undefined
    ? ''
    : ` Its access log says ${access.code} ${access.flags.join(',') || '-'}${access.details === undefined ? '' : ` ${access.details}`}.`
