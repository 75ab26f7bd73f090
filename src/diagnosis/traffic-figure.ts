import { isForHosts, lastReadinessChange, lastRoutingChange } from '../checks/traffic-of.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { failed, since } from '../mesh/access-log.ts'
import type { Target } from '../mesh/target.ts'
import type { TrafficFigure } from './report.ts'

/** Requests to the target since its routing last changed: from the gateways' logs when they have any, else from the target's own proxies. */
export function trafficFigure(evidence: Evidence, target: Target): TrafficFigure | undefined {
  const changed = lastRoutingChange(evidence, target)
  if (changed === undefined) return undefined
  const moment = Math.max(changed, lastReadinessChange(evidence, target))
  const own = (name: string | undefined): boolean => target.pods.some((pod) => pod.name === name)
  const logs = evidence.seen('access-log').map(({ of, value }) => ({ inbound: own(of?.name), lines: since(value.lines, moment).filter((entry) => isForHosts(entry, target.hosts)) }))
  const callers = logs.filter(({ inbound }) => !inbound).flatMap(({ lines }) => lines)
  const lines = (callers.length > 0 ? callers : logs.flatMap((log) => log.lines)).toSorted((a, b) => a.at.localeCompare(b.at))
  const [first] = lines
  const last = lines.at(-1)
  if (first === undefined || last === undefined) return undefined
  return { requests: lines.length, failed: lines.filter(failed).length, from: first.at, to: last.at }
}
