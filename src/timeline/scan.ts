import type { LogBytes } from './log-bytes.ts'
import { frequencies, needlesOf, placesOf, type Needle } from './needle.ts'

/** Bytes that are looked through at once. */
const BLOCK = 4 * 1024 * 1024
/** A message that is longer than this is looked at in parts. */
const LONGEST = 256 * 1024
/** Bytes that tell which are rare. */
const SAMPLE = 64 * 1024
const [NEWLINE, QUOTE, TAB] = [10, 39, 9]

/** Whole messages of a log, and where the first begins. */
interface Block {
  bytes: Buffer
  offset: number
}

/** Where the last message in a buffer begins: headers stand on lines of their own below it. */
function lastMessage(buffer: Buffer, used: number): number {
  for (let at = buffer.lastIndexOf(NEWLINE, used - 1); at > used - LONGEST && at > 0;) {
    const first = buffer[at + 1]
    if (at + 1 < used && first !== QUOTE && first !== TAB && first !== NEWLINE) return at + 1
    at = buffer.lastIndexOf(NEWLINE, at - 1)
  }
  return buffer.lastIndexOf(NEWLINE, used - 1) + 1
}

/** A log in blocks of whole messages; each is gone when the next one is asked for. */
async function* blocksOf(log: LogBytes, from: number, to: number): AsyncGenerator<Block> {
  const buffer = Buffer.allocUnsafe(Math.min(BLOCK + LONGEST, Math.max(1, to - from)))
  let used = 0
  let offset = from
  for (;;) {
    const place = offset + used
    const read = place >= to ? 0 : await log.read(buffer.subarray(used, used + to - place), place)
    used += read
    if (used === 0) return
    if (read > 0 && used < buffer.length && offset + used < to) continue
    const isLast = read === 0 || offset + used >= to
    const end = isLast ? used : lastMessage(buffer, used)
    const whole = end === 0 ? used : end
    yield { bytes: buffer.subarray(0, whole), offset }
    if (isLast) return
    buffer.copyWithin(0, whole, used)
    used -= whole
    offset += whole
  }
}

/** A line of a log. */
export interface Line {
  offset: number
  text: string
}

/** A line that was found. */
export interface FoundLine extends Line {
  /** The text that is in it. */
  needle: string
  /** The lines above it, the nearest first, as far as they belong to what is looked through at once. */
  above(): Iterable<Line>
}

/** From where to where is looked, in bytes. */
export interface Part {
  from?: number
  to?: number
}

/**
 * Finds the lines that hold one of some texts, in their order; a line that holds several is found once. Looks for each text in the bytes themselves, so that a
 * line that holds none costs next to nothing.
 *
 * @param found answers false to stop
 */
export async function scan(
  log: LogBytes,
  needles: readonly string[],
  found: (line: FoundLine) => boolean | undefined,
  { from = 0, to = log.size }: Part = {},
): Promise<void> {
  let sought: Needle[] | undefined
  for await (const { bytes, offset } of blocksOf(log, Math.max(0, from), Math.min(log.size, to))) {
    sought ??= needlesOf(needles, frequencies(bytes.subarray(0, SAMPLE)))
    const hits = sought.flatMap((needle) => placesOf(bytes, needle).map((place) => ({ place, text: needle.text })))
    hits.sort((one, other) => one.place - other.place)
    let end = -1
    for (const { place, text } of hits) {
      if (place < end) continue
      const begin = place === 0 ? 0 : bytes.lastIndexOf(NEWLINE, place - 1) + 1
      end = endOfLine(bytes, place)
      const line = { offset: offset + begin, text: bytes.toString('utf8', begin, end), needle: text }
      if (found({ ...line, above: () => linesAbove(bytes, begin, offset) }) === false) return
    }
  }
}

const endOfLine = (bytes: Buffer, from: number): number => {
  const next = bytes.indexOf(NEWLINE, from)
  return next === -1 ? bytes.length : next
}

function* linesAbove(bytes: Buffer, begin: number, offset: number): Generator<Line> {
  for (let end = begin - 1; end >= 0;) {
    const at = end === 0 ? 0 : bytes.lastIndexOf(NEWLINE, end - 1) + 1
    yield { offset: offset + at, text: bytes.toString('utf8', at, end) }
    end = at - 1
  }
}

/** The lines of a part of a log that begin in it. */
export async function linesBetween(log: LogBytes, { from = 0, to = log.size }: Part): Promise<Line[]> {
  const lines: Line[] = []
  // One byte before: only where that ends a line, the next one begins in the part.
  const begin = Math.max(0, from - 1)
  for await (const { bytes, offset } of blocksOf(log, begin, Math.min(log.size, to))) {
    let at = offset === begin && from > 0 ? bytes.indexOf(NEWLINE) + 1 : 0
    if (offset === begin && from > 0 && at === 0) continue
    while (at < bytes.length) {
      const end = endOfLine(bytes, at)
      lines.push({ offset: offset + at, text: bytes.toString('utf8', at, end) })
      at = end + 1
    }
  }
  return lines
}
