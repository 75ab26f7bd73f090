/** One message of a proxy's log: Envoy's own, its agent's, or an entry of its access log. */
export interface LogEntry {
  /** Where its first line begins, in bytes from the beginning of the log. */
  offset: number
  /** Microseconds since the epoch. */
  at: number
  level: string
  /** `http`, `router`; of the agent its scope. */
  logger: string
  /** False for lines of the agent, which has no connections. */
  isEnvoy: boolean
  /** Envoy's id of the connection and of the stream it is about. */
  connection?: string
  stream?: string
  thread?: string
  /** Without ids, headers and thread. */
  message: string
  /** Headers that are printed below it, in order. */
  headers?: Header[]
  /** All of its lines as they stand, without the last newline. */
  raw: string
}

/** Name and value. */
export type Header = readonly [name: string, value: string]

/** The value of a header; the first where there are several. */
export const headerOf = (headers: readonly Header[] | undefined, name: string): string | undefined =>
  headers?.find(([one]) => one === name)?.[1]
