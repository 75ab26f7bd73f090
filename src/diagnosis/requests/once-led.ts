import { withoutQuery } from '../../mesh/walk/path.ts'
import { podAt, type Request } from '../../checks/facts/requests-to.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import type { Seen } from '../../evidence/reading.ts'
import { since, type AccessLogLine } from '../../mesh/access-log.ts'
import { portOf } from '../../mesh/address.ts'
import { defined } from '../../mesh/defined.ts'
import { parseClusterName } from '../../mesh/envoy.ts'
import type { Target } from '../../mesh/target.ts'

/** So many requests in a row, all led to the target, tell that they were not shared out between it and others. */
const USUAL = 5
const ANSWERED = 3

const keyOf = ({ authority, downstreamLocal, method, path }: AccessLogLine): string =>
  JSON.stringify([authority, portOf(downstreamLocal), method, path === undefined ? undefined : withoutQuery(path)])

/** True for a line that a proxy's own route sent to one of the target's Services. */
export const isLedTo = ({ upstreamCluster = '' }: AccessLogLine, target: Target): boolean => {
  const cluster = parseClusterName(upstreamCluster)
  return cluster?.direction === 'outbound' && target.hosts.includes(cluster.host)
}

/** Requests that one proxy led to the target until some moment, and leads to another Service since: as their callers see it, they are the target's. */
export function requestsOnceLedTo(
  target: Target,
  moment: number,
  evidence: Evidence,
  isGateway: (log: Seen<'access-log'>) => boolean,
): Request[] {
  return evidence
    .seen('access-log')
    .filter(isGateway)
    .flatMap((log) => {
      const asked = since(log.value.lines, moment).filter(({ authority }) => authority !== undefined)
      return [...Map.groupBy(asked, keyOf).values()].flatMap((lines) => {
        const inOrder = lines.toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at))
        const last = inOrder.findLastIndex((line) => isLedTo(line, target))
        const before = inOrder.slice(Math.max(0, last + 1 - USUAL), last + 1)
        const answered = before.filter(({ code }) => code > 0 && code < 400)
        if (answered.length < ANSWERED || !before.every((line) => isLedTo(line, target))) return []
        return inOrder
          .slice(last + 1)
          .filter(({ upstreamCluster }) => parseClusterName(upstreamCluster ?? '')?.direction === 'outbound')
          .map((entry): Request => ({ entry, log, ...defined({ pod: podAt(entry.upstreamHost, evidence) }) }))
      })
    })
}
