import { writtenAs } from '../checks/facts/attachment.ts'
import { allGateways } from '../checks/facts/routes.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { isConverted, type MeshRoute } from '../mesh/conversion.ts'
import type { Gateway, GatewayServer } from '../mesh/objects.ts'
import { carries, EVERY_HOST, gatewayKey, gatewaysOf, hostsOf, protocolsOf } from '../mesh/routing.ts'
import type { Target } from '../mesh/target.ts'

type Place = NonNullable<Target['everyHostAt']>[number]

/** True for a server that the route is meant for: of those that a parent names, or that take some of the ports that it matches. */
function isMeant(route: MeshRoute, gateway: Gateway, { port }: GatewayServer, evidence: Evidence): boolean {
  if (!isConverted(route)) {
    const ports = (route.spec?.tcp ?? []).flatMap(({ match = [] }) => match.flatMap((one) => one.port ?? []))
    return ports.length === 0 || port?.number === undefined || ports.includes(port.number)
  }
  const { name, namespace } = gateway.metadata
  const parents = (writtenAs(route, evidence)?.spec?.parentRefs ?? []).filter(
    (one) =>
      (one.kind ?? 'Gateway') === 'Gateway' &&
      one.name === name &&
      (one.namespace ?? route.metadata.namespace) === namespace,
  )
  return (
    parents.length === 0 ||
    parents.some(
      (one) =>
        (one.sectionName === undefined || one.sectionName === port?.name) &&
        (one.port === undefined || one.port === port?.number),
    )
  )
}

/** Where routes take requests for every host, or connections that name none. */
export function everyHostAt(routes: readonly MeshRoute[], evidence: Evidence): Place[] {
  return routes
    .filter((one) => hostsOf(one).includes(EVERY_HOST))
    .flatMap((route) => {
      const keys = gatewaysOf(route)
      return allGateways(evidence)
        .filter((gateway) => keys.includes(gatewayKey(gateway)))
        .flatMap((gateway) =>
          protocolsOf(route).flatMap((protocol): Place[] => {
            // What passes through with TLS names its host, and a route for it may not be for every one.
            if (protocol === 'tls') return []
            const ports = (gateway.spec?.servers ?? [])
              .filter((server) => carries(server, protocol) && isMeant(route, gateway, server, evidence))
              .flatMap(({ port }) => port?.number ?? [])
            return [{ gateway: gatewayKey(gateway), ports, protocol }]
          }),
        )
    })
}
