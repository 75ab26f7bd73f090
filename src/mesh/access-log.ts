import { probeOf } from './probe.ts'
import { parseFlags } from './response-flags.ts'

/** Reads one line of a proxy's log; undefined when it is not of its format, null when it is and what it says cannot be told. */
export interface LineReader {
  (line: string): AccessLogLine | null | undefined
  /** Its format is text, in which callers' own words are not escaped. */
  isOfText?: true
}

/** One request or connection as a proxy logged it. */
export interface AccessLogLine {
  /** ISO time the request began. */
  at: string
  method?: string
  path?: string
  authority?: string
  /** 0 when the response never left (the caller hung up, or a TCP connection). */
  code: number
  flags: string[]
  details?: string
  /** Why a connection was ended by this proxy; for TCP the only place that says so. */
  termination?: string
  failure?: string
  /** Milliseconds. */
  duration?: number
  /** Milliseconds that the upstream took until its answer began (x-envoy-upstream-service-time). */
  service?: number
  /** Bytes of the request's body, and of the answer's. */
  received?: number
  sent?: number
  /** As the caller wrote it. */
  userAgent?: string
  upstreamHost?: string
  upstreamCluster?: string
  requestId?: string
  routeName?: string
  /** The proxy's own end of the connection to the upstream: requests that share it went over one connection. */
  upstreamLocal?: string
  /** The address the connection was made to, `10.244.0.91:3000` at a sidecar that takes it. */
  downstreamLocal?: string
  /** The address it came from; a gateway's client has its port as 0 behind another proxy. */
  downstreamRemote?: string
  /** The server name (SNI) the caller's TLS asked for; absent for plain text. */
  serverName?: string
  /** The id of the probe that it was, by its user agent: gateways give requests ids of their own. */
  probe?: string
}

/** A log's requests, and how much of it could not be read as an access log. */
export interface AccessLog {
  lines: AccessLogLine[]
  /** Lines that look like an access log entry but do not parse; other log lines are not counted. */
  unreadable: number
  /** The beginning of the first of those. */
  example?: string
  /** There may be earlier lines than these. */
  isTail?: true
  /** How much was read where more than the end of the log was. */
  window?: LogWindowRead
}

/** How much of a log was read for the requests of a time. */
export interface LogWindowRead {
  /** ISO time that it was read from; later where there were more requests than are kept. */
  since: string
  /** All lines of that time, and those kept. */
  read: number
  kept: number
  bytes: number
  /** Lines above 64 KB, which were left out, and lines of the kept that are not UTF-8, where there are some. */
  tooLong?: number
  notUtf8?: number
  /** ISO time at which the log begins, where it would have had lines before at its rate: they may have been rotated away. */
  begins?: string
}

/** Characters of a line that cannot be read of which more is not shown. */
const EXAMPLE = 160

/** How every entry in the TEXT format begins; the proxy's other lines do not. */
const TEXT_START = /^\[\d{4}-\d\d-\d\dT[^\]]*\] "/

/**
 * Istio's TEXT format up to the caller's own fields, which are not escaped and may hold quotes: the path before it, X-Forwarded-For and the user
 * agent behind it. Before 1.9 a quoted field of Mixer's stood where the details are now. The part behind the caller's fields is read from the
 * line's end, so that a path made to look like an entry costs no more time than its length.
 */
const TEXT_HEAD = new RegExp(
  [
    // at, request, code, flags, details, termination, failure
    String.raw`^\[([^\]]+)\] "(.*?)" (\d+|-) (\S+) (?:"[^"]*"|([^\s"]\S*) (\S+)) "([^"]*)"`,
    // Bytes received and sent, duration, and how long the service took.
    String.raw` (\d+|-) (\d+|-) (\d+|-) (\S+) "`,
  ].join(''),
)
/**
 * The user agent, and the fields every version has behind it (Istio documentation, "Default access log format"): the request's id, its authority, the upstream host and
 * cluster, the own, local and remote address, the server name, and the route.
 */
const TEXT_TAIL = /" "([^"]*)" "([^"]*)" "([^"]*)" (\S+) (\S+) (\S+) (\S+) (\S+)(?: (\S+))?\s*$/

const said = (field: unknown): string | undefined =>
  field === undefined || field === null || field === '-' || field === ''
    ? undefined
    : typeof field === 'string'
      ? field
      : JSON.stringify(field)

/** The fields of a line that are told as they stand. */
export const LOGGED_TEXTS = [
  'method',
  'path',
  'authority',
  'details',
  'termination',
  'failure',
  'upstreamHost',
  'upstreamCluster',
  'requestId',
  'routeName',
  'upstreamLocal',
  'downstreamLocal',
  'downstreamRemote',
  'serverName',
  'userAgent',
  'probe',
] as const
/** The fields of a line that are numbers and may be absent. */
const NUMBERS = ['duration', 'service', 'received', 'sent'] as const

/** What a line says, as it is written there; `-` and absent values say nothing. */
export type LoggedFacts = { at: string; code: unknown; flags: string | undefined } & Partial<
  Record<(typeof LOGGED_TEXTS)[number] | (typeof NUMBERS)[number], unknown>
>

/** The keys of a line that were said, absent ones left out. */
export function lineOf(facts: LoggedFacts): AccessLogLine {
  const entry: AccessLogLine = { at: facts.at, code: Number(facts.code) || 0, flags: parseFlags(facts.flags) }
  for (const key of NUMBERS) {
    const number = said(facts[key])
    if (number !== undefined && Number.isFinite(Number(number))) entry[key] = Number(number)
  }
  for (const key of LOGGED_TEXTS) {
    const text = said(facts[key])
    if (text !== undefined) entry[key] = text
  }
  return entry
}

/** The user agent behind X-Forwarded-For; both are the caller's own words. */
const agentOf = (fields: string): string => fields.slice(fields.lastIndexOf('" "') + 3)

function parseText(text: string): AccessLogLine | undefined {
  const head = TEXT_HEAD.exec(text)
  if (head === null) return undefined
  const tail = TEXT_TAIL.exec(text.slice(head[0].length))
  if (tail === null || !isTime(head[1])) return undefined
  const [, at = '', request = '', code, flags, details, termination, failure, received, sent, duration, service] = head
  const [, requestId, authority, upstreamHost, upstreamCluster, own, local, remote, serverName, routeName] = tail
  const [method, path] = request.split(' ')
  return lineOf({
    at,
    code,
    flags,
    duration,
    service,
    received,
    sent,
    method,
    path,
    authority,
    details,
    termination,
    failure,
    upstreamHost,
    upstreamCluster,
    requestId,
    routeName,
    upstreamLocal: own,
    downstreamLocal: local,
    downstreamRemote: remote,
    serverName,
    userAgent: agentOf(text.slice(head[0].length, head[0].length + tail.index)),
    probe: probeOf(text),
  })
}

/** What START_TIME writes by its default; another format has a reader of its own. */
const isTime = (value: unknown): value is string =>
  typeof value === 'string' && value.endsWith('Z') && Number.isFinite(Date.parse(value))

/** A code of HTTP; none of a TCP connection. */
const isCode = (value: unknown): boolean =>
  value === null ||
  (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 1000) ||
  (typeof value === 'string' && /^(?:\d{1,3}|-|)$/.test(value))

function parseJson(text: string): AccessLogLine | undefined {
  let fields: Record<string, unknown>
  try {
    fields = JSON.parse(text) as Record<string, unknown>
  } catch {
    return undefined
  }
  if (!isTime(fields.start_time) || fields.response_flags === undefined || !isCode(fields.response_code))
    return undefined
  return lineOf({
    at: fields.start_time,
    code: fields.response_code,
    flags: said(fields.response_flags),
    duration: fields.duration,
    service: fields.upstream_service_time,
    received: fields.bytes_received,
    sent: fields.bytes_sent,
    method: fields.method,
    path: fields.path,
    authority: fields.authority,
    details: fields.response_code_details,
    termination: fields.connection_termination_details,
    failure: fields.upstream_transport_failure_reason,
    upstreamHost: fields.upstream_host,
    upstreamCluster: fields.upstream_cluster,
    requestId: fields.request_id,
    routeName: fields.route_name,
    upstreamLocal: fields.upstream_local_address,
    downstreamLocal: fields.downstream_local_address,
    downstreamRemote: fields.downstream_remote_address,
    serverName: fields.requested_server_name,
    userAgent: fields.user_agent,
    probe: probeOf(said(fields.user_agent) ?? ''),
  })
}

/**
 * Reads the access log entries out of a proxy's log (Istio's TEXT and JSON encodings, mixed with Envoy's and the agent's own lines).
 *
 * @param readers for other formats: each is tried on lines that are of none of these and, for one of JSON, whether it tells more
 */
export function parseAccessLog(log: string, readers: readonly LineReader[] = []): AccessLog {
  const lines: AccessLogLine[] = []
  let unreadable = 0
  let example: string | undefined
  for (const text of log.split('\n')) {
    const isJson = text.startsWith('{') && text.includes('"response_flags"')
    const isText = !isJson && TEXT_START.test(text)
    const own = isJson ? parseJson(text) : isText ? parseText(text) : undefined
    // Another format may have some of the keys of Istio's own.
    const entry = own !== undefined && isText ? own : readBy(readers, text, own)
    if (entry !== undefined && entry !== null) lines.push(entry)
    else if (isJson || isText || entry === null) {
      unreadable += 1
      example ??= text.slice(0, EXAMPLE)
    }
  }
  return { lines, unreadable, ...(example !== undefined && { example }) }
}

/**
 * What the first reader of a text format makes of a line: it knows what callers wrote, where JSON is made of text. Else what tells most, of readers of JSON and
 * of its own reading.
 */
function readBy(
  readers: readonly LineReader[],
  text: string,
  own: AccessLogLine | undefined,
): AccessLogLine | null | undefined {
  let best: AccessLogLine | null | undefined = own
  for (const read of readers) {
    const entry = read(text)
    if (entry === undefined) continue
    if (read.isOfText === true) return entry
    best = best === undefined || best === null ? entry : more(best, entry)
  }
  return best
}

/** Of two readings of a line the one that tells more; the first, when they tell the same. */
const more = (one: AccessLogLine, other: AccessLogLine | null): AccessLogLine =>
  other !== null && toldBy(other) > toldBy(one) ? other : one

const toldBy = (entry: AccessLogLine): number => Object.keys(entry).length + (entry.flags.length > 0 ? 1 : 0)

/** Requests that share response code, flags and upstream. */
export interface TrafficGroup {
  code: number
  flags: string[]
  upstreamHost?: string
  upstreamCluster?: string
  count: number
  example: AccessLogLine
}

/** Counts requests by response code, flags and upstream host, most frequent first. */
export function countTraffic(lines: readonly AccessLogLine[]): TrafficGroup[] {
  const groups = new Map<string, TrafficGroup>()
  for (const entry of lines) {
    const key = [
      entry.code,
      entry.flags.toSorted().join(','),
      entry.upstreamCluster ?? '',
      entry.upstreamHost ?? '',
    ].join(' ')
    const group = groups.get(key)
    if (group !== undefined) group.count += 1
    else {
      const made: TrafficGroup = { code: entry.code, flags: entry.flags, count: 1, example: entry }
      if (entry.upstreamHost !== undefined) made.upstreamHost = entry.upstreamHost
      if (entry.upstreamCluster !== undefined) made.upstreamCluster = entry.upstreamCluster
      groups.set(key, made)
    }
  }
  return [...groups.values()].sort((a, b) => b.count - a.count)
}

/** When each line of a log began, read once: a diagnosis asks dozens of times. */
const momentsOf = new WeakMap<readonly AccessLogLine[], readonly number[]>()

/** The requests that began after a moment (milliseconds since the epoch). The lines must not change. */
export function since(lines: readonly AccessLogLine[], moment: number): AccessLogLine[] {
  let moments = momentsOf.get(lines)
  if (moments === undefined) momentsOf.set(lines, (moments = lines.map(({ at }) => Date.parse(at))))
  return lines.filter((_, index) => (moments[index] ?? 0) > moment)
}

/** True for a request the mesh or the service failed: 5xx, or no response at all though the caller stayed. */
export function failed(entry: AccessLogLine): boolean {
  return (
    entry.code >= 500 ||
    (entry.code === 0 && entry.flags.some((flag) => flag.startsWith('U') || flag === 'NC' || flag === 'NR')) ||
    entry.flags.includes('NR')
  )
}
