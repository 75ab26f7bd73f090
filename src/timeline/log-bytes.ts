/** A log as bytes that can be read again and again: a file, or a text that was read. */
export interface LogBytes {
  /** A file's name, or a pod's. */
  name: string
  /** What its proxy is, where that is known without the log. */
  role?: ProxyRole
  size: number
  /** Puts its bytes from a place on into `target`, as many as there are or fit; answers how many. */
  read(target: Uint8Array, from: number): Promise<number>
}

/** What a proxy is for. */
export type ProxyRole = 'gateway' | 'sidecar' | 'waypoint'

/** A text as a log. */
export function textLog(name: string, text: string, role?: ProxyRole): LogBytes {
  const bytes = Buffer.from(text)
  return {
    name,
    ...(role !== undefined && { role }),
    size: bytes.length,
    read(target, from) {
      const part = bytes.subarray(from, from + target.length)
      target.set(part)
      return Promise.resolve(part.length)
    },
  }
}
