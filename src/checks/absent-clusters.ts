import type { Evidence } from '../evidence/evidence.ts'
import type { ClusterName } from '../mesh/envoy.ts'
import { clustersOfRoute, originOf, parseClusterName } from '../mesh/envoy.ts'
import type { VirtualService } from '../mesh/objects.ts'
import { refOf } from '../mesh/objects.ts'
import { sameRef } from '../mesh/ref.ts'
import type { Proof } from './check.ts'
import { proof } from './check.ts'

/** The clusters a proxy's routes made from a VirtualService lead to, by the proxy's name for them. */
function clustersNamed(virtualService: VirtualService, routes: { virtualHosts?: { routes?: Parameters<typeof clustersOfRoute>[0][] }[] }[]): string[] {
  const subject = refOf(virtualService)
  return [...new Set(routes.flatMap(({ virtualHosts = [] }) => virtualHosts.flatMap((one) => (one.routes ?? []).filter((route) => {
    const origin = originOf(route.metadata)
    return origin !== undefined && sameRef(origin, subject)
  }).flatMap(clustersOfRoute))))]
}

/** Proxies that have a VirtualService's route but not the cluster it leads to; a proof per proxy, with the clusters it has of that host. */
export function absentClusters(virtualService: VirtualService, evidence: Evidence, wanted: (cluster: ClusterName) => boolean): Proof[] {
  return evidence.seen('routes').flatMap((routes) => {
    const clusters = routes.of === undefined ? undefined : evidence.seenOf('clusters', routes.of)
    if (clusters === undefined) return []
    const present = new Set(clusters.value.map(({ name }) => name))
    const absent = clustersNamed(virtualService, routes.value).filter((name) => { const parsed = parseClusterName(name); return parsed !== undefined && wanted(parsed) && !present.has(name) })
    if (absent.length === 0) return []
    const hosts = new Set(absent.map((name) => parseClusterName(name)?.host))
    const others = clusters.value.flatMap(({ name = '' }) => (hosts.has(parseClusterName(name)?.host) ? [name] : []))
    return [proof(clusters, `${routes.of?.name ?? 'a proxy'} routes to ${absent.join(', ')} and has no such cluster`, others.length === 0 ? undefined : `it has:\n${others.join('\n')}`)]
  })
}
