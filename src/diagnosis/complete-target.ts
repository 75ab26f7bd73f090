import { allRoutes } from '../checks/facts/routes.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { parseClusterName } from '../mesh/envoy.ts'
import { fromFqdn, nearestHosts } from '../mesh/host.ts'
import { isDnsName } from '../mesh/names.ts'
import type { VirtualService } from '../mesh/objects.ts'
import { refOf, selects } from '../mesh/objects.ts'
import { formatRef } from '../mesh/ref.ts'
import { registryOf } from '../checks/facts/registry.ts'
import { boundAs, destinationsOf, EVERY_HOST, hostsOf } from '../mesh/routing.ts'
import type { Target } from '../mesh/target.ts'
import { isAddress } from '../mesh/walk/address.ts'
import { everyHostAt } from './every-host.ts'

/** True for a VirtualService that plainly should lead to the target: its name and namespace, or a host that nobody registers and that is nearest to the target's. */
function isMeantFor({ hosts, name, namespace, services }: Target, one: VirtualService, evidence: Evidence): boolean {
  if (evidence.seen('services').length === 0 || services.length === 0) return false
  const registry = registryOf(evidence)
  const isNear = (host: string): boolean =>
    one.metadata.namespace === namespace || fromFqdn(host)?.namespace === namespace || host.split('.')[1] === namespace
  const unknown = destinationsOf(one).filter(({ host }) => registry.of(host).length === 0 && isNear(host))
  if (unknown.length === 0) return false
  if (one.metadata.name === name && one.metadata.namespace === namespace) return true
  return unknown.some(({ host }) => hosts.includes(nearestHosts(host, registry.hosts)[0] ?? ''))
}

/** The target with its pods and the hosts requests reach it by, once pods and VirtualServices were seen. */
export function completeTarget(target: Target, evidence: Evidence): Target {
  const services = evidence
    .objects('services')
    .filter((service) => target.services.some((ref) => formatRef(ref) === formatRef(refOf(service))))
  const workload =
    target.ref.kind === 'Deployment' ? evidence.object('deployments', target.namespace, target.name) : undefined
  const pods =
    target.pods.length > 0
      ? target.pods
      : evidence
          .objects('pods')
          .filter((pod) =>
            workload === undefined
              ? services.some(
                  (service) =>
                    service.metadata.namespace === pod.metadata.namespace &&
                    selects(service.spec?.selector, pod.metadata.labels),
                )
              : pod.metadata.namespace === target.namespace &&
                selects(workload.spec?.selector?.matchLabels, pod.metadata.labels),
          )
          .map(refOf)
  const all = allRoutes(evidence)
  const routed = all
    .filter(
      (one) => destinationsOf(one).some(({ host }) => target.hosts.includes(host)) || isMeantFor(target, one, evidence),
    )
    .flatMap((one) => boundAs(one, all))
  const hosts = routed.flatMap(hostsOf).filter((host) => host !== EVERY_HOST)
  const everywhere = everyHostAt(routed, evidence)
  return {
    ...target,
    pods,
    hosts: [...new Set([...target.hosts, ...hosts])],
    ...(everywhere.length > 0 && { everyHostAt: everywhere }),
  }
}

/** Requests with another host that went to one of the target's Services count from this many on: one may be a stray. */
const USUAL = 3

/**
 * The target with the hosts by which logs show it was reached: what led to it until a moment ago is meant to. A host that by itself means another
 * Service is none of them.
 */
export function withHostsSeen(target: Target, evidence: Evidence): Target {
  const own = new Set(target.hosts.filter((host) => fromFqdn(host) !== undefined))
  const counts = new Map<string, number>()
  for (const { value } of evidence.seen('access-log'))
    for (const { upstreamCluster = '', authority = '' } of value.lines) {
      const cluster = parseClusterName(upstreamCluster)
      if (cluster?.direction !== 'outbound' || !own.has(cluster.host)) continue
      const host = authority.replace(/:\d+$/, '').toLowerCase()
      counts.set(host, (counts.get(host) ?? 0) + 1)
    }
  const seen = [...counts]
    .filter(([host, count]) => count >= USUAL && isDnsName(host) && !isAddress(host) && host.includes('.'))
    .map(([host]) => host)
  return {
    ...target,
    hosts: [
      ...new Set([...target.hosts, ...seen.filter((host) => !target.hosts.some((one) => one.startsWith(`${host}.`)))]),
    ],
  }
}
