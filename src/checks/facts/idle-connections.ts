import type { AccessLog, AccessLogLine } from '../../mesh/access-log.ts'
import { once } from './fact.ts'

/** Flags after which a connection to an upstream is gone: what bears the same two ends later is another. */
const ENDS_IT: ReadonlySet<string> = new Set(['UC', 'UF', 'UR', 'UPE'])

/** What is known of the connection to the upstream that a request was sent over. */
const keyOf = ({ upstreamLocal, upstreamHost }: AccessLogLine): string | undefined =>
  upstreamLocal === undefined || upstreamHost === undefined ? undefined : `${upstreamLocal} ${upstreamHost}`

/**
 * Milliseconds for which the connection to the upstream had been idle when a request was sent over it, for each line whose connection has an earlier one:
 * the default format names both its ends. Requests whose connection was not seen before are left out, whether it is new or older than the log.
 */
export const idleBefore = once((log: AccessLog): ReadonlyMap<AccessLogLine, number> => {
  const began = log.lines
    .map((entry) => ({ entry, at: Date.parse(entry.at) }))
    .filter(({ at }) => !Number.isNaN(at))
    .toSorted((a, b) => a.at - b.at)
  const lastUsed = new Map<string, number>()
  const known = new Map<AccessLogLine, number>()
  for (const { entry, at } of began) {
    const key = keyOf(entry)
    if (key === undefined) continue
    const last = lastUsed.get(key)
    if (last !== undefined) known.set(entry, Math.max(0, at - last))
    if (entry.flags.some((flag) => ENDS_IT.has(flag))) lastUsed.delete(key)
    else lastUsed.set(key, Math.max(last ?? 0, at + (entry.duration ?? 0)))
  }
  return known
})
