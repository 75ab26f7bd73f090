import { proof, type Proof } from '../check.ts'
import { isOurs, routeObjects } from './routes.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import type { MeshRoute, RouteObject } from '../../mesh/conversion.ts'
import { listenersOf, namespacesAllowed } from '../../mesh/conversion.ts'
import type { Condition, GatewayObject, Listener, ObjectReference } from '../../mesh/gateway-api.ts'
import { failedConditions, isCurrent, isIstios, ROUTE_KINDS } from '../../mesh/gateway-api.ts'
import { hostsOverlap } from '../../mesh/host.ts'
import { nearestNames } from '../../mesh/names.ts'
import type { KubernetesObject } from '../../mesh/objects.ts'
import { refOf } from '../../mesh/objects.ts'
import type { Ref } from '../../mesh/ref.ts'
import { formatRef, sameRef } from '../../mesh/ref.ts'
import { newest, value, values } from './clause.ts'

/** An object of the Gateway API that keeps a route from having an effect, or is such a route, and why. */
export interface Obstacle {
  subject: Ref
  /** A clause; values from the cluster stand between backticks. */
  why: string
  /** One sentence without its full stop: what would correct it. */
  remedy: string
  because: Proof[]
  /** The listener that would take it if it let its namespace in, or had its hostname. */
  closed?: { gateway: Ref; listener: string; by: 'namespace' | 'hostname' }
}

/** The route as a person wrote it, of one in the form of VirtualServices. */
export const writtenAs = (route: MeshRoute, evidence: Evidence): RouteObject | undefined =>
  routeObjects(evidence).find((one) => sameRef(refOf(one), refOf(route)))

const text = ({ type, status, reason = '', message = '' }: Condition): string =>
  `${type}=${status} ${reason}: ${message}`

/** What a controller of Istio's says, as proof. */
function said(object: KubernetesObject, conditions: readonly Condition[], evidence: Evidence): Proof[] {
  const kind = object.kind === 'Gateway' ? 'gateway-api-gateways' : (ROUTE_KINDS[object.kind] ?? 'http-routes')
  const [reading] = evidence.seen(kind)
  return reading === undefined
    ? []
    : conditions.map((one) =>
        proof(
          reading,
          `Istio's controller says of ${formatRef(refOf(object))} that ${one.type} is ${one.status}`,
          text(one),
        ),
      )
}

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

const obstacle = (subject: KubernetesObject, why: string, remedy: string, because: Proof[] = []): Obstacle => ({
  subject: refOf(subject),
  why,
  remedy,
  because,
})

/** An address that is awaited keeps callers out, and no route from the proxies; a listener that is not valid none of the others. */
const isOfOthers = ({ reason, message = '' }: Condition): boolean =>
  reason === 'ListenersNotValid' || (message.includes('address pending') && !message.includes('not found'))

/**
 * Of a Gateway that does not do what it should, why: nobody serves its class, or what its controller says of it and its listeners, or of the
 * `listeners` that are asked about.
 */
export function gatewayObstacle(
  gateway: GatewayObject,
  evidence: Evidence,
  asked?: readonly string[],
): Obstacle | undefined {
  const { gatewayClassName = '' } = gateway.spec ?? {}
  const classes = evidence.objects('gateway-classes')
  const known = classes.find(({ metadata }) => metadata.name === gatewayClassName)
  if (known === undefined && evidence.seen('gateway-classes').length > 0)
    return obstacle(
      gateway,
      `its class ${value(gatewayClassName)} is no GatewayClass of this cluster, so that no controller serves it`,
      `Name a class that exists: ${values(classes.map(({ metadata }) => metadata.name))}`,
    )
  const { conditions = [], listeners = [] } = gateway.status ?? {}
  const failed = [
    ...failedConditions(conditions, gateway).filter((one) => !isOfOthers(one)),
    ...listeners
      .filter(({ name }) => asked === undefined || asked.includes(name))
      .flatMap((one) =>
        failedConditions(one.conditions ?? [], gateway).map((each) => ({
          ...each,
          message: `listener ${one.name}: ${each.message ?? ''}`,
        })),
      ),
  ]
  const [first] = failed
  if (first !== undefined)
    return obstacle(
      gateway,
      `its controller says ${value(text(first))}`,
      'Correct what the condition names',
      said(gateway, failed, evidence),
    )
  const isJudged = conditions.some((one) => isCurrent(one, gateway) && one.reason !== 'Pending')
  const [condition] = conditions
  if (isJudged || condition === undefined) return undefined
  const { observedGeneration: seen } = condition
  return obstacle(
    gateway,
    seen === undefined
      ? `no controller has judged it: its status says ${value(text(condition))}`
      : `no controller has judged it since it was changed: its status is of generation ${value(String(seen))}, and it is at ${value(String(gateway.metadata.generation ?? 0))}`,
    'Look at the controller of its class',
  )
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

const hostOf = ({ hostname }: Listener): string => (hostname === undefined || hostname === '' ? '*' : hostname)

/** Why a route is not attached to one of its parents for a host; undefined when it is. */
export function notAttached(
  route: RouteObject,
  parent: ObjectReference,
  host: string,
  evidence: Evidence,
): Obstacle | undefined {
  const own = route.metadata.namespace ?? ''
  const at = parent.namespace ?? own
  const conditions = conditionsAt(route, parent)
  const because = said(route, conditions, evidence)
  const gateways = evidence.objects('gateway-api-gateways')
  const gateway = gateways.find(({ metadata }) => metadata.namespace === at && metadata.name === parent.name)
  if (gateway === undefined) {
    const near = nearestNames(
      `${at}/${parent.name}`,
      gateways.map(({ metadata }) => `${metadata.namespace ?? ''}/${metadata.name}`),
    )
    return obstacle(
      route,
      `it names Gateway ${value(`${at}/${parent.name}`)} as its parent, which does not exist`,
      near.length === 0
        ? 'Create the Gateway, or name one that exists'
        : `Name a Gateway that exists; nearest: ${values(near)}`,
      because,
    )
  }
  if (!isOurs(gateway, evidence)) return undefined
  const about = formatRef(refOf(gateway))
  const either = (others: readonly KubernetesObject[] = []): KubernetesObject =>
    newest<KubernetesObject>([route, gateway, ...others]) ?? route
  const all = listenersOf(gateway, evidence.objects('listener-sets'))
  const named = all.filter(
    ({ listener }) =>
      (parent.sectionName === undefined || listener.name === parent.sectionName) &&
      (parent.port === undefined || listener.port === parent.port),
  )
  if (named.length === 0)
    return obstacle(
      either(),
      `${formatRef(refOf(route))} is for ${parent.sectionName === undefined ? '' : `listener ${value(parent.sectionName)} `}${parent.port === undefined ? '' : `port ${value(parent.port)} `}of ${about}, which has ${all.length === 0 ? 'no listeners' : `only ${values(all.map(({ listener }) => `${listener.name}:${listener.port}`))}`}`,
      'Let the route name a listener that the Gateway has',
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
        `${value(named.map(({ listener }) => listener.name).join(', '))} of ${about} lets in routes ${from === 'Selector' ? 'of namespaces that its selector takes' : from === 'None' ? 'of no namespace' : `of namespace ${value(at)}`} only, and ${formatRef(refOf(route))} is in namespace ${value(own)}`,
        `Let the listener's allowedRoutes take namespace ${value(own)}`,
        because,
      ),
      closed: { gateway: refOf(gateway), listener: named[0]?.listener.name ?? '', by: 'namespace' },
    }
  }
  const fitting = open.filter(({ listener }) => takesKind(listener, route.kind))
  if (fitting.length === 0)
    return obstacle(
      either(),
      `${value(open.map(({ listener }) => `${listener.name} (${listener.protocol ?? 'HTTP'})`).join(', '))} of ${about} takes no ${route.kind}`,
      'Let a listener take that kind of route',
      because,
    )
  const wanted = route.spec?.hostnames ?? []
  const taking = fitting.filter(({ listener }) => hostsOverlap(hostOf(listener), host))
  const meant = wanted.length === 0 ? taking : taking.filter(() => wanted.some((one) => hostsOverlap(one, host)))
  if (meant.length === 0)
    return {
      ...obstacle(
        either(),
        `the listeners of ${about} take ${values(fitting.map(({ listener }) => hostOf(listener)))}, ${formatRef(refOf(route))} is for ${wanted.length === 0 ? 'the same' : values(wanted)}, and requests ask for ${value(host)}`,
        `Let a listener and the route take ${value(host)}`,
        because,
      ),
      closed: { gateway: refOf(gateway), listener: fitting[0]?.listener.name ?? '', by: 'hostname' },
    }
  const unserved = gatewayObstacle(
    gateway,
    evidence,
    meant.map(({ listener }) => listener.name),
  )
  if (unserved !== undefined) return unserved
  const refused = conditions.filter(({ type }) => type === 'Accepted')
  const [first] = refused
  return first === undefined
    ? undefined
    : obstacle(route, `its controller says ${value(text(first))}`, 'Correct what the condition names', because)
}

/** Why a route of the Gateway API has no effect at the gateways it names as parents; nothing when one of them takes it for the host. */
export function obstaclesOf(route: RouteObject, host: string, evidence: Evidence): Obstacle[] {
  const all = route.spec?.parentRefs ?? []
  if (all.length === 0)
    return [obstacle(route, 'it names no parent, so that no gateway takes it', 'Name the Gateway that it is for')]
  const parents = all.filter(({ kind = 'Gateway' }) => kind === 'Gateway')
  const obstacles = parents.map((parent) => notAttached(route, parent, host, evidence))
  return obstacles.some((one) => one === undefined) ? [] : obstacles.flatMap((one) => one ?? [])
}
