import type { Evidence } from '../../evidence/evidence.ts'
import type { MeshRoute, RouteObject } from '../../mesh/conversion.ts'
import { namespacesAllowed } from '../../mesh/conversion.ts'
import type { Condition, Listener, ObjectReference } from '../../mesh/gateway-api.ts'
import { failedConditions, isIstios } from '../../mesh/gateway-api.ts'
import { hostsOverlap } from '../../mesh/host.ts'
import type { KubernetesObject } from '../../mesh/objects.ts'
import { refOf } from '../../mesh/objects.ts'
import { formatRef, sameRef } from '../../mesh/ref.ts'
import { newest, value, values } from './clause.ts'
import { gatewayObstacle } from './gateway-obstacle.ts'
import { conditionText, obstacle, said, type Obstacle } from './obstacle.ts'
import { conflictObstacle, hostOf, placeOf } from './route-parents.ts'
import { isOurs, routeObjects } from './routes.ts'
import { unconverted } from './unconverted.ts'

/** The route as a person wrote it, of one in the form of VirtualServices. */
export const writtenAs = (route: MeshRoute, evidence: Evidence): RouteObject | undefined =>
  routeObjects(evidence).find((one) => sameRef(refOf(one), refOf(route)))

/** What Istio's controllers say against a route at one of its parents; nothing that is older than the route. */
export function conditionsAt(route: RouteObject, parent: ObjectReference): Condition[] {
  const own = route.metadata.namespace
  return (route.status?.parents ?? [])
    .filter(
      ({ controllerName, parentRef }) =>
        isIstios(controllerName) &&
        parentRef?.name === parent.name &&
        (parentRef.namespace ?? own) === (parent.namespace ?? own) &&
        parentRef.sectionName === parent.sectionName &&
        parentRef.port === parent.port,
    )
    .flatMap(({ conditions = [] }) => failedConditions(conditions, route))
}

const spoken = ({ protocol = 'HTTP', tls }: Listener): readonly string[] =>
  protocol === 'HTTP' || protocol === 'HTTPS'
    ? ['HTTPRoute', 'GRPCRoute']
    : protocol === 'TLS'
      ? tls?.mode === 'Passthrough'
        ? ['TLSRoute']
        : ['TCPRoute', 'TLSRoute']
      : protocol === 'TCP'
        ? ['TCPRoute']
        : []

/** True when a listener takes routes of such a kind. */
const takesKind = (listener: Listener, kind: string): boolean =>
  (listener.allowedRoutes?.kinds ?? []).length > 0
    ? (listener.allowedRoutes?.kinds ?? []).some((one) => one.kind === kind)
    : spoken(listener).includes(kind)

/** Why a route is not attached to one of its parents for a host; undefined when it is. */
export function notAttached(
  route: RouteObject,
  parent: ObjectReference,
  host: string,
  evidence: Evidence,
): Obstacle | undefined {
  const own = route.metadata.namespace ?? ''
  const conditions = conditionsAt(route, parent)
  const because = said(route, conditions, evidence)
  const place = placeOf(parent, own, evidence)
  if ('why' in place)
    return obstacle(place.subject ?? route, place.why, place.remedy, place.subject === undefined ? because : [])
  const { gateway, set } = place
  if (!isOurs(gateway, evidence)) return undefined
  const holder = set ?? gateway
  const about = formatRef(refOf(holder))
  const either = (others: readonly KubernetesObject[] = []): KubernetesObject =>
    newest<KubernetesObject>([route, holder, ...others]) ?? route
  const all = (holder.spec?.listeners ?? []).map((listener) => ({
    listener,
    namespace: holder.metadata.namespace ?? '',
  }))
  const named = all.filter(
    ({ listener }) =>
      (parent.sectionName === undefined || listener.name === parent.sectionName) &&
      (parent.port === undefined || listener.port === parent.port),
  )
  if (named.length === 0)
    return obstacle(
      either(),
      `${formatRef(refOf(route))} is for ${parent.sectionName === undefined ? '' : `listener ${value(parent.sectionName)} `}${parent.port === undefined ? '' : `port ${value(parent.port)} `}of ${about}, which has ${all.length === 0 ? 'no listeners' : `only ${values(all.map(({ listener }) => `${listener.name}:${listener.port}`))}`}`,
      'Make the route name a listener that the Gateway has',
      because,
    )
  const open = named.filter(({ listener, namespace }) => {
    const allowed = namespacesAllowed(listener, namespace, evidence.objects('namespaces'))
    return allowed.includes('*') || allowed.includes(own)
  })
  if (open.length === 0) {
    const from = named[0]?.listener.allowedRoutes?.namespaces?.from ?? 'Same'
    const [namespaceObject] =
      from === 'Selector' ? evidence.objects('namespaces').filter(({ metadata }) => metadata.name === own) : []
    return {
      ...obstacle(
        from === 'Selector' ? either(namespaceObject === undefined ? [] : [namespaceObject]) : either(),
        `${value(named.map(({ listener }) => listener.name).join(', '))} of ${about} ${from === 'Selector' ? 'allows only routes from namespaces that its selector matches' : from === 'None' ? 'allows no routes' : `allows only routes from namespace ${value(holder.metadata.namespace ?? '')}`}, and ${formatRef(refOf(route))} is in namespace ${value(own)}`,
        `Allow namespace ${value(own)} in the listener's allowedRoutes`,
        because,
      ),
      ...(set === undefined && {
        closed: { gateway: refOf(gateway), listener: named[0]?.listener.name ?? '', by: 'namespace' as const },
      }),
    }
  }
  const fitting = open.filter(({ listener }) => takesKind(listener, route.kind))
  if (fitting.length === 0)
    return obstacle(
      either(),
      `${value(open.map(({ listener }) => `${listener.name} (${listener.protocol ?? 'HTTP'})`).join(', '))} of ${about} allows no ${route.kind}`,
      'Allow that kind of route on a listener',
      because,
    )
  const wanted = route.spec?.hostnames ?? []
  const taking = fitting.filter(({ listener }) => hostsOverlap(hostOf(listener), host))
  const meant = wanted.length === 0 ? taking : taking.filter(() => wanted.some((one) => hostsOverlap(one, host)))
  if (meant.length === 0)
    return {
      ...obstacle(
        either(),
        `the listeners of ${about} accept ${values(fitting.map(({ listener }) => hostOf(listener)))}, ${formatRef(refOf(route))} is for ${wanted.length === 0 ? 'the same' : values(wanted)}, and requests ask for ${value(host)}`,
        `Make a listener and the route match ${value(host)}`,
        because,
      ),
      ...(set === undefined && {
        closed: { gateway: refOf(gateway), listener: fitting[0]?.listener.name ?? '', by: 'hostname' as const },
      }),
    }
  const conflict = conflictObstacle(
    gateway,
    holder,
    meant.map(({ listener }) => listener.name),
    evidence,
  )
  if (conflict !== undefined) return conflict
  const unserved = gatewayObstacle(
    gateway,
    evidence,
    set === undefined ? meant.map(({ listener }) => listener.name) : [],
  )
  if (unserved !== undefined) return unserved
  const refused = conditions.filter(({ type }) => type === 'Accepted')
  const [first] = refused
  return first === undefined
    ? unconverted(route, evidence)
    : obstacle(route, `its controller says ${value(conditionText(first))}`, 'Correct what the condition names', because)
}

/** Why a route of the Gateway API has no effect at the gateways it names as parents; nothing when one of them takes it for the host. */
export function obstaclesOf(route: RouteObject, host: string, evidence: Evidence): Obstacle[] {
  const all = route.spec?.parentRefs ?? []
  if (all.length === 0)
    return [obstacle(route, 'it names no parent, so no gateway accepts it', 'Name the Gateway that it is for')]
  const parents = all.filter(({ kind = 'Gateway' }) => kind === 'Gateway' || kind === 'ListenerSet')
  const obstacles = parents.map((parent) => notAttached(route, parent, host, evidence))
  return obstacles.some((one) => one === undefined) ? [] : obstacles.flatMap((one) => one ?? [])
}
