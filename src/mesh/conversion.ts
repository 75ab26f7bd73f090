import type {
  AllowedRoutes,
  BackendTlsPolicy,
  GatewayObject,
  GrpcRouteObject,
  HttpRouteObject,
  Listener,
  ListenerSet,
  ObjectReference,
  StreamRouteObject,
  ValueMatch,
} from './gateway-api.ts'
import { addressedService } from './gateway-api.ts'
import { serviceHost } from './host.ts'
import type {
  DestinationRule,
  Gateway,
  GatewayServer,
  HttpMatch,
  HttpRoute,
  Labels,
  Namespace,
  Service,
  VirtualService,
} from './objects.ts'
import { defined } from './defined.ts'

/**
 * What says where requests for hosts go: a VirtualService, or in its form an HTTPRoute, GRPCRoute, TLSRoute or TCPRoute, as istiod converts
 * them. `kind` and metadata are the object's own, so that a reference to it names what a person wrote.
 */
export type MeshRoute = VirtualService

/** A route of the Gateway API. */
export type RouteObject = HttpRouteObject | GrpcRouteObject | StreamRouteObject

/** Group of the Gateway API. */
export const GATEWAY_API = 'gateway.networking.k8s.io'
/** Written into what is converted, whatever version was read. */
export const GATEWAY_API_VERSION = `${GATEWAY_API}/v1`

/** True for what was converted from an object of the Gateway API. */
export const isConverted = ({ apiVersion = '' }: { apiVersion?: string }): boolean => apiVersion.startsWith(GATEWAY_API)

/** How a Gateway of the Gateway API is named among gateways: an Istio Gateway may have the same name. */
export const convertedKey = (namespace: string, name: string): string => `${namespace}/${name}.${GATEWAY_API}`

/** True when a namespace has what an `allowedRoutes` selector asks for. */
function isSelected(selector: NonNullable<AllowedRoutes['namespaces']>['selector'], labels: Labels): boolean {
  const { matchLabels = {}, matchExpressions = [] } = selector ?? {}
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      const label = labels[key]
      if (operator === 'Exists') return label !== undefined
      if (operator === 'DoesNotExist') return label === undefined
      return (label !== undefined && values.includes(label)) === (operator === 'In')
    })
  )
}

/** The namespaces whose routes a listener lets in: `*` for all. */
export function namespacesAllowed(
  { allowedRoutes }: Listener,
  own: string,
  namespaces: readonly Namespace[],
): readonly string[] {
  const { from = 'Same', selector } = allowedRoutes?.namespaces ?? {}
  if (from === 'All') return ['*']
  if (from === 'None') return []
  if (from !== 'Selector') return [own]
  return namespaces
    .filter(({ metadata }) =>
      isSelected(selector, { 'kubernetes.io/metadata.name': metadata.name, ...metadata.labels }),
    )
    .map(({ metadata }) => metadata.name)
}

/** What a Gateway is converted with: what stands around it. */
export interface Surroundings {
  listenerSets: readonly ListenerSet[]
  namespaces: readonly Namespace[]
  service(namespace: string, name: string): Service | undefined
  clusterDomain: string
}

/** The listeners of a Gateway with those that ListenerSets add, and the namespace that each was written in. */
export function listenersOf(
  { metadata, spec }: GatewayObject,
  listenerSets: readonly ListenerSet[],
): { listener: Listener; namespace: string }[] {
  const { namespace = '' } = metadata
  return [
    ...(spec?.listeners ?? []).map((listener) => ({ listener, namespace })),
    ...listenerSets
      .filter(
        (set) =>
          set.spec?.parentRef?.name === metadata.name &&
          (set.spec.parentRef.namespace ?? set.metadata.namespace) === namespace,
      )
      .flatMap((set) =>
        (set.spec?.listeners ?? []).map((listener) => ({ listener, namespace: set.metadata.namespace ?? '' })),
      ),
  ]
}

function serverOf(listener: Listener, namespace: string, { namespaces }: Surroundings): GatewayServer {
  const { name, port, protocol = 'HTTP', hostname, tls } = listener
  const host = hostname === undefined || hostname === '' ? '*' : hostname
  const [certificate] = tls?.certificateRefs ?? []
  const allowed = namespacesAllowed(listener, namespace, namespaces)
  return {
    port: { number: port, name, protocol },
    // A listener that lets nobody in takes the host all the same.
    hosts: (allowed.length === 0 ? ['~'] : allowed).map((one) => `${one}/${host}`),
    ...(tls !== undefined && {
      tls: {
        mode: tls.mode === 'Passthrough' ? 'PASSTHROUGH' : 'SIMPLE',
        ...(certificate !== undefined && {
          credentialName: `${certificate.namespace ?? namespace}/${certificate.name}`,
        }),
      },
    }),
  }
}

/** A Gateway of the Gateway API as an Istio Gateway: its listeners as servers, and the labels of the pods that serve it. */
export function gatewayFrom(gateway: GatewayObject, around: Surroundings): Gateway {
  const { name, namespace = '' } = gateway.metadata
  const manual = addressedService(gateway)
  const service = manual === undefined ? undefined : around.service(manual.namespace, manual.name)
  const selector = manual === undefined ? { [`${GATEWAY_API}/gateway-name`]: name } : service?.spec?.selector
  return {
    apiVersion: GATEWAY_API_VERSION,
    kind: 'Gateway',
    metadata: gateway.metadata,
    podsIn: manual?.namespace ?? namespace,
    spec: {
      ...defined({ selector }),
      servers: listenersOf(gateway, around.listenerSets).map(({ listener, namespace: own }) =>
        serverOf(listener, own, around),
      ),
    },
  }
}

const stringMatch = ({ type, value }: { type?: string; value: string }): { exact: string } | { regex: string } =>
  type === 'RegularExpression' ? { regex: value } : { exact: value }

const byName = (matches: readonly ValueMatch[] | undefined): HttpMatch['headers'] =>
  matches === undefined
    ? undefined
    : Object.fromEntries(matches.map((one) => [one.name.toLowerCase(), stringMatch(one)]))

function pathMatch({ type = 'PathPrefix', value = '/' }: { type?: string; value?: string }): HttpMatch['uri'] {
  if (type === 'Exact') return { exact: value }
  return type === 'RegularExpression' ? { regex: value } : { prefix: value }
}

function grpcPath({ service, method, type }: { type?: string; service?: string; method?: string }): HttpMatch['uri'] {
  if (type === 'RegularExpression') return { regex: `/${service ?? '[^/]+'}/${method ?? '[^/]+'}` }
  if (service === undefined) return undefined
  return method === undefined ? { prefix: `/${service}/` } : { exact: `/${service}/${method}` }
}

type Rule = NonNullable<NonNullable<HttpRouteObject['spec']>['rules']>[number]
type GrpcRule = NonNullable<NonNullable<GrpcRouteObject['spec']>['rules']>[number]

const matchesOf = (rule: Rule | GrpcRule, isGrpc: boolean): HttpMatch[] =>
  (rule.matches ?? []).map((one) => {
    if (isGrpc) {
      const { method, headers } = one as NonNullable<GrpcRule['matches']>[number]
      return defined({ uri: method === undefined ? undefined : grpcPath(method), headers: byName(headers) })
    }
    const { path, method, headers, queryParams } = one as NonNullable<Rule['matches']>[number]
    return defined({
      uri: path === undefined ? undefined : pathMatch(path),
      method: method === undefined ? undefined : { exact: method },
      headers: byName(headers),
      queryParams: byName(queryParams),
    })
  })

/** True for what a reference to a backend means unless it says otherwise. */
export const isService = ({ kind = 'Service', group = '' }: ObjectReference): boolean =>
  kind === 'Service' && (group === '' || group === 'core')

/** The host that a backend means: of its Service or, where Istio's own kind `Hostname` is used, itself. */
export function hostOfBackend(ref: ObjectReference, namespace: string, domain: string): string | undefined {
  if (isService(ref)) return serviceHost(ref.name, ref.namespace ?? namespace, domain)
  return ref.kind === 'Hostname' && ref.group === 'networking.istio.io' ? ref.name : undefined
}

function destinationsFrom(
  refs: readonly ObjectReference[],
  namespace: string,
  domain: string,
): NonNullable<HttpRoute['route']> {
  return refs.flatMap((ref) => {
    const host = hostOfBackend(ref, namespace, domain)
    return host === undefined
      ? []
      : [
          {
            destination: { host, ...(ref.port !== undefined && { port: { number: ref.port } }) },
            weight: ref.weight ?? 1,
          },
        ]
  })
}

/** How proxies name the route of a rule: as the rule names itself or, counted from 0, `NAMESPACE.NAME.RULE`. */
export const ruleName = ({ metadata: { namespace = '', name }, spec }: RouteObject, index: number): string =>
  spec?.rules?.[index]?.name ?? `${namespace}.${name}.${index}`

function httpFrom(rule: Rule | GrpcRule, index: number, route: RouteObject, domain: string): HttpRoute {
  const { namespace = '' } = route.metadata
  const { timeouts, retry } = rule as Rule
  const filter = (type: string): unknown => (rule.filters ?? []).find((one) => one.type === type)
  const redirect = filter('RequestRedirect')
  const destinations = destinationsFrom(rule.backendRefs ?? [], namespace, domain)
  return {
    name: ruleName(route, index),
    match: matchesOf(rule, route.kind === 'GRPCRoute'),
    ...(destinations.length > 0 && { route: destinations }),
    ...defined({ redirect, timeout: timeouts?.request, retries: retry }),
    ...(destinations.length === 0 && redirect === undefined && { directResponse: { status: 500 } }),
  }
}

/** The Gateway that a parent names or, of a ListenerSet, adds listeners to. */
function gatewayKeyOf(ref: ObjectReference, own: string, listenerSets: readonly ListenerSet[]): string {
  const at = ref.namespace ?? own
  const { parentRef } =
    (isGateway(ref)
      ? undefined
      : listenerSets.find(({ metadata }) => metadata.namespace === at && metadata.name === ref.name)?.spec) ?? {}
  return parentRef === undefined ? convertedKey(at, ref.name) : convertedKey(parentRef.namespace ?? at, parentRef.name)
}

const isGateway = ({ kind = 'Gateway' }: ObjectReference): boolean => kind === 'Gateway'

/**
 * A route of the Gateway API in the form of VirtualServices: one for the Gateways it names as parents, and one for each Service, for which it routes inside the
 * mesh. Whether a parent lets it in is not asked.
 */
export function routesFrom(
  route: RouteObject,
  parents: readonly Gateway[],
  domain: string,
  listenerSets: readonly ListenerSet[] = [],
): MeshRoute[] {
  const { namespace = '' } = route.metadata
  const refs = route.spec?.parentRefs ?? []
  const rules = route.spec?.rules ?? []
  const isHttp = route.kind === 'HTTPRoute' || route.kind === 'GRPCRoute'
  const keys = refs
    .filter((ref) => isGateway(ref) || ref.kind === 'ListenerSet')
    .map((ref) => gatewayKeyOf(ref, namespace, listenerSets))
  // Without a parent it is bound to nothing, and still says what it is for.
  if (refs.length === 0) keys.push(convertedKey(namespace, ''))
  const named = route.spec?.hostnames ?? []
  const inherited = (): string[] =>
    parents
      .filter(({ metadata }) => keys.includes(convertedKey(metadata.namespace ?? '', metadata.name)))
      .flatMap(({ spec }) =>
        (spec?.servers ?? []).flatMap(({ hosts = [] }) => hosts.map((host) => host.replace(/^[^/]*\//, ''))),
      )
  const inForm = (hosts: readonly string[], gateways: string[], more: { exportTo?: string[] } = {}): MeshRoute => ({
    apiVersion: GATEWAY_API_VERSION,
    kind: route.kind,
    metadata: route.metadata,
    spec: {
      hosts: [...hosts],
      gateways,
      ...more,
      ...(isHttp
        ? { http: rules.map((rule, index) => httpFrom(rule, index, route, domain)) }
        : {
            [route.kind === 'TLSRoute' ? 'tls' : 'tcp']: rules.map(({ backendRefs = [] }) => ({
              ...(route.kind === 'TLSRoute' && { match: [{ sniHosts: [...hosts] }] }),
              route: destinationsFrom(backendRefs, namespace, domain),
            })),
          }),
    },
  })
  const inside = refs.filter(({ kind }) => kind === 'Service' || kind === 'ServiceEntry')
  return [
    ...(keys.length === 0 ? [] : [inForm(named.length > 0 ? named : [...new Set(inherited())], keys)]),
    ...inside.map((ref) => {
      const at = ref.namespace ?? namespace
      // A route beside its Service is for every caller, one elsewhere for the callers of its own namespace.
      return inForm(
        ref.kind === 'Service' ? [serviceHost(ref.name, at, domain)] : [],
        ['mesh'],
        at === namespace ? {} : { exportTo: ['.'] },
      )
    }),
  ]
}

/** A BackendTLSPolicy in the form of DestinationRules: callers speak TLS to the Services that it names. */
export const rulesFrom = ({ kind, metadata, spec }: BackendTlsPolicy, domain: string): DestinationRule[] =>
  (spec?.targetRefs ?? []).filter(isService).map(({ name }) => ({
    apiVersion: GATEWAY_API_VERSION,
    kind,
    metadata,
    spec: { host: serviceHost(name, metadata.namespace ?? '', domain), trafficPolicy: { tls: { mode: 'SIMPLE' } } },
  }))
