import type { Evidence } from '../../evidence/evidence.ts'
import type { ObjectKind } from '../../evidence/reading.ts'
import type { MeshRoute, RouteObject, Surroundings } from '../../mesh/conversion.ts'
import { gatewayFrom, routesFrom, rulesFrom } from '../../mesh/conversion.ts'
import type { GatewayObject } from '../../mesh/gateway-api.ts'
import type { DestinationRule, Gateway } from '../../mesh/objects.ts'
import { concernsTarget, destinationsOf, gatewaysOf, isForAllHosts } from '../../mesh/routing.ts'
import type { Target } from '../../mesh/target.ts'
import { fact, ofKinds, once } from './fact.ts'

/** Controllers of Istio's that serve Gateways for requests from outside. */
const OURS = /^istio\.io\/(gateway-controller|unmanaged-gateway)$/

/** True for a Gateway that is Istio's to serve: its class is, or is one that nobody has. */
export function isOurs({ spec }: GatewayObject, evidence: Evidence): boolean {
  const name = spec?.gatewayClassName ?? ''
  const known = evidence.objects('gateway-classes').find(({ metadata }) => metadata.name === name)
  if ((spec?.listeners ?? []).some(({ protocol }) => protocol === 'HBONE')) return false
  return known === undefined || OURS.test(known.spec?.controllerName ?? '')
}

const surroundings = (evidence: Evidence): Surroundings => ({
  listenerSets: evidence.objects('listener-sets'),
  namespaces: evidence.objects('namespaces'),
  service: (namespace, name) => evidence.object('services', namespace, name),
  clusterDomain: evidence.clusterDomain,
})

/** Istio's Gateways, and in their form those of the Gateway API that are Istio's to serve. */
export const allGateways = once((evidence: Evidence): readonly Gateway[] => [
  ...evidence.objects('gateways'),
  ...evidence
    .objects('gateway-api-gateways')
    .filter((gateway) => isOurs(gateway, evidence))
    .map((gateway) => gatewayFrom(gateway, surroundings(evidence))),
])

const ofKind = <T extends { kind?: string }>(one: T, kind: string): T => (one.kind === kind ? one : { ...one, kind })

/** The routes of the Gateway API, of all kinds. */
export const routeObjects = once((evidence: Evidence): readonly RouteObject[] => [
  ...evidence.objects('http-routes').map((one) => ofKind(one, 'HTTPRoute')),
  ...evidence.objects('grpc-routes').map((one) => ofKind(one, 'GRPCRoute')),
  ...evidence.objects('tls-routes').map((one) => ofKind(one, 'TLSRoute')),
  ...evidence.objects('tcp-routes').map((one) => ofKind(one, 'TCPRoute')),
])

/** Gateways that another controller serves: a route that names only such is none of ours. */
const foreign = once(
  (evidence: Evidence): ReadonlySet<string> =>
    new Set(
      evidence
        .objects('gateway-api-gateways')
        .filter((gateway) => !isOurs(gateway, evidence))
        .map(({ metadata }) => `${metadata.namespace ?? ''}/${metadata.name}`),
    ),
)

/** True for a route that names nothing but Gateways of other controllers as parents. */
function isForeign({ metadata, spec }: RouteObject, evidence: Evidence): boolean {
  const refs = spec?.parentRefs ?? []
  return (
    refs.length > 0 &&
    refs.every(
      ({ kind = 'Gateway', namespace = metadata.namespace ?? '', name }) =>
        kind === 'Gateway' && foreign(evidence).has(`${namespace}/${name}`),
    )
  )
}

/** What was converted before, of an object that names its hosts and Gateways itself: the same objects are looked at again and again while evidence grows. */
const kept = new WeakMap<RouteObject, { domain: string; routes: readonly MeshRoute[] }>()

function converted(route: RouteObject, evidence: Evidence): readonly MeshRoute[] {
  const { clusterDomain: domain } = evidence
  const known = kept.get(route)
  if (known?.domain === domain) return known.routes
  const routes = routesFrom(route, allGateways(evidence), domain, evidence.objects('listener-sets'))
  const isWhole =
    (route.spec?.hostnames ?? []).length > 0 && !route.spec?.parentRefs?.some(({ kind }) => kind === 'ListenerSet')
  if (isWhole) kept.set(route, { domain, routes })
  return routes
}

/** What routes are made from. */
const ROUTING: readonly ObjectKind[] = [
  'virtual-services',
  'http-routes',
  'grpc-routes',
  'tls-routes',
  'tcp-routes',
  'gateways',
  'gateway-api-gateways',
  'gateway-classes',
  'listener-sets',
  'namespaces',
  'services',
]

/** Every VirtualService, and every route of the Gateway API in its form. */
export const allRoutes = ofKinds(ROUTING, (evidence): readonly MeshRoute[] => [
  ...evidence.objects('virtual-services'),
  ...routeObjects(evidence)
    .filter((route) => !isForeign(route, evidence))
    .flatMap((route) => converted(route, evidence)),
])

/** The routes, whatever kind of object makes them, that lead to the target or take requests for one of its hosts. */
export const routesFor = fact((evidence, target): readonly MeshRoute[] => {
  const routes = concerning(allRoutes(evidence))(
    JSON.stringify([target.hosts, target.everyHostAt?.map(({ gateway }) => gateway)]),
    target,
  )
  const leads = (one: MeshRoute): boolean =>
    gatewaysOf(one).some((name) => name !== 'mesh') &&
    destinationsOf(one).some(({ host }) => target.hosts.includes(host))
  if (routes.some(leads)) return routes
  // One for all hosts may be meant to lead to it.
  const beside = new Set([target.namespace, ...target.services.map(({ namespace }) => namespace)])
  return [
    ...routes,
    ...allRoutes(evidence).filter(
      (one) => isForAllHosts(one) && beside.has(one.metadata.namespace) && !routes.includes(one),
    ),
  ]
})

/** Those of all routes that concern a target. */
const concerning = once((routes: readonly MeshRoute[]) => {
  const known = new Map<string, readonly MeshRoute[]>()
  return (key: string, target: Target): readonly MeshRoute[] => {
    const found = known.get(key) ?? routes.filter((one) => concernsTarget(one, target))
    known.set(key, found)
    return found
  }
})

/** DestinationRules, and BackendTLSPolicies in their form. */
export const allRules = once((evidence: Evidence): readonly DestinationRule[] => [
  ...evidence.objects('destination-rules'),
  ...evidence.objects('backend-tls-policies').flatMap((policy) => rulesFrom(policy, evidence.clusterDomain)),
])
