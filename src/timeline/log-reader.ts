import { parseAccessLog, type AccessLogLine } from '../mesh/access-log.ts'
import type { LineReader } from '../mesh/access-log-format.ts'
import { readHead, withoutPrefix, type LineHead, type LogForm } from './line-head.ts'
import type { Header, LogEntry } from './log-entry.ts'

/** An entry of the access log among the proxy's other lines. */
export interface LoggedRequest {
  offset: number
  line: AccessLogLine
  raw: string
}

/** Who is told what a log says, each as soon as it is whole. */
export interface LogHearer {
  entry(entry: LogEntry, form: LogForm): void
  request?(request: LoggedRequest): void
  /** A line of no form that is known. */
  other?(raw: string, offset: number): void
}

/** `':path', '/items'`, the last one with the thread behind it. */
const HEADER = /^'([^']+)', '(.*)'(?:\s+thread=(\d+))?\s*$/
/** What stands alone below the last header. */
const LAST = /^\s+thread=(\d+)\s*$/
const ACCESS = /^(?:\[\d{4}-\d\d-\d\dT|\{.*"response_flags")/

/** Characters of a message whose end does not come. */
const LONGEST = 64 * 1024

interface Open {
  head: LineHead
  offset: number
  raw: string
  headers: Header[]
}

/**
 * Reads a proxy's log line by line: Envoy's debug log in each of its forms, with headers over several lines, and between them the entries of its access log
 * and its agent's lines. Holds no more than one message.
 */
export class LogReader {
  readonly #hear: LogHearer
  readonly #readers: readonly LineReader[]
  #open: Open | undefined
  #hasThreads = false

  /** @param readers know the access log formats that the mesh configuration names beside Istio's own */
  constructor(hear: LogHearer, readers: readonly LineReader[] = []) {
    this.#hear = hear
    this.#readers = readers
  }

  /** Takes the next line, without its newline; `offset` is where it begins. */
  line(text: string, offset: number): void {
    const line = withoutPrefix(text.endsWith('\r') ? text.slice(0, -1) : text)
    if (this.#continues(line)) return
    if (line.trim() === '') return
    const head = readHead(line)
    if (head !== undefined) {
      // The agent is another process: its line may stand inside Envoy's headers.
      const open = { head, offset, raw: line, headers: [] }
      if (!head.isEnvoy) {
        this.#hear.entry(entryOf(open), head.form)
        return
      }
      this.end()
      if (head.thread !== undefined) this.#hasThreads = true
      this.#open = open
      return
    }
    const request = this.#request(line)
    if (request === undefined) this.#hear.other?.(line, offset)
    else this.#hear.request?.({ offset, line: request, raw: line })
  }

  /** To be called after the last line. */
  end(): void {
    const open = this.#open
    this.#open = undefined
    if (open !== undefined) this.#hear.entry(entryOf(open), open.head.form)
  }

  /** Takes a line that belongs to the message above it. */
  #continues(line: string): boolean {
    const open = this.#open
    if (open === undefined || open.head.form === 'istio json') return false
    const header = line.startsWith("'") ? HEADER.exec(line) : null
    const thread = header === null ? LAST.exec(line)?.[1] : header[3]
    if (header === null && thread === undefined && !this.#isUnfinished(open, line)) return false
    if (header !== null) open.headers.push([header[1] ?? '', header[2] ?? ''])
    if (thread !== undefined) {
      open.head.thread = thread
      this.#hasThreads = true
    }
    open.raw += `\n${line}`
    return true
  }

  /** Where each message ends with its thread, what stands before that belongs to it: lists of metadata, and the like. */
  #isUnfinished({ head, raw }: Open, line: string): boolean {
    return (
      this.#hasThreads &&
      head.form === 'istio text' &&
      head.thread === undefined &&
      raw.length < LONGEST &&
      !ACCESS.test(line) &&
      readHead(line) === undefined
    )
  }

  #request(line: string): AccessLogLine | undefined {
    if (ACCESS.test(line)) return parseAccessLog(line, this.#readers).lines[0]
    return this.#readers.length === 0 ? undefined : parseAccessLog(line, this.#readers).lines[0]
  }
}

function entryOf({ head: { form: _, ...head }, offset, raw, headers }: Open): LogEntry {
  // JSON has all lines of a message in one.
  const [message = '', ...below] = head.message.split('\n')
  const inside = below.flatMap((line): Header[] => {
    const header = HEADER.exec(line)
    return header === null ? [] : [[header[1] ?? '', header[2] ?? '']]
  })
  const all = [...headers, ...inside]
  return { ...head, message: message.trimEnd(), offset, raw, ...(all.length > 0 && { headers: all }) }
}
