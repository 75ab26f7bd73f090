import type { AccessLogLine } from '../mesh/access-log.ts'
import type { LineReader } from '../mesh/access-log-format.ts'
import type { LogBytes, ProxyRole } from './log-bytes.ts'
import { readHead, withoutPrefix, type LineHead, type LogForm } from './line-head.ts'
import { LogReader, type LoggedRequest } from './log-reader.ts'
import { linesBetween, scan, type FoundLine, type Line } from './scan.ts'
import type { StreamId } from './story-lines.ts'

/** Which request is meant; any that failed where nothing is said. */
export interface AskedRequest {
  requestId?: string
  status?: number
  path?: string
}

/** A request in a log that may be the one: from Envoy's debug lines, or from the access log. */
export interface SeenRequest {
  offset: number
  /** Absent where only the access log has it. */
  id?: StreamId
  status?: number
  access?: AccessLogLine
}

/** What was looked for in a log. */
export interface Survey {
  /** Those in debug lines and those in the access log, in order; the latest where there are many. */
  streams: SeenRequest[]
  accesses: SeenRequest[]
  /** All of them, also those that are not kept. */
  streamCount: number
  accessCount: number
}

/** Kept of each kind. */
const MOST_KEPT = 500
/** Lines above a header in which the message is looked for that it belongs to. */
const MOST_ABOVE = 200

/**
 * Finds the requests in a log that were answered as asked, or failed.
 *
 * @param concerns of the access log's, which are meant
 */
export async function findAnswered(
  log: LogBytes,
  { status, path }: AskedRequest,
  readers: readonly LineReader[] = [],
  concerns: (access: AccessLogLine) => boolean = () => true,
): Promise<Survey> {
  const survey = new Kept()
  const wanted = (code: number): boolean => (status === undefined ? code === 0 || code >= 500 : code === status)
  const asAccess = accessOf(readers)
  const { accesses, withoutProtocol } = await shapeOf(log, readers)
  // A format that leaves the protocol out is seen at either end of the log.
  const needles = needlesFor(status, accesses === 0 || withoutProtocol === 0)
  await scan(log, needles, (line) => {
    if (line.needle.startsWith("':status'")) {
      const found = answeredIn(line)
      if (found !== undefined && wanted(found.status ?? -1)) survey.stream(found)
      return undefined
    }
    const access = readers.length > 0 || mayBe(line.text, wanted) ? asAccess(line) : undefined
    if (
      access !== undefined &&
      wanted(access.code) &&
      (path === undefined || isPath(access.path, path)) &&
      concerns(access)
    )
      survey.access({ offset: line.offset, status: access.code, access })
    return undefined
  })
  return survey
}

/** A path with or without its query. */
export const isPath = (seen: string | undefined, asked: string): boolean =>
  seen === asked || seen?.split('?', 1)[0] === asked

/**
 * What lines hold that say how a request was answered: Envoy's headers, and both encodings of the access log. Both name the protocol, which no other line does; formats
 * that leave it out are found by the code.
 */
function needlesFor(status: number | undefined, hasProtocol: boolean): string[] {
  const header = `':status', '${status ?? 5}`
  if (hasProtocol) return [header, PROTOCOL]
  const codes = status === undefined ? ['5', '0'] : [String(status)]
  return [
    header,
    ...(status === undefined ? ['" 5', '" 0 D', '" 0 U', '" 0 N'] : [`" ${status} `]),
    ...codes.flatMap((code) => [`"response_code":${code}`, `"response_code":"${code}`]),
  ]
}

const PROTOCOL = 'HTTP/'
/** The code of an entry that names its protocol, told without reading the whole of it. */
const CODE = /HTTP\/[\d.]+" (\d+) |"response_code":"?(\d+)/

/** False for a line that cannot be an entry with such a code; true where that cannot be told so quickly. */
function mayBe(text: string, wanted: (code: number) => boolean): boolean {
  const [, inText, inJson] = CODE.exec(text) ?? []
  const code = inText ?? inJson
  return code === undefined || wanted(Number(code))
}

const ENCODING = 'encoding headers via codec'

/** The stream whose answer's headers these are. */
function answeredIn(line: FoundLine): SeenRequest | undefined {
  // Told before it is read: answers of upstreams are as many.
  if (!line.text.includes(ENCODING)) {
    const [above] = line.above()
    if (above !== undefined && above.text.includes('envoy ') && !above.text.includes(ENCODING)) return undefined
  }
  const found = headAbove(line)
  if (found?.head.message.startsWith(ENCODING) !== true) return undefined
  const { connection, stream } = found.head
  const status = Number(/':status', '(\d{3})'/.exec(line.text)?.[1])
  if (connection === undefined || stream === undefined || Number.isNaN(status)) return undefined
  return { offset: found.offset, id: { connection, stream }, status }
}

/** The message that a line of headers belongs to. */
function headAbove(line: FoundLine): { head: LineHead; offset: number } | undefined {
  const own = readHead(withoutPrefix(line.text))
  if (own !== undefined) return { head: own, offset: line.offset }
  let left = MOST_ABOVE
  for (const { text, offset } of line.above()) {
    const head = readHead(withoutPrefix(text))
    // Another process' line may stand between.
    if (head?.isEnvoy === true) return { head, offset }
    if ((left -= 1) === 0) return undefined
  }
  return undefined
}

function accessOf(readers: readonly LineReader[]): (line: Line) => AccessLogLine | undefined {
  const read: LoggedRequest[] = []
  const reader = new LogReader({ entry: () => undefined, request: (request) => read.push(request) }, readers)
  return ({ text, offset }) => {
    if (!text.startsWith("'")) reader.line(text, offset)
    return read.pop()?.line
  }
}

/** Finds the streams of a log that have a request id, and the entries of its access log. */
export async function findById(log: LogBytes, requestId: string, readers: readonly LineReader[] = []): Promise<Survey> {
  const survey = new Kept()
  const asAccess = accessOf(readers)
  const known = new Set<string>()
  await scan(log, [requestId], (line) => {
    const access = asAccess(line)
    if (access?.requestId === requestId) {
      survey.access({ offset: line.offset, status: access.code, access })
      return undefined
    }
    if (access !== undefined || !line.text.includes(`'x-request-id', '${requestId}'`)) return undefined
    const { connection, stream } = headAbove(line)?.head ?? {}
    if (connection === undefined || stream === undefined || known.has(stream)) return undefined
    known.add(stream)
    survey.stream({ offset: line.offset, id: { connection, stream } })
    return undefined
  })
  return survey
}

class Kept implements Survey {
  streams: SeenRequest[] = []
  accesses: SeenRequest[] = []
  streamCount = 0
  accessCount = 0

  stream(one: SeenRequest): void {
    this.streamCount += 1
    keep(this.streams, one)
  }
  access(one: SeenRequest): void {
    this.accessCount += 1
    keep(this.accesses, one)
  }
}

function keep(list: SeenRequest[], one: SeenRequest): void {
  list.push(one)
  if (list.length > MOST_KEPT * 2) list.splice(0, list.length - MOST_KEPT)
}

/** What a log is made of. */
export interface LogShape {
  /** The proxy, by its agent's own words; absent where the log does not go back to its start. */
  proxy?: { name: string; role?: ProxyRole }
  /** Forms of Envoy's and its agent's messages, of those looked at. */
  forms: LogForm[]
  /** Lines of the access log, messages of a stream, and lines that could not be read, of those looked at. */
  accesses: number
  /** Lines of the access log that do not name the protocol. */
  withoutProtocol: number
  streams: number
  unreadable: number
  lines: number
}

/** Bytes at the beginning and at the end that tell what a log is made of. */
const LOOKED_AT = 512 * 1024

/** Looks at the ends of a log: whether it is a proxy's, and what it holds. */
export async function shapeOf(log: LogBytes, readers: readonly LineReader[] = []): Promise<LogShape> {
  const forms = new Set<LogForm>()
  let proxy: LogShape['proxy']
  const shape = { accesses: 0, withoutProtocol: 0, streams: 0, unreadable: 0, lines: 0 }
  const parts =
    log.size <= 2 * LOOKED_AT
      ? [{ from: 0, to: log.size }]
      : [
          { from: 0, to: LOOKED_AT },
          { from: log.size - LOOKED_AT, to: log.size },
        ]
  for (const part of parts) {
    const reader = new LogReader(
      {
        entry: ({ stream, isEnvoy, raw }, form) => {
          forms.add(form)
          if (!isEnvoy) proxy ??= proxyIn(raw)
          if (stream !== undefined) shape.streams += 1
        },
        request: ({ raw }) => {
          shape.accesses += 1
          if (!raw.includes(PROTOCOL)) shape.withoutProtocol += 1
        },
        other: () => (shape.unreadable += 1),
      },
      readers,
    )
    for (const { text, offset } of await linesBetween(log, part)) {
      shape.lines += 1
      reader.line(text, offset)
    }
    reader.end()
  }
  return { forms: [...forms], ...shape, ...(proxy !== undefined && { proxy }) }
}

const ROLES: Readonly<Record<string, ProxyRole>> = { router: 'gateway', sidecar: 'sidecar', waypoint: 'waypoint' }

/** `Proxy role	ips=[10.244.0.7] type=sidecar id=catalog-1.shop domain=shop.svc.cluster.local`, as the agent says at its start. */
function proxyIn(line: string): LogShape['proxy'] {
  const [, type = '', name] = /\bProxy role\b.* type=(\w+) id=([a-z0-9-]+)\./.exec(line) ?? []
  if (name === undefined) return undefined
  const role = ROLES[type]
  return { name, ...(role !== undefined && { role }) }
}
