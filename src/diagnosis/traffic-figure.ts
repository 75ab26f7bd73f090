import { isForHosts } from '../checks/traffic-of.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { failed, since } from '../mesh/access-log.ts'
import { latestChange } from '../mesh/objects.ts'
import { concerns } from '../mesh/routing.ts'
import type { Target } from '../mesh/target.ts'
import { toFqdn } from '../mesh/host.ts'
import type { TrafficFigure } from './report.ts'

/** When the objects that route to the target last changed (milliseconds since the epoch): earlier traffic proves nothing about them. */
export function lastRoutingChange(evidence: Evidence, target: Target): number {
  return latestChange([
    ...evidence.objects('virtual-services').filter((one) => concerns(one, target.hosts)),
    ...evidence.objects('destination-rules').filter((one) => target.hosts.includes(toFqdn(one.spec?.host ?? '', one.metadata.namespace ?? ''))),
    ...evidence.objects('services').filter((one) => target.services.some(({ namespace, name }) => one.metadata.namespace === namespace && one.metadata.name === name)),
    ...evidence.objects('envoy-filters'),
  ])
}

/** Requests to the target since its routing last changed: from the gateways' logs when they have any, else from the target's own proxies. */
export function trafficFigure(evidence: Evidence, target: Target): TrafficFigure | undefined {
  const moment = lastRoutingChange(evidence, target)
  const own = (name: string | undefined): boolean => target.pods.some((pod) => pod.name === name)
  const logs = evidence.seen('access-log').map(({ of, value }) => ({ inbound: own(of?.name), lines: since(value.lines, moment).filter((entry) => isForHosts(entry, target.hosts)) }))
  const callers = logs.filter(({ inbound }) => !inbound).flatMap(({ lines }) => lines)
  const lines = (callers.length > 0 ? callers : logs.flatMap((log) => log.lines)).toSorted((a, b) => a.at.localeCompare(b.at))
  const [first] = lines
  const last = lines.at(-1)
  if (first === undefined || last === undefined) return undefined
  return { requests: lines.length, failed: lines.filter(failed).length, from: first.at, to: last.at }
}
