import type { AccessLogLine } from '../mesh/access-log.ts'
import { parseClusterName } from '../mesh/envoy.ts'
import type { ProxyRole } from './log-bytes.ts'
import { headerOf, type LogEntry } from './log-entry.ts'
import { requestIdOf, type StoryLines, type StreamId, type UpstreamLines } from './story-lines.ts'

/** One end of a connection that closed it: this proxy, or whoever is at the other end. */
export interface Close {
  by: 'proxy' | 'peer'
  /** Microseconds since the epoch. */
  at: number
}

/** One time that a proxy sent a request to an upstream, or tried to. */
export interface Attempt {
  /** Microseconds since the epoch. */
  askedAt: number
  sentAt?: number
  connection?: string
  candidates?: string[]
  how?: UpstreamLines['how']
  /** Requests on that connection before this one, as far as the log goes back. */
  usedBefore: number
  /** `10.244.0.91:3000`, where the log says to whom it connected. */
  host?: string
  /** The pod that has this address, where that is known. */
  pod?: string
  connectingAt?: number
  connectedAt?: number
  /** The upstream's answer: when its headers were there, and their status. */
  answeredAt?: number
  status?: number
  /** When the answer was there to its end. */
  completeAt?: number
  closed?: Close
  /** As Envoy puts it: `delayed connect error: 111`, `connection termination`. */
  failure?: string
  failedAt?: number
}

/** One request as one proxy lived through it. All times are microseconds since the epoch. */
export interface Leg {
  /** The log it was read from, and the proxy that wrote it: by its pod where that is known, else as the log is called. */
  log: string
  proxy: string
  role?: ProxyRole
  id: StreamId
  /** Towards other workloads, or towards the application beside the proxy; absent where no cluster was chosen. */
  side?: 'outbound' | 'inbound'
  begunAt: number
  endedAt: number
  request: { method?: string; path?: string; authority?: string; id?: string }
  /** Where the connection came from, as the proxy says when it takes it. */
  from?: string
  acceptedAt?: number
  streamsBefore: number
  cluster?: string
  /** Milliseconds that the route allows for the whole request; absent where it does not say. */
  allowed?: number
  attempts: Attempt[]
  /** The timeout that fired. */
  timeout?: { at: number; of: 'request' | 'try' | 'idle' }
  /** Why the proxy answered itself. */
  localReply?: { at: number; details: string }
  /** What the proxy answered. */
  answer?: { at: number; status: number }
  /** When the one who asked went away, before there was an answer. */
  callerLeft?: number
  downstreamClosed?: Close
  /** The entry of its access log; absent where there is none, or more than one. */
  access?: AccessLogLine
  accesses: number
  /** Who refused it, of the proxy's filters. */
  denied?: { at: number; says: string }
  noRoute?: { at: number; says: string }
  /** All that was read of it, in order. */
  entries: LogEntry[]
  unattributed: number
  unreadable: number
}

const first = (entries: readonly LogEntry[], message: RegExp): LogEntry | undefined =>
  entries.find((entry) => message.test(entry.message))

/** Sets what is defined, leaves the rest out. */
const set = <T extends object>(target: T, values: { [K in keyof T]?: T[K] | undefined }): void => {
  for (const [key, value] of Object.entries(values)) if (value !== undefined) Object.assign(target, { [key]: value })
}

const statusOf = (entry: LogEntry | undefined): number | undefined => {
  const status = Number(headerOf(entry?.headers, ':status'))
  return Number.isInteger(status) && status > 0 ? status : undefined
}

/** Makes of the lines about one stream what happened to its request. */
export function legOf({ log, proxy, role }: Pick<Leg, 'log' | 'proxy' | 'role'>, story: StoryLines): Leg | undefined {
  const { id, own, beside, downstream } = story
  const [begin, end] = [own[0], own.at(-1)]
  if (begin === undefined || end === undefined) return undefined
  const received = first(own, /^request headers complete/)
  const routed = first(own, /^router decoding headers/)
  const began = downstream.findLast(({ offset, message }) => offset <= begin.offset && message.startsWith('new stream'))
  const accepted = first(downstream, /^new connection from /)
  const matched = /^cluster '([^']*)' match for URL/.exec(first(own, /^cluster '/)?.message ?? '')
  const headers = routed?.headers ?? received?.headers
  const leg: Leg = {
    log,
    proxy,
    ...(role !== undefined && { role }),
    id,
    begunAt: (began ?? begin).at,
    endedAt: end.at,
    request: {},
    streamsBefore: story.streamsBefore,
    attempts: story.upstreams.map((upstream, index) =>
      attemptOf(upstream, own, story.upstreams[index + 1]?.askedAt ?? Infinity),
    ),
    accesses: story.accesses.length,
    entries: entriesOf(story),
    unattributed: story.unattributed,
    unreadable: story.unreadable,
  }
  set(leg.request, {
    method: headerOf(headers, ':method'),
    path: headerOf(received?.headers, ':path') ?? headerOf(headers, ':path'),
    authority: headerOf(received?.headers, ':authority') ?? headerOf(headers, ':authority'),
    id: requestIdOf(own),
  })
  const allowed = Number(headerOf(routed?.headers, 'x-envoy-expected-rq-timeout-ms') ?? Number.NaN)
  const [access, another] = story.accesses
  set(leg, {
    cluster: matched?.[1] ?? (another === undefined ? access?.line.upstreamCluster : undefined),
    from: accepted?.message.slice('new connection from '.length),
    acceptedAt: accepted?.at,
    allowed: Number.isFinite(allowed) ? allowed : undefined,
    access: another === undefined ? access?.line : undefined,
    ...endOf(own, beside),
    downstreamClosed: closeIn(downstream, begin.at),
  })
  const { direction } = parseClusterName(leg.cluster ?? '') ?? {}
  if (direction === 'outbound' || direction === 'inbound') leg.side = direction
  if (leg.answer === undefined) set(leg, { callerLeft: callerLeft(leg, own) })
  return leg
}

/** By the connection manager, and by a filter. */
const LOCAL_REPLY = /^(?:Sending|Preparing) local reply with details /

/** What ended the request, in the proxy's own words. */
function endOf(own: readonly LogEntry[], beside: readonly LogEntry[]): Partial<Leg> {
  const end: Partial<Leg> = {}
  const timeout = first(own, /^upstream (?:per try (?:idle )?)?timeout/)
  const reply = first(own, LOCAL_REPLY)
  const answered = own.findLast(({ message }) => message.startsWith('encoding headers via codec'))
  const denied = first(
    [...own, ...beside],
    /^(?:enforced denied|jwt authentication failed|Jwt authentication completed with: (?!OK)|ext_authz.*(?:denied|rejected))/i,
  )
  const none = first(own, /^(?:no (?:route|cluster) match for URL|unknown cluster )/)
  const status = statusOf(answered)
  if (timeout !== undefined)
    end.timeout = {
      at: timeout.at,
      of: timeout.message.includes('idle') ? 'idle' : timeout.message.includes('try') ? 'try' : 'request',
    }
  if (reply !== undefined) end.localReply = { at: reply.at, details: reply.message.replace(LOCAL_REPLY, '') }
  if (answered !== undefined && status !== undefined) end.answer = { at: answered.at, status }
  if (denied !== undefined) end.denied = { at: denied.at, says: denied.message }
  if (none !== undefined) end.noRoute = { at: none.at, says: none.message }
  return end
}

/** When its caller went: the connection was closed by the peer, or the stream was reset from there. */
function callerLeft({ downstreamClosed }: Leg, own: readonly LogEntry[]): number | undefined {
  if (downstreamClosed?.by === 'peer') return downstreamClosed.at
  return first(
    own,
    /^(?:stream reset: reset reason: |doEndStream\(\) resetting stream|downstream (?:reset|disconnect))/,
  )?.at
}

/** Who closed a connection first, of its lines since a moment. */
function closeIn(lines: readonly LogEntry[], since: number): Close | undefined {
  for (const { at, message } of lines) {
    if (at < since) continue
    if (/^remote (?:early )?close/.test(message)) return { by: 'peer', at }
    if (/^closing (?:data_to_write|connection)/.test(message)) return { by: 'proxy', at }
    const socket = /^closing socket: (\d)/.exec(message)
    if (socket !== null) return { by: socket[1] === '0' ? 'peer' : 'proxy', at }
  }
  return undefined
}

function attemptOf(
  { lines, usedBefore, ...upstream }: UpstreamLines,
  own: readonly LogEntry[],
  until: number,
): Attempt {
  const { askedAt, readyAt } = upstream
  const [connecting, connected] = [
    lines.find(({ message }) => message.startsWith('connecting to ')),
    lines.find(({ message }) => message === 'connected'),
  ]
  const during = own.filter(({ at }) => at >= askedAt && at < until)
  const answered = first(during, /^upstream headers complete/)
  const reset = first(during, /^upstream reset: reset reason: /)
  const disconnected = lines.find(
    ({ at, message }) =>
      at >= askedAt &&
      /^(?:client disconnected, failure reason: .|delayed connect error|immediate connect error|connect timeout|TLS_error)/.test(
        message,
      ),
  )
  const attempt: Attempt = { askedAt, usedBefore }
  set(attempt, {
    sentAt: readyAt,
    connection: upstream.connection,
    candidates: upstream.candidates,
    how: upstream.how,
    host: connecting === undefined ? undefined : /^connecting to (\S+)/.exec(connecting.message)?.[1],
    connectingAt: connecting?.at,
    connectedAt: connected?.at,
    answeredAt: answered?.at,
    status: statusOf(answered),
    completeAt: lines.find(({ at, message }) => at >= askedAt && message.startsWith('response complete'))?.at,
    closed: closeIn(lines, askedAt),
    failure:
      failureIn(disconnected?.message) ?? /^upstream reset: reset reason: ([^,]+)/.exec(reset?.message ?? '')?.[1],
    failedAt: disconnected?.at ?? reset?.at,
  })
  return attempt
}

const failureIn = (message: string | undefined): string | undefined =>
  message?.replace(/^client disconnected, failure reason: /, '').trim()

/** All lines of it in their order, each once. */
function entriesOf({ own, beside, downstream, upstreams }: StoryLines): LogEntry[] {
  const all = new Map(
    [...own, ...beside, ...downstream, ...upstreams.flatMap(({ lines }) => lines)].map((one) => [one.offset, one]),
  )
  return [...all.values()].sort((one, other) => one.offset - other.offset)
}
