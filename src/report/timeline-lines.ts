import { redact } from '../evidence/redaction.ts'
import type { Joined } from '../timeline/join.ts'

/** The lines of a request as the proxies wrote them, redacted: each log's below its name. */
export const rawLines = ({ legs, tries = [] }: Joined): string =>
  redact(
    [...legs, ...tries.map(({ leg }) => leg)]
      .map(({ log, entries, id }) =>
        [`# ${log}: connection ${id.connection}, stream ${id.stream}`, ...entries.map(({ raw }) => raw), ''].join('\n'),
      )
      .join('\n'),
  )
