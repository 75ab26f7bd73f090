import { forHosts, trafficCountsFrom } from '../../src/checks/facts/traffic-of.ts'
import { Evidence } from '../../src/evidence/evidence.ts'
import type { Reading } from '../../src/evidence/reading.ts'
import type { AccessLog, AccessLogLine } from '../../src/mesh/access-log.ts'
import { since } from '../../src/mesh/access-log.ts'
import type { Pod } from '../../src/mesh/objects.ts'
import { refOf } from '../../src/mesh/objects.ts'
import { sameRef } from '../../src/mesh/ref.ts'
import type { Target } from '../../src/mesh/target.ts'

/** Logs that a diagnosis reads at most; it reads 500 lines of each. */
const LOGS = 8

interface Copy {
  from: Pod
  name: string
  ip: string
}

/** What was recorded of the target's pods, again for so many pods: their objects, events, endpoints and sync state, and requests that meet all of them. */
export function withManyPods(
  readings: readonly Reading[],
  target: Target,
  { pods, requests }: { pods: number; requests: number },
): Reading[] {
  const own = ownPods(readings, target)
  const copies =
    own.length === 0 ? [] : Array.from({ length: Math.max(0, pods - own.length) }, (_, n) => copyOf(own, n))
  const byPod = Map.groupBy(copies, ({ from }) => from.metadata.name)
  const byAddress = Map.groupBy(copies, ({ from }) => from.status?.podIP ?? 'none')
  const grown = readings.map((reading): Reading => {
    if (!reading.ok) return reading
    switch (reading.kind) {
      case 'pods':
      case 'events':
      case 'proxy-status':
        return { ...reading, value: more(reading.value as object[], byPod) } as Reading
      case 'endpoints':
        return {
          ...reading,
          value: reading.value.map(({ hostStatuses = [], ...cluster }) => ({
            ...cluster,
            hostStatuses: more(hostStatuses, byAddress),
          })),
        }
      case 'endpoint-slices':
        return {
          ...reading,
          value: reading.value.map((slice) => ({ ...slice, endpoints: more(slice.endpoints ?? [], byAddress) })),
        }
      default:
        return reading
    }
  })
  return withRequests(grown, target, copies, requests)
}

function ownPods(readings: readonly Reading[], target: Target): Pod[] {
  const found = readings.flatMap((reading) => (reading.ok && reading.kind === 'pods' ? reading.value : []))
  return found.filter(
    (pod, index) =>
      target.pods.some((ref) => sameRef(ref, refOf(pod))) &&
      found.findIndex(({ metadata }) => metadata.name === pod.metadata.name) === index,
  )
}

function copyOf(own: readonly Pod[], n: number): Copy {
  const from = own[n % own.length]
  if (from === undefined) throw new RangeError('no pod to copy')
  return { from, name: `${from.metadata.name}-${n}`, ip: `10.${200 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}` }
}

/** A list with what concerns a pod once more for each of its copies. */
function more<T extends object>(list: readonly T[], copies: ReadonlyMap<string, readonly Copy[]>): T[] {
  return list.flatMap((piece) => {
    const text = JSON.stringify(piece)
    const concerned = [...copies.keys()]
      .filter((key) => text.includes(`"${key}"`))
      .flatMap((key) => copies.get(key) ?? [])
    return [piece, ...concerned.map((copy) => JSON.parse(renamed(text, copy)) as T)]
  })
}

const renamed = (text: string, { from, name, ip }: Copy): string =>
  text
    .replaceAll(from.metadata.name, name)
    .replaceAll(from.status?.podIP ?? 'none', ip)
    .replaceAll(from.metadata.uid ?? 'none', `${from.metadata.uid}-${name}`)

/** As many logs as a diagnosis reads, their lines about the target again and again until there are enough; each request keeps one id at all proxies that logged it. */
function withRequests(
  readings: readonly Reading[],
  target: Target,
  copies: readonly Copy[],
  requests: number,
): Reading[] {
  const evidence = new Evidence(readings)
  const moment = trafficCountsFrom(evidence, target) ?? 0
  const isForTarget = forHosts(target.hosts)
  const counting = (log: AccessLog): AccessLog => {
    const lines = since(log.lines, moment).filter(isForTarget)
    return lines.length === 0 ? log : { ...log, lines }
  }
  const isLog = (reading: Reading): reading is Extract<Reading, { kind: 'access-log'; ok: true }> =>
    reading.kind === 'access-log' && reading.ok && reading.value.lines.length > 0
  const logs = readings.filter(isLog)
  if (logs.length === 0) return [...readings]
  const ofPods = logs.filter(({ of }) => target.pods.some((ref) => of !== undefined && sameRef(ref, of)))
  const others =
    ofPods.length === 0
      ? []
      : copies.slice(0, LOGS - logs.length).map((copy, n) => {
          const log = ofPods[n % ofPods.length]!
          return { ...log, of: { ...log.of!, name: copy.name } }
        })
  const all = [...logs, ...others]
  const each = Math.ceil(requests / all.length)
  return [
    ...readings.filter((reading) => !isLog(reading)),
    ...all.map((log) => ({ ...log, value: repeated(counting(log.value), each, target, copies) })),
  ]
}

function repeated(log: AccessLog, count: number, target: Target, copies: readonly Copy[]): AccessLog {
  const lines = Array.from({ length: count }, (_, n): AccessLogLine => {
    const line = log.lines[n % log.lines.length]!
    const round = Math.floor(n / log.lines.length)
    const copy = copies.length === 0 || round === 0 ? undefined : copies[(n * 7) % copies.length]
    const port = line.upstreamHost?.split(':').at(-1)
    return {
      ...line,
      ...(line.requestId !== undefined && { requestId: `${line.requestId}-${round}` }),
      ...(copy !== undefined && line.upstreamHost !== undefined && { upstreamHost: `${copy.ip}:${port}` }),
    }
  })
  return { ...log, lines }
}
