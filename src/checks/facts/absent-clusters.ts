import type { Evidence } from '../../evidence/evidence.ts'
import type { Seen } from '../../evidence/reading.ts'
import type { ClusterName, IstioMetadata, NetworkFilter } from '../../mesh/envoy.ts'
import { clustersOfRoute, originOf, parseClusterName, routesIn } from '../../mesh/envoy.ts'
import type { VirtualService } from '../../mesh/objects.ts'
import { refOf } from '../../mesh/objects.ts'
import type { Ref } from '../../mesh/ref.ts'
import { sameRef } from '../../mesh/ref.ts'
import { boundAs } from '../../mesh/routing.ts'
import type { Proof } from '../check.ts'
import { proof } from '../check.ts'

/** The clusters a TCP filter sends connections to. */
function clustersOfFilter({ typedConfig }: NetworkFilter): string[] {
  const { cluster, weightedClusters } = (typedConfig ?? {}) as {
    cluster?: unknown
    weightedClusters?: { clusters?: { name?: string }[] }
  }
  return [
    ...(typeof cluster === 'string' ? [cluster] : []),
    ...(weightedClusters?.clusters ?? []).flatMap(({ name }) => name ?? []),
  ]
}

/** The clusters that one proxy's routes and TCP filters made from a VirtualService lead to. */
function clustersNamed(virtualService: VirtualService, proxy: Ref, evidence: Evidence): string[] {
  const owners = boundAs(virtualService, evidence.objects('virtual-services')).map(refOf)
  const isOwn = ({ metadata }: { metadata?: IstioMetadata }): boolean => {
    const origin = originOf(metadata)
    return origin !== undefined && owners.some((owner) => sameRef(origin, owner))
  }
  const routes = routesIn(evidence.seenOf('routes', proxy)?.value)
  const chains = evidence.seenOf('listeners', proxy)?.value.flatMap(({ filterChains = [] }) => filterChains) ?? []
  return [
    ...new Set([
      ...routes.filter(isOwn).flatMap(clustersOfRoute),
      ...chains.filter(isOwn).flatMap(({ filters = [] }) => filters.flatMap(clustersOfFilter)),
    ]),
  ]
}

/** A proxy whose routes and clusters were both seen: the clusters its routes of the VirtualService lead to, and those it has. */
interface Led {
  clusters: Seen<'clusters'>
  proxy: string
  to: string[]
  has: string[]
}

function led(virtualService: VirtualService, evidence: Evidence, wanted: (cluster: ClusterName) => boolean): Led[] {
  return evidence.seen('clusters').flatMap((clusters) => {
    const { of, value } = clusters
    if (of === undefined) return []
    const to = clustersNamed(virtualService, of, evidence).filter((name) => {
      const parsed = parseClusterName(name)
      return parsed !== undefined && wanted(parsed)
    })
    return to.length === 0 ? [] : [{ clusters, proxy: of.name, to, has: value.flatMap(({ name }) => name ?? []) }]
  })
}

/** Proxies that have a VirtualService's route but not the cluster it leads to; a proof per proxy, with the clusters it has of that host. */
export function absentClusters(
  virtualService: VirtualService,
  evidence: Evidence,
  wanted: (cluster: ClusterName) => boolean,
): Proof[] {
  return led(virtualService, evidence, wanted).flatMap(({ clusters, proxy, to, has }) => {
    const absent = to.filter((name) => !has.includes(name))
    if (absent.length === 0) return []
    const hosts = new Set(absent.map((name) => parseClusterName(name)?.host))
    const others = has.filter((name) => hosts.has(parseClusterName(name)?.host))
    return [
      proof(
        clusters,
        `${proxy} routes to ${absent.join(', ')} and has no such cluster`,
        others.length === 0 ? undefined : `it has:\n${others.join('\n')}`,
      ),
    ]
  })
}

/** The contrary: proxies that have every cluster the route leads to, whatever the objects say. */
export function presentClusters(
  virtualService: VirtualService,
  evidence: Evidence,
  wanted: (cluster: ClusterName) => boolean,
): Proof[] {
  return led(virtualService, evidence, wanted)
    .filter(({ to, has }) => to.every((name) => has.includes(name)))
    .map(({ clusters, proxy, to }) =>
      proof(clusters, `contradicted: ${proxy} has the clusters it routes to, ${to.join(', ')}`),
    )
}
