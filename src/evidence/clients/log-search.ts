/** What is looked for in a log, and how much of it is read for that. */
export interface LogSearch {
  /** ISO time; the API server knows seconds. */
  sinceTime: string
  /** Tells lines that matter; all when absent. */
  wanted?: ((line: string) => boolean) | undefined
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

export const SEARCH_LIMITS: SearchLimits = { bytes: 256 * 1024 * 1024, milliseconds: 10_000, lines: 20_000 }

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
  /** False when a limit ended it before the log did. */
  whole: boolean
}

/** Characters of a line; an access log's have fewer than a thousand. */
const LONGEST = 64 * 1024
const REPLACEMENT = '\ufffd'

const TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/
/** When a line was written, if it says so near its beginning or, as JSON does, anywhere. */
function beginsOf(line: string): { begins?: string } {
  const [begins] = TIME.exec(line.startsWith('{') ? line : line.slice(0, 64)) ?? []
  return begins === undefined ? {} : { begins }
}

/**
 * Reads a log from a stream line by line and keeps what matters: memory is bounded by what is kept, however long the log is. Stops reading where a limit
 * is met. Rejects with what the stream rejects with.
 *
 * @param keeping is told of the characters that are kept in addition, and may wait; rejects to end it
 */
export async function searchLines(
  stream: AsyncIterable<Uint8Array>,
  { wanted = () => true, limits }: LogSearch,
  keeping: (characters: number) => Promise<void> = () => Promise.resolve(),
  now: () => number = () => performance.now(),
): Promise<LogFound> {
  const most = { ...SEARCH_LIMITS, ...limits }
  const begun = now()
  const decoder = new TextDecoder('utf-8')
  let kept: string[] = []
  let rest = ''
  let isSkipping = false
  const found: Omit<LogFound, 'text'> = { lines: 0, bytes: 0, matched: 0, tooLong: 0, garbled: 0, whole: true }

  const take = (line: string): number => {
    if (line === '') return 0
    found.lines += 1
    if (found.lines === 1) Object.assign(found, beginsOf(line))
    if (!wanted(line)) return 0
    if (line.length > LONGEST) {
      found.tooLong += 1
      return 0
    }
    if (line.includes(REPLACEMENT)) found.garbled += 1
    found.matched += 1
    kept.push(line)
    // Twice as many, so that moving them costs little for each.
    if (kept.length >= most.lines * 2) kept = kept.slice(-most.lines)
    return line.length
  }
  for await (const piece of stream) {
    found.bytes += piece.length
    const lines = (rest + decoder.decode(piece, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    let characters = 0
    for (const line of lines) {
      if (isSkipping) {
        isSkipping = false
        found.lines += 1
        found.tooLong += 1
      } else characters += take(line)
    }
    // What has no end in sight is not kept until it comes.
    if (rest.length > LONGEST) {
      rest = ''
      isSkipping = true
    }
    // Where lines were dropped already, new ones take the place of old ones.
    if (characters > 0 && found.matched < most.lines * 2) await keeping(characters)
    if (found.bytes >= most.bytes || now() - begun >= most.milliseconds) {
      found.whole = false
      break
    }
  }
  // The last line of a log that was cut in its middle says nothing.
  if (found.whole && rest !== '' && !isSkipping) await keeping(take(rest + decoder.decode()))
  if (isSkipping) found.tooLong += 1
  return { text: kept.slice(-most.lines).join('\n'), ...found }
}
