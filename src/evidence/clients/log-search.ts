import { isUtf8 } from 'node:buffer'
import { NewestLines } from './newest-lines.ts'

/** What is looked for in a log, and how much of it is read for that. */
export interface LogSearch {
  /** ISO time; the API server knows seconds. */
  sinceTime: string
  /** A line that matters holds one of these; all lines matter when there is none. */
  texts?: readonly string[] | undefined
  limits?: Partial<SearchLimits>
}

/** How much of a log is read, and kept of it. */
export interface SearchLimits {
  /** Bytes that are read. */
  bytes: number
  /** Milliseconds. */
  milliseconds: number
  /** Lines that are kept; the newest. */
  lines: number
}

export const SEARCH_LIMITS: SearchLimits = { bytes: 256 * 1024 * 1024, milliseconds: 10_000, lines: 8_000 }

/** What came of it. */
export interface LogFound {
  /** The lines that matter, oldest first. */
  text: string
  /** Lines and bytes that were read. */
  lines: number
  bytes: number
  /** Lines that matter, also those that were not kept. */
  matched: number
  /** Lines above 64 KB, which were left out, and lines that are not UTF-8. */
  tooLong: number
  garbled: number
  /** ISO time in the first line that was read; absent where it has none. */
  begins?: string
  /** The log holds lines from before the moment: none since then is missing. Absent where that was not looked for. */
  reachesBack?: true
  /** False when a limit ended it before the log did. */
  whole: boolean
}

/** Bytes of a line; an access log's have fewer than a thousand. */
const LONGEST = 64 * 1024
const NEWLINE = 0x0a
const NOTHING = Buffer.alloc(0)

const TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/
/** When a line was written, if it says so near its beginning or, as JSON does, anywhere. */
function beginsOf(line: string): { begins?: string } {
  const [begins] = TIME.exec(line.startsWith('{') ? line : line.slice(0, 64)) ?? []
  return begins === undefined ? {} : { begins }
}

/** Finds any of some texts among bytes that were read as one character each. */
const anyOf = (texts: readonly string[]): RegExp =>
  new RegExp(
    texts
      .map((text) =>
        Buffer.from(text)
          .toString('latin1')
          .replaceAll(/[.*+?^${}()|[\]\\/-]/g, String.raw`\$&`),
      )
      .join('|'),
    'g',
  )

/** The lines that matter, in the order in which they come. */
class Lines {
  readonly found: Omit<LogFound, 'text'> = { lines: 0, bytes: 0, matched: 0, tooLong: 0, garbled: 0, whole: true }
  private readonly kept: NewestLines
  private readonly pattern: RegExp | undefined

  constructor(texts: readonly string[], most: number) {
    this.pattern = texts.length === 0 ? undefined : anyOf(texts)
    this.kept = new NewestLines(most)
  }

  /** Takes whole lines, each with its end; answers the bytes of those that matter. */
  take(lines: Buffer): number {
    if (this.found.lines === 0) this.noteBeginning(lines)
    const { pattern } = this
    let bytes = 0
    let at = 0
    for (let end = lines.indexOf(NEWLINE); end !== -1; end = lines.indexOf(NEWLINE, at)) {
      if (end > at) {
        this.found.lines += 1
        if (pattern === undefined) bytes += this.keep(lines.subarray(at, end))
      }
      at = end + 1
    }
    if (pattern === undefined) return bytes
    // Looked for in all lines at once: few hold one.
    const text = lines.toString('latin1')
    pattern.lastIndex = 0
    for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
      const end = text.indexOf('\n', match.index)
      bytes += this.keep(lines.subarray(text.lastIndexOf('\n', match.index) + 1, end))
      pattern.lastIndex = end + 1
    }
    return bytes
  }

  private noteBeginning(lines: Buffer): void {
    const first = lines.toString('utf8', 0, Math.min(lines.length, LONGEST)).trimStart()
    Object.assign(this.found, beginsOf(first.slice(0, first.indexOf('\n') + 1)))
  }

  private keep(line: Buffer): number {
    if (line.length > LONGEST) {
      this.found.tooLong += 1
      return 0
    }
    if (!isUtf8(line)) this.found.garbled += 1
    this.found.matched += 1
    this.kept.add(line)
    return line.length
  }

  /** A line that was too long to be kept in memory. */
  skip(): void {
    this.found.lines += 1
    this.found.tooLong += 1
  }

  end(): string {
    return this.kept.end()
  }
}

/**
 * Reads a log from a stream line by line and keeps what matters: memory is bounded by what is kept, however long the log is. Stops reading where a limit
 * is met. Rejects with what the stream rejects with.
 *
 * @param keeping is told of the bytes that are kept in addition, and may wait; rejects to end it
 */
export async function searchLines(
  stream: AsyncIterable<Uint8Array>,
  { texts = [], limits }: LogSearch,
  keeping: (bytes: number) => Promise<void> = () => Promise.resolve(),
  now: () => number = () => performance.now(),
): Promise<LogFound> {
  const most = { ...SEARCH_LIMITS, ...limits }
  const begun = now()
  const lines = new Lines(texts, most.lines)
  const { found } = lines
  let rest: Buffer = NOTHING
  let isSkipping = false

  for await (const piece of stream) {
    found.bytes += piece.length
    const read = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength)
    const first = read.indexOf(NEWLINE) + 1
    const last = read.lastIndexOf(NEWLINE) + 1
    let bytes = 0
    if (first === 0) rest = isSkipping ? NOTHING : Buffer.concat([rest, read])
    else {
      if (isSkipping) lines.skip()
      else bytes += lines.take(Buffer.concat([rest, read.subarray(0, first)]))
      isSkipping = false
      bytes += lines.take(read.subarray(first, last))
      rest = Buffer.from(read.subarray(last))
    }
    // What has no end in sight is not kept until it comes.
    if (rest.length > LONGEST) {
      rest = NOTHING
      isSkipping = true
    }
    // Where lines were dropped already, new ones take the place of old ones.
    if (bytes > 0 && found.matched <= most.lines) await keeping(bytes)
    if (found.bytes >= most.bytes || now() - begun >= most.milliseconds) {
      found.whole = false
      break
    }
  }
  // The last line of a log that was cut in its middle says nothing.
  if (found.whole && rest.length > 0 && !isSkipping) await keeping(lines.take(Buffer.concat([rest, Buffer.from('\n')])))
  if (isSkipping) found.tooLong += 1
  return { text: lines.end(), ...found }
}
