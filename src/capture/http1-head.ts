/** What is read of the head of a request or a response. */
export interface Head {
  method?: string
  /** Without its query. */
  path?: string
  /** The path goes on beyond what was kept. */
  isPathCut?: boolean
  status?: number
  host?: string
  /** `x-request-id`. */
  requestId?: string
  /** `content-length`. */
  length?: number
  isChunked?: boolean
}

const [CR, LF, COLON] = [0x0d, 0x0a, 0x3a]
/** A value that is longer says nothing here. */
const MOST_VALUE = 1024
const MOST_PATH = 4096

/** Node's own, which takes any bytes and makes no view of them first. */
const { latin1Slice } = Buffer.prototype as unknown as {
  latin1Slice: (this: Uint8Array, from: number, to: number) => string
}

/** Bytes as text, each a character. */
export const latin1 = (bytes: Uint8Array, from: number, to: number): string => latin1Slice.call(bytes, from, to)

/** Where the empty line behind a head ends; -1 when it has not come. */
export function endOfHead(bytes: Uint8Array, from: number, to: number): number {
  for (let at = from; at < to; at += 1) {
    if (bytes[at] !== LF) continue
    if (at + 1 < to && bytes[at + 1] === LF) return at + 2
    if (at + 2 < to && bytes[at + 1] === CR && bytes[at + 2] === LF) return at + 3
  }
  return -1
}

/** Strings that come again and again, once. */
const known = new Map<string, string>()

/** The same string each time, so that thousands of messages hold one. */
function once(text: string): string {
  const same = known.get(text)
  if (same !== undefined) return same
  if (known.size < 1000) known.set(text, text)
  return text
}

/** Reads the start line and the headers that matter; undefined when it is no head. The name of a header is any case. */
export function readHead(bytes: Uint8Array, from: number, to: number, isCut: boolean): Head | undefined {
  let end = lineEnd(bytes, from, to)
  const isLineWhole = end < to
  const head = startOf(latin1(bytes, from, Math.min(end, from + MOST_PATH)), isLineWhole || !isCut)
  if (head === undefined) return undefined
  for (let at = end + 1; at < to; at = end + 1) {
    end = lineEnd(bytes, at, to)
    if (end === to && isCut) break
    let colon = at
    while (colon < end && bytes[colon] !== COLON) colon += 1
    if (colon < end) readHeader(head, bytes, at, colon, Math.min(end, colon + MOST_VALUE))
  }
  return head
}

function lineEnd(bytes: Uint8Array, from: number, to: number): number {
  let at = from
  while (at < to && bytes[at] !== LF) at += 1
  return at
}

function startOf(line: string, isWhole: boolean): Head | undefined {
  if (line.startsWith('HTTP/1.')) {
    const status = statusIn(line)
    return status === undefined ? {} : { status }
  }
  const space = line.indexOf(' ')
  if (space < 3 || space > 20 || !isMethod(line, space)) return undefined
  let end = space + 1
  while (end < line.length && !ENDS_PATH.has(line.charCodeAt(end))) end += 1
  const goesOn = !isWhole && end === line.length
  return {
    method: once(line.slice(0, space)),
    path: once(line.slice(space + 1, end)),
    ...(goesOn && { isPathCut: true }),
  }
}

/** The three digits behind `HTTP/1.1 `. */
function statusIn(line: string): number | undefined {
  const minor = line.charCodeAt(7) - 0x30
  if (!(minor >= 0 && minor <= 9) || line.charCodeAt(8) !== 0x20) return undefined
  let status = 0
  for (let at = 9; at < 12; at += 1) {
    const digit = line.charCodeAt(at) - 0x30
    if (!(digit >= 0 && digit <= 9)) return undefined
    status = status * 10 + digit
  }
  return status
}

/** A space, `?`, `#`, or the end of the line. */
const ENDS_PATH: ReadonlySet<number> = new Set([0x20, 0x3f, 0x23, 0x0d])

function isMethod(line: string, to: number): boolean {
  for (let at = 0; at < to; at += 1) {
    const code = line.charCodeAt(at)
    if (code < 0x41 || code > 0x5a) return false
  }
  return true
}

function readHeader(head: Head, bytes: Uint8Array, from: number, colon: number, to: number): void {
  const length = colon - from
  // Of the lengths of the names that matter; so that no others become text.
  if (length !== 4 && length !== 12 && length !== 14 && length !== 17) return
  const name = latin1(bytes, from, colon).toLowerCase()
  const value = (): string => latin1(bytes, colon + 1, to).trim()
  if (name === 'host') head.host = once(value())
  else if (name === 'x-request-id') head.requestId = value()
  else if (name === 'content-length') {
    if (/^\d{1,15}$/.test(value())) head.length = Number(value())
  } else if (name === 'transfer-encoding' && /chunked$/i.test(value())) head.isChunked = true
}
