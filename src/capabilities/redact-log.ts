import { Pace } from '../diagnosis/pace.ts'
import { redact } from '../evidence/redaction.ts'

/** Characters that are redacted at once: some ten milliseconds. */
const PART = 128 * 1024
/** How a message begins; what spans several lines, a key say, stays in one part. */
const BEGINS = /\n(?=\d{4}-\d\d-\d\d|\[|\{)/g

/** A proxy's log without secrets; others have their turn meanwhile. */
export async function redactLog(log: string): Promise<string> {
  const pace = new Pace()
  const clean: string[] = []
  for (let from = 0; from < log.length;) {
    BEGINS.lastIndex = from + PART
    const next = from + PART >= log.length ? null : BEGINS.exec(log)
    const to = next === null ? log.length : next.index + 1
    clean.push(redact(log.slice(from, to)))
    from = to
    await pace.breathe()
  }
  return clean.join('')
}
