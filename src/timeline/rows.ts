import type { Attempt, Leg } from './leg.ts'
import type { Joined } from './join.ts'

/** One thing that happened, at one place of a request's way. */
export interface Row {
  /** Microseconds since the epoch. */
  at: number
  /** Index of the lane: 0 is the client, then each proxy, then what is behind the last. */
  lane: number
  /** The lane that it goes to or comes from, where something passes between two. */
  to?: number
  /** Id of the connection, in the lane's own proxy. */
  connection?: string
  says: string
  /** What went wrong. */
  isBad?: true
}

/** The lanes of a request's way: the client, the proxies in its order, and what is behind the last. */
export function lanesOf({ legs }: Joined): string[] {
  const last = legs.at(-1)
  const host = last?.attempts.at(-1)?.host ?? last?.access?.upstreamHost
  return [
    'client',
    ...legs.map(placeOf),
    last?.side === 'inbound' ? 'application' : host === undefined ? 'upstream' : `upstream ${host}`,
  ]
}

/** The same in a word each, where that tells them apart. */
export function shortLanesOf(joined: Joined): string[] {
  const short = ['client', ...joined.legs.map(({ role, proxy }) => role ?? proxy), lanesOf(joined).at(-1) ?? '']
  return new Set(short).size === short.length ? short : lanesOf(joined)
}

/** A proxy by what it is and its name: `gateway istio-ingressgateway-1`. */
export const placeOf = ({ role, proxy }: Pick<Leg, 'role' | 'proxy'>): string =>
  role === undefined ? proxy : `${role} ${proxy}`

/** All that happened, in order of time. */
export function rowsOf({ legs }: Joined): Row[] {
  const rows = legs.flatMap((leg, index) => legRows(leg, index + 1))
  return rows
    .map((row, index) => ({ row, index }))
    .sort((one, other) => one.row.at - other.row.at || one.index - other.index)
    .map(({ row }) => row)
}

/** Beginnings longer ago than this are not of this request. Microseconds. */
const RECENT = 10e6

function legRows(leg: Leg, lane: number): Row[] {
  const { id, request, attempts, streamsBefore } = leg
  const own = { lane, connection: id.connection }
  const isFresh = leg.acceptedAt !== undefined && streamsBefore === 0 && leg.begunAt - leg.acceptedAt < RECENT
  const match = leg.entries.find(({ message }) => message.startsWith("cluster '"))
  const rows: (Row | undefined)[] = [
    isFresh && leg.acceptedAt !== undefined
      ? { ...own, at: leg.acceptedAt, says: `connection accepted${leg.from === undefined ? '' : ` from ${leg.from}`}` }
      : undefined,
    {
      lane: lane - 1,
      to: lane,
      connection: id.connection,
      at: leg.begunAt,
      says: `${request.method ?? 'request'} ${request.authority ?? ''}${request.path ?? ''}, stream ${id.stream}`,
    },
    match === undefined ? undefined : { ...own, at: match.at, says: `route chosen: ${leg.cluster ?? ''}` },
    leg.noRoute === undefined ? undefined : { ...own, at: leg.noRoute.at, says: leg.noRoute.says, isBad: true },
    leg.denied === undefined ? undefined : { ...own, at: leg.denied.at, says: leg.denied.says, isBad: true },
    ...attempts.flatMap((attempt, index) => attemptRows(attempt, index, lane, index === attempts.length - 1)),
    leg.timeout === undefined
      ? undefined
      : { ...own, at: leg.timeout.at, says: `${TIMEOUTS[leg.timeout.of]} fired`, isBad: true },
    leg.localReply === undefined
      ? undefined
      : { ...own, at: leg.localReply.at, says: `the proxy answers itself: ${leg.localReply.details}`, isBad: true },
    leg.answer === undefined
      ? undefined
      : {
          lane,
          to: lane - 1,
          connection: id.connection,
          at: leg.answer.at,
          says: `answered ${leg.answer.status}`,
          ...(leg.answer.status >= 500 && { isBad: true as const }),
        },
    leg.callerLeft === undefined
      ? undefined
      : {
          lane: lane - 1,
          to: lane,
          connection: id.connection,
          at: leg.callerLeft,
          says: 'the caller went away before an answer',
          isBad: true,
        },
    leg.downstreamClosed === undefined || leg.callerLeft !== undefined
      ? undefined
      : {
          ...own,
          at: leg.downstreamClosed.at,
          says:
            leg.downstreamClosed.by === 'peer'
              ? 'the caller closes its connection'
              : 'the proxy closes the caller’s connection',
        },
  ]
  return rows.filter((row) => row !== undefined)
}

/** What fired. */
export const TIMEOUTS = {
  request: "the route's timeout",
  try: "the route's timeout of one try",
  idle: 'the idle timeout of one try',
} as const

/** @param isLast false for a try that another one followed: it may have gone to another peer than the next lane's */
function attemptRows(attempt: Attempt, index: number, lane: number, isLast: boolean): Row[] {
  const { connection, candidates, how, host, pod, closed } = attempt
  const there = isLast ? { to: lane + 1 } : {}
  const back = isLast ? { lane: lane + 1, to: lane } : {}
  const whither = isLast || host === undefined ? '' : ` to ${pod === undefined ? host : `${pod} (${host})`}`
  const own = { lane, ...(connection !== undefined && { connection }) }
  const which = connection ?? (candidates === undefined ? 'one that the log does not name' : candidates.join(' or '))
  const rows: (Row | undefined)[] = [
    index === 0 ? undefined : { ...own, at: attempt.askedAt, says: `try ${index + 1}` },
    how === 'new' && attempt.connectingAt !== undefined
      ? { ...own, at: attempt.connectingAt, says: `new connection ${which}${host === undefined ? '' : ` to ${host}`}` }
      : undefined,
    how === 'new' && attempt.connectedAt !== undefined
      ? { ...own, at: attempt.connectedAt, says: `connection ${which} established` }
      : undefined,
    attempt.sentAt === undefined
      ? undefined
      : {
          ...own,
          ...there,
          at: attempt.sentAt,
          says: `sent upstream on connection ${which}${whither}${how === 'reused' ? ', which was open already' : ''}`,
        },
    attempt.answeredAt === undefined
      ? undefined
      : {
          ...own,
          ...back,
          at: attempt.answeredAt,
          says: `upstream answers ${attempt.status ?? ''}`.trim(),
        },
    attempt.failure === undefined || attempt.failedAt === undefined
      ? undefined
      : { ...own, at: attempt.failedAt, says: attempt.failure, isBad: true },
    closed === undefined || (attempt.sentAt === undefined && attempt.failure !== undefined)
      ? undefined
      : closed.by === 'proxy'
        ? { ...own, ...there, at: closed.at, says: `the proxy closes upstream connection ${which}` }
        : {
            ...own,
            ...back,
            at: closed.at,
            says: `upstream closes connection ${which}`,
            ...(attempt.answeredAt === undefined && { isBad: true as const }),
          },
  ]
  return rows.filter((row) => row !== undefined)
}
