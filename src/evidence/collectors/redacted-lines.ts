import { LOGGED_TEXTS, type AccessLogLine } from '../../mesh/access-log.ts'
import { redact } from '../redaction.ts'

/** Texts that are remembered: most are the same in line after line. */
const MOST_KNOWN = 5000
/** Longer ones are not. */
const LONGEST_KNOWN = 512
/** Times, addresses, numbers and the ids that Envoy gives requests hold no secret. */
const PLAIN = /^(?:[\d.:TZ-]*|[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12})$/

/** Takes secrets out of entries of a log that nobody else has yet, text by text: of a line, nothing else is kept. A text that is there many times is kept once. */
export function redactedLines(): (lines: AccessLogLine[]) => AccessLogLine[] {
  const known = new Map<string, string>()
  const clean = (text: string): string => {
    if (PLAIN.test(text)) return text
    const before = known.get(text)
    if (before !== undefined) return before
    const without = redact(text)
    if (text.length <= LONGEST_KNOWN) {
      if (known.size >= MOST_KNOWN) known.clear()
      known.set(text, without)
    }
    return without
  }
  return (lines) => {
    for (const line of lines) {
      line.at = clean(line.at)
      for (const key of LOGGED_TEXTS) {
        const value = line[key]
        if (value !== undefined) line[key] = clean(value)
      }
    }
    return lines
  }
}
