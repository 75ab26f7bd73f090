/** A log as bytes that can be read again and again: a file, or a text that was read. */
export interface LogBytes {
  /** A file's name, or a pod's. */
  name: string
  /** What its proxy is, where that is known without the log. */
  role?: ProxyRole
  size: number
  /** Its bytes from one place up to another, in pieces of any size. A piece is not used after the next one was asked for. */
  read(from: number, to: number): AsyncIterable<Uint8Array>
}

/** What a proxy is for. */
export type ProxyRole = 'gateway' | 'sidecar' | 'waypoint'

const PIECE = 1024 * 1024

/** A text as a log. */
export function textLog(name: string, text: string, role?: ProxyRole): LogBytes {
  const bytes = Buffer.from(text)
  return {
    name,
    ...(role !== undefined && { role }),
    size: bytes.length,
    // eslint-disable-next-line @typescript-eslint/require-await -- files are read in the same way
    async *read(from, to) {
      for (let at = from; at < Math.min(to, bytes.length); at += PIECE)
        yield bytes.subarray(at, Math.min(at + PIECE, to, bytes.length))
    },
  }
}
