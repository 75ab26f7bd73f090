import type { LogEntry } from './log-entry.ts'

/** One attempt of a request to get a connection to an upstream. */
export interface Upstream {
  /** The line at which the router asked for a connection. */
  offset: number
  /** Microseconds since the epoch: when it asked, and when it was given one. */
  askedAt: number
  readyAt?: number
  /** Absent where the log does not say which. */
  connection?: string
  /** Connections that it may have been, where that cannot be told. */
  candidates?: string[]
  /** How it came to it, as the pool says. */
  how?: 'reused' | 'new' | 'waited'
}

/** The first time with the request's headers; a retry does not print them again. */
const ASKS = /^(?:router decoding headers|performing retry)/
const OVER =
  /^(?:upstream reset|performing retry|Sending local reply|encoding headers|upstream timeout|no healthy upstream)/
const GIVES = /^(?:creating stream|using existing (?:fully connected|early data ready) connection)/
const FAILS = /^(?:client disconnected|connect timeout)/

/**
 * Which connections a stream was given. Pools do not say for whom they work; but a worker thread does one thing after the other: what the pool says directly before
 * `pool ready`, on its thread, is said of that stream. Where threads are not logged, it counts only when no other connection could be meant.
 *
 * @param entries of the log around the stream's lines, in order
 */
export function upstreamsOf(entries: readonly LogEntry[], id: { connection: string; stream: string }): Upstream[] {
  const upstreams: Upstream[] = []
  entries.forEach((entry, index) => {
    if (entry.stream !== id.stream) return
    const last = upstreams.at(-1)
    if (last !== undefined && last.readyAt === undefined) {
      if (entry.message.startsWith('pool ready'))
        Object.assign(last, givenBefore(entries, index, last), attachedAfter(entries, index, id), { readyAt: entry.at })
      else if (OVER.test(entry.message) && last.connection === undefined)
        Object.assign(last, failedBefore(entries, index, last))
    }
    if (ASKS.test(entry.message)) upstreams.push({ offset: entry.offset, askedAt: entry.at })
  })
  return upstreams
}

/** Lines before a place, the nearest first: those of its thread, where threads are logged. */
function* before(entries: readonly LogEntry[], index: number, from: number): Generator<LogEntry> {
  const thread = entries[index]?.thread
  for (let at = index - 1; at >= 0; at -= 1) {
    const entry = entries[at]
    if (entry === undefined || entry.offset < from) return
    if (entry.isEnvoy && entry.thread === thread) yield entry
  }
}

/** Newer versions say it outright, right after, on the same thread. */
const ATTACHED = /^Attached upstream connection \[C(\d+)\] to downstream connection \[C(\d+)\]/
/** Lines of the thread behind `pool ready` that are looked at for it. */
const SOON = 8

function attachedAfter(entries: readonly LogEntry[], index: number, id: { connection: string }): Partial<Upstream> {
  const thread = entries[index]?.thread
  const next = entries
    .slice(index + 1, index + 200)
    .filter((entry) => entry.isEnvoy && entry.thread === thread)
    .slice(0, SOON)
  for (const { message } of next) {
    if (message.startsWith('pool ready')) break
    const [, connection, downstream] = ATTACHED.exec(message) ?? []
    if (connection !== undefined && downstream === id.connection) return { connection }
  }
  return {}
}

function givenBefore(entries: readonly LogEntry[], index: number, attempt: Upstream): Partial<Upstream> {
  const ready = entries[index]
  const own = ready?.thread !== undefined
  const given: LogEntry[] = []
  for (const entry of before(entries, index, attempt.offset)) {
    // Another stream got its connection here: what is said before is of that one.
    if (entry.message.startsWith('pool ready')) break
    if (!GIVES.test(entry.message) || entry.connection === undefined) continue
    given.push(entry)
    if (own) break
  }
  const connections = [...new Set(given.map(({ connection }) => connection ?? ''))]
  const [connection] = connections
  if (connection === undefined) return {}
  if (connections.length > 1) return { candidates: connections }
  return { connection, how: howGiven(entries, index, connection, attempt) }
}

/** Whether the pool had a connection, or made one for it, or let it wait for one that others used. */
function howGiven(
  entries: readonly LogEntry[],
  index: number,
  connection: string,
  attempt: Upstream,
): NonNullable<Upstream['how']> {
  let how: NonNullable<Upstream['how']> = 'reused'
  for (const entry of before(entries, index, attempt.offset)) {
    if (entry.connection === connection && entry.message.startsWith('using existing')) return 'reused'
    if (entry.connection === connection && /^connect(?:ing|ed)\b/.test(entry.message)) return 'new'
    if (entry.message.startsWith('queueing stream')) how = 'waited'
  }
  return how
}

/** The connection that failed for it: what the pool says directly before the router hears of it. */
function failedBefore(entries: readonly LogEntry[], index: number, attempt: Upstream): Partial<Upstream> {
  const own = entries[index]?.thread !== undefined
  const failed: string[] = []
  for (const entry of before(entries, index, attempt.offset)) {
    if (entry.message.startsWith('pool ready')) break
    if (!FAILS.test(entry.message) || entry.connection === undefined) continue
    failed.push(entry.connection)
    if (own) break
  }
  const connections = [...new Set(failed)]
  const [connection] = connections
  if (connection === undefined) return {}
  return connections.length > 1 ? { candidates: connections } : { connection, how: 'new' }
}
