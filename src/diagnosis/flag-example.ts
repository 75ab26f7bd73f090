import type { AccessLogLine } from '../mesh/access-log.ts'
import type { Ref } from '../mesh/ref.ts'

/** The latest request to a target with some flags, and where that was looked for. */
export interface FlagExample {
  target: Ref
  flags: string[]
  /** Absent where no line has one of the flags. */
  example?: { pod: Ref; line: AccessLogLine; command: string }
  /** Lines about the target that were read, and proxies whose logs were. */
  lines: number
  proxies: number
  /** Logs that could not be read, each with the reason. */
  unseen: string[]
}
