import type { Evidence } from '../../evidence/evidence.ts'
import { ruleName, type RouteObject } from '../../mesh/conversion.ts'
import type { Route } from '../../mesh/envoy.ts'
import { isGeneratedName, originOfRoute } from '../../mesh/envoy.ts'
import { once } from './fact.ts'
import { routeObjects } from './routes.ts'

interface Maker {
  kind: string
  namespace: string
  name: string
}

/** HTTPRoutes and GRPCRoutes by the names of their rules, of those that have one: nothing else is in the proxies' name of such a route. */
const byRuleName = once((evidence: Evidence): ReadonlyMap<string, readonly RouteObject[]> => {
  const known = new Map<string, RouteObject[]>()
  for (const route of routeObjects(evidence))
    for (const { name } of route.spec?.rules ?? []) {
      if (name === undefined) continue
      const same = known.get(name)
      if (same === undefined) known.set(name, [route])
      else same.push(route)
    }
  return known
})

/**
 * The object whose rule has the name, of several the one that the generated object is for: `NAMESPACE~GATEWAY~…~LISTENER~HOST`, one that names the host before
 * one for every host; and inside the mesh one of its namespace.
 */
function byItsRule({ name = '', metadata: about }: Route, evidence: Evidence): Maker | undefined {
  const config = about?.filterMetadata?.istio?.config ?? ''
  if (!isGeneratedName(config)) return undefined
  const all = byRuleName(evidence).get(name) ?? []
  const [, at, made = ''] = /\/namespaces\/([^/]+)\/[^/]+\/([^/]+)$/.exec(config) ?? []
  const [gatewayAt, gateway, , , host = ''] = made.split('~')
  const isFor = ({ metadata, spec }: RouteObject): boolean =>
    (spec?.parentRefs ?? []).some((ref) => (ref.namespace ?? metadata.namespace) === gatewayAt && ref.name === gateway)
  const bound = all.filter(isFor)
  const route =
    bound.find(({ spec }) => spec?.hostnames?.includes(host)) ??
    bound.find(({ spec }) => (spec?.hostnames ?? []).length === 0) ??
    bound[0] ??
    all.find(({ metadata }) => metadata.namespace === at) ??
    all[0]
  return route === undefined
    ? undefined
    : { kind: route.kind, namespace: route.metadata.namespace ?? '', name: route.metadata.name }
}

/** The object that a proxy's route was made from. istiod names an HTTPRoute and a GRPCRoute alike: which of them there is tells. */
export function madeFrom(route: Route, evidence: Evidence): Maker | undefined {
  const maker = byItsRule(route, evidence)
  if (maker !== undefined) return maker
  const origin = originOfRoute(route)
  if (origin?.kind !== 'HTTPRoute') return origin
  const { namespace, name } = origin
  return evidence.object('http-routes', namespace, name) === undefined &&
    evidence.object('grpc-routes', namespace, name) !== undefined
    ? { kind: 'GRPCRoute', namespace, name }
    : origin
}

/** The position of the rule that a proxy's route of that name was made from; undefined when none of the object's is named so. */
export function ruleMade(name: string | undefined, route: RouteObject): number | undefined {
  const at = (route.spec?.rules ?? []).findIndex((_, index) => ruleName(route, index) === name)
  return at === -1 ? undefined : at
}
