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

/** Ports that Linux gives to a connection: first every second one of 32768 to 60999 (net.ipv4.ip_local_port_range). */
const PORTS = 14_116

/** How much more often than evenly drawn ones the same ports come again: 1.0 to 1.4 times on a real node. */
const UNEVEN = 2

/** The most of something that is seen by chance where so many of it are expected (Poisson). */
function mostByChance(expected: number, chance: number): number {
  if (expected > 500) return expected + 4 * Math.sqrt(expected)
  let just = Math.exp(-expected)
  let upTo = just
  let most = 0
  while (1 - upTo > chance) {
    most += 1
    just *= expected / most
    upTo += just
  }
  return most
}

/**
 * Whether connections that seem to have been idle for longer than an application keeps them may all be new ones with the ports of one that was closed: a log names the ends
 * of a connection, and after some hundreds of them the ends of one come again.
 *
 * @param opened connections opened from one proxy to one address, for each pair of them
 */
export function areNewOnes(longer: number, opened: readonly number[], chance: number): boolean {
  const expected = opened.reduce((sum, count) => sum + (UNEVEN * count * (count - 1)) / (2 * PORTS), 0)
  return longer <= mostByChance(expected, chance)
}
