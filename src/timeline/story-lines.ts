import type { LineReader } from '../mesh/access-log-format.ts'
import type { LogBytes } from './log-bytes.ts'
import type { LogEntry } from './log-entry.ts'
import { readHead, withoutPrefix } from './line-head.ts'
import { LogReader, type LoggedRequest } from './log-reader.ts'
import { linesBetween, scan, type FoundLine, type Part } from './scan.ts'
import { upstreamsOf, type Upstream } from './upstreams.ts'

/** A stream of one proxy: Envoy's ids. */
export interface StreamId {
  connection: string
  stream: string
}

/** What one proxy's log says of one stream. */
export interface StoryLines {
  id: StreamId
  /** Lines of the stream itself, in order. */
  own: LogEntry[]
  /** Lines without ids that its worker thread wrote while it worked on this stream: what filters decide, what pools do. */
  beside: LogEntry[]
  /** Lines of the connection it came on: how that began, and what happened to it from then on. */
  downstream: LogEntry[]
  /** Streams that the connection had before. */
  streamsBefore: number
  /** Connections the request was sent on, in order. */
  upstreams: UpstreamLines[]
  /** Entries of the access log with its request id. */
  accesses: LoggedRequest[]
  /** Lines in the stream's own time that are of no connection, and of none that can be read. */
  unattributed: number
  unreadable: number
}

/** A connection to an upstream. */
export interface UpstreamLines extends Upstream {
  /** How it began, and what happened to it while and after the request used it. */
  lines: LogEntry[]
  /** Requests that were sent on it before this one, as far as the log goes back. */
  usedBefore: number
}

/** Bytes before and behind a line of the stream in which the rest of it, and its connections, are looked for: minutes of a busy gateway. */
const FAR = 128 * 1024 * 1024
/** Bytes around each line of the stream that are read too: what pools do for it is not marked with its id. */
const AROUND = 24 * 1024
/** Lines of one stream, and of the beginning of a connection, that are kept. */
const MOST_OWN = 2000
const MOST_BEGINNING = 24
const MOST_AFTER = 200

/** Header of a request's id, as Envoy prints it. */
const REQUEST_ID = 'x-request-id'

/** The request id in what a stream's lines say, if any does. */
export const requestIdOf = (own: readonly LogEntry[]): string | undefined =>
  own.flatMap(({ headers = [] }) => headers.flatMap(([name, value]) => (name === REQUEST_ID ? [value] : [])))[0]

/**
 * Reads what a log says of one stream: its lines, those around them, and those of the connections it used.
 *
 * @param near where one of its lines is
 */
export async function readStory(
  log: LogBytes,
  id: StreamId,
  near: number,
  readers: readonly LineReader[] = [],
): Promise<StoryLines | undefined> {
  const part = { from: near - FAR, to: near + FAR }
  const around = await readAround(log, id, part, readers)
  const own = around.entries.filter((entry) => isOf(entry, id))
  const [first, last] = [own[0], own.at(-1)]
  if (first === undefined || last === undefined) return undefined
  const upstreams = upstreamsOf(around.entries, id)
  const requestId = requestIdOf(own)
  const sought = new Map(
    [id.connection, ...upstreams.flatMap(({ connection }) => connection ?? [])].map((connection) => [
      connection,
      new ConnectionLines(first, last),
    ]),
  )
  const accesses: LoggedRequest[] = []
  const needles = [
    ...formsIn(around.entries).flatMap((form) => [...sought.keys()].map((connection) => form(connection))),
    ...(requestId === undefined ? [] : [requestId]),
  ]
  const one = new LogReader({ entry: () => undefined, request: (request) => accesses.push(request) }, readers)
  const take = ({ text, offset, needle }: FoundLine): undefined => {
    if (needle === requestId) {
      if (!text.startsWith("'")) one.line(text, offset)
      return
    }
    const head = readHead(withoutPrefix(text))
    if (head?.connection === undefined) return
    const { form: _, ...said } = head
    if (said.stream === undefined) sought.get(head.connection)?.take({ ...said, offset, raw: text })
  }
  await scan(log, needles, take, part)
  const beside = besideOf(around.entries, id, new Set(sought.keys()))
  const during = around.others(first.offset, last.offset, new Set(beside.map(({ offset }) => offset)))
  return {
    id,
    own,
    beside,
    downstream: sought.get(id.connection)?.lines ?? [],
    streamsBefore: sought.get(id.connection)?.streamsBefore ?? 0,
    upstreams: upstreams.map((upstream) => {
      const found = upstream.connection === undefined ? undefined : sought.get(upstream.connection)
      return { ...upstream, lines: found?.lines ?? [], usedBefore: found?.usedBefore(upstream.offset) ?? 0 }
    }),
    accesses,
    ...during,
  }
}

/**
 * Lines that name no connection but are of the stream: a worker thread does one thing after the other, so that what it writes between two lines of the stream, or of
 * the stream and its connections, is of it. Nothing where threads are not logged.
 */
function besideOf(entries: readonly LogEntry[], id: StreamId, connections: ReadonlySet<string>): LogEntry[] {
  const beside: LogEntry[] = []
  const byThread = new Map<string, { last?: LogEntry; waiting: LogEntry[] }>()
  for (const entry of entries) {
    if (entry.thread === undefined || !entry.isEnvoy) continue
    const of = byThread.get(entry.thread) ?? { waiting: [] }
    byThread.set(entry.thread, of)
    if (entry.connection === undefined) {
      of.waiting.push(entry)
      continue
    }
    const [before, after] = [of.last, entry]
    const isWithin = [before, after].every((one) => one?.connection !== undefined && connections.has(one.connection))
    const isStreams = before?.stream === id.stream || after.stream === id.stream
    const isAnothers = [before, after].some((one) => one?.stream !== undefined && one.stream !== id.stream)
    if (isWithin && isStreams && !isAnothers) beside.push(...of.waiting)
    of.last = entry
    of.waiting = []
  }
  return beside
}

const isOf = ({ connection, stream }: LogEntry, id: StreamId): boolean =>
  stream === id.stream && (connection === undefined || connection === id.connection)

/** Messages around a stream's lines, in order. */
interface Around {
  entries: LogEntry[]
  /** Lines between two places that belong to no connection, and lines of no known form. */
  others(from: number, to: number, attributed: ReadonlySet<number>): { unattributed: number; unreadable: number }
}

async function readAround(
  log: LogBytes,
  { stream }: StreamId,
  far: Part,
  readers: readonly LineReader[],
): Promise<Around> {
  const places: number[] = []
  await scan(
    log,
    [stream],
    ({ offset }) => {
      places.push(offset)
      return places.length < MOST_OWN
    },
    far,
  )
  const parts: { from: number; to: number }[] = []
  for (const place of places) {
    const last = parts.at(-1)
    if (last !== undefined && place - AROUND <= last.to) last.to = place + AROUND
    else parts.push({ from: Math.max(0, place - AROUND), to: place + AROUND })
  }
  const entries: LogEntry[] = []
  const unread: number[] = []
  for (const part of parts) {
    const reader = new LogReader(
      { entry: (entry) => entries.push(entry), other: (_, offset) => unread.push(offset) },
      readers,
    )
    for (const { text, offset } of await linesBetween(log, part)) reader.line(text, offset)
    reader.end()
  }
  const within = (from: number, to: number) => (offset: number) => offset >= from && offset <= to
  return {
    entries,
    others: (from, to, attributed) => {
      const inside = within(from, to)
      return {
        unattributed: entries.filter(
          ({ offset, connection }) => connection === undefined && inside(offset) && !attributed.has(offset),
        ).length,
        unreadable: unread.filter(inside).length,
      }
    },
  }
}

const FORMS: readonly ((connection: string) => string)[] = [
  (connection) => `[C${connection}]`,
  (connection) => `"ConnectionId":"${connection}"`,
  (connection) => String.raw`\"ConnectionId\":\"${connection}\"`,
  (connection) => `ConnectionId:${connection}`,
]

/** How ids are written in these lines: one log may have several forms. */
function formsIn(entries: readonly LogEntry[]): typeof FORMS {
  return FORMS.filter((form) =>
    entries.some(({ connection, raw }) => connection !== undefined && raw.includes(form(connection))),
  )
}

/** The lines of one connection that matter to one request: its beginning, and what follows from the request on. */
class ConnectionLines {
  readonly #first: LogEntry
  readonly #last: LogEntry
  readonly #beginning: LogEntry[] = []
  readonly #since: LogEntry[] = []
  readonly #uses: number[] = []
  #isOver = false
  streamsBefore = 0

  constructor(first: LogEntry, last: LogEntry) {
    this.#first = first
    this.#last = last
  }

  get lines(): LogEntry[] {
    return [...this.#beginning, ...this.#since]
  }

  /** Requests that were sent on it before a place. */
  usedBefore(offset: number): number {
    return this.#uses.filter((place) => place < offset).length
  }

  take(entry: LogEntry): void {
    const { offset, message } = entry
    if (offset < this.#last.offset && message.startsWith('creating stream')) this.#uses.push(offset)
    if (offset < this.#first.offset) {
      if (message.startsWith('new stream')) this.streamsBefore += 1
      if (this.#beginning.length < MOST_BEGINNING) this.#beginning.push(entry)
      else this.#beginning[MOST_BEGINNING - 1] = entry
      return
    }
    if (this.#isOver || this.#since.length >= MOST_AFTER) return
    // The next request on it is another story.
    if (offset > this.#last.offset && /^(?:new stream|creating stream|using existing)/.test(message))
      this.#isOver = true
    else this.#since.push(entry)
  }
}
