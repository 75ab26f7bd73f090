import type { Evidence } from '../../evidence/evidence.ts'
import type { MeshRoute } from '../../mesh/conversion.ts'
import { isConverted } from '../../mesh/conversion.ts'
import { destinationsOf, hostsOf } from '../../mesh/routing.ts'
import { once } from './fact.ts'
import { allRoutes } from './routes.ts'

/** What istiod sends connections to when a backend is none that it may use. */
const NOWHERE: ReadonlySet<string> = new Set(['UnknownService', 'BlackHoleCluster'])

const streamRoutes = once((evidence: Evidence): readonly MeshRoute[] =>
  allRoutes(evidence).filter((one) => isConverted(one) && (one.kind === 'TLSRoute' || one.kind === 'TCPRoute')),
)

/**
 * The TLSRoutes and TCPRoutes that a filter chain was made from. istiod names no object there; the server names that the chain takes and the clusters that it sends
 * to tell.
 */
export function streamRoutesOf(
  serverNames: readonly string[],
  clusters: readonly string[],
  evidence: Evidence,
): readonly MeshRoute[] {
  return streamRoutes(evidence).filter(
    (one) =>
      (serverNames.length === 0 ? one.kind === 'TCPRoute' : hostsOf(one).some((host) => serverNames.includes(host))) &&
      (clusters.some((name) => NOWHERE.has(name)) ||
        destinationsOf(one).some(({ host, port }) => clusters.includes(`outbound|${port ?? ''}||${host}`))),
  )
}
