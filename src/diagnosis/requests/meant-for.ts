import { allRoutes, routesFor } from '../../checks/facts/routes.ts'
import { hostMeant } from '../../mesh/host.ts'
import { since } from '../../mesh/access-log.ts'
import { parseClusterName } from '../../mesh/envoy.ts'
import { type Request } from '../../checks/facts/requests-to.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import type { Target } from '../../mesh/target.ts'
import { hostsNamed, isRouted } from './named-hosts.ts'
import { isGatewayPod } from '../../checks/facts/gateway-pod.ts'

/** Requests at gateways for a host of the target and a path that a route to it asks for, which went to another Service all the same. */
export function requestsMeantFor(target: Target, moment: number, evidence: Evidence): Request[] {
  const named = hostsNamed(target, evidence)
  const all = allRoutes(evidence)
  const together = new Set(
    routesFor(evidence, target).flatMap((one) =>
      (one.spec?.http ?? [])
        .filter(({ route = [] }) =>
          route.some(({ destination }) => target.hosts.includes(hostMeant(destination.host, one))),
        )
        .flatMap(({ route = [] }) => route.map(({ destination }) => hostMeant(destination.host, one))),
    ),
  )
  if (all.length === 0) return []
  return evidence.seen('access-log').flatMap((log) => {
    const pod = log.of === undefined ? undefined : evidence.object('pods', log.of.namespace ?? '', log.of.name)
    if (pod === undefined || !isGatewayPod(pod, evidence)) return []
    return since(log.value.lines, moment)
      .filter(({ authority = '', upstreamCluster = '', path = '/' }) => {
        const host = authority.replace(/:\d+$/, '').toLowerCase()
        const cluster = parseClusterName(upstreamCluster)
        return (
          cluster?.direction === 'outbound' &&
          !together.has(cluster.host) &&
          !target.hosts.includes(cluster.host) &&
          named.has(host) &&
          isRouted({ path }, target, evidence)
        )
      })
      .map((entry): Request => ({ entry, log }))
  })
}
