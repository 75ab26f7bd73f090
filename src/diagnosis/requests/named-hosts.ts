import { withoutQuery } from '../../mesh/walk/path.ts'
import { fact } from '../../checks/facts/fact.ts'
import { allGateways, allRoutes, routesFor } from '../../checks/facts/routes.ts'
import { fromFqdn, gatewayHost, hostMeant, hostOfService } from '../../mesh/host.ts'
import type { MeshRoute } from '../../mesh/conversion.ts'
import type { HttpRoute } from '../../mesh/objects.ts'
import { boundAs, hostsOf } from '../../mesh/routing.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import type { Target } from '../../mesh/target.ts'
import type { FollowQuestion } from '../follow/question.ts'

/** Hosts that objects name for the target: exactly, by a route that leads to it or a Gateway's server. */
export function hostsNamed(target: Target, evidence: Evidence): ReadonlySet<string> {
  const gateways = allGateways(evidence).flatMap(({ spec }) =>
    (spec?.servers ?? []).flatMap(({ hosts = [] }) => hosts.map((entry) => gatewayHost(entry).host)),
  )
  return new Set([
    ...routesFor(evidence, target)
      .flatMap((one) => boundAs(one, allRoutes(evidence)))
      .flatMap(hostsOf),
    ...gateways.filter((host) => target.hosts.includes(host)),
    ...target.hosts.filter((host) => fromFqdn(host) !== undefined),
    ...(target.ref.kind === 'Service' ? [] : target.hosts),
  ])
}

/**
 * The paths that routes to the target ask for: whole ones and beginnings alike. Those that lead to other Services which exist are their own, though they stand under one host.
 * Derived once, since every line of a gateway's log is held against them.
 */
const routedPaths = fact((evidence, target): readonly string[] => {
  const services = new Set(evidence.objects('services').map(hostOfService))
  const isOthers = ({ route = [] }: HttpRoute, one: MeshRoute): boolean =>
    route.length > 0 &&
    route.every(({ destination }) => {
      const host = hostMeant(destination.host, one)
      return services.has(host) && !target.hosts.includes(host)
    })
  return routesFor(evidence, target)
    .flatMap((one) => [one, ...boundAs(one, allRoutes(evidence))])
    .flatMap((one) =>
      (one.spec?.http ?? [])
        .filter((rule) => !isOthers(rule, one))
        .flatMap(({ match = [] }) => match.flatMap(({ uri }) => uri?.exact ?? uri?.prefix ?? [])),
    )
    .filter((prefix) => prefix !== '/')
})

/** True when a route that leads to the target asks for such a path. */
export function isRouted({ path }: Pick<FollowQuestion, 'path'>, target: Target, evidence: Evidence): boolean {
  const plain = withoutQuery(path)
  return routedPaths(evidence, target).some((prefix) => plain.startsWith(prefix))
}
