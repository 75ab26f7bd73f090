/** Parts of Envoy's configuration (protojson as `istioctl proxy-config -o json` prints it) that a diagnosis reads. */

/** Istio's own note on a piece of Envoy configuration: which object it came from. */
export interface IstioMetadata {
  filterMetadata?: {
    istio?: {
      config?: string
      services?: { host?: string; name?: string; namespace?: string }[]
      subset?: string
    } & Record<string, unknown>
  }
}
export interface SocketAddress {
  socketAddress?: { address?: string; portValue?: number }
  pipe?: { path?: string }
  envoyInternalAddress?: { serverListenerName?: string }
}
/** A message with its type beside it; `walk/packed.ts` has those that are read. */
export type Packed = Record<string, unknown> & { '@type'?: string }
export interface NetworkFilter {
  name?: string
  typedConfig?: Packed
}
export interface AddressRange {
  addressPrefix?: string
  prefixLen?: number
}
export interface FilterChainMatch {
  destinationPort?: number
  prefixRanges?: AddressRange[]
  serverNames?: string[]
  transportProtocol?: string
  applicationProtocols?: string[]
  directSourcePrefixRanges?: AddressRange[]
  sourceType?: string
  sourcePrefixRanges?: AddressRange[]
  sourcePorts?: number[]
}
export interface HttpFilter extends NetworkFilter {
  disabled?: boolean
}
/** For which connections a listener filter is left out. */
export interface ListenerFilterPredicate {
  destinationPortRange?: { start?: number; end?: number }
  anyMatch?: boolean
  notMatch?: ListenerFilterPredicate
  orMatch?: { rules?: ListenerFilterPredicate[] }
  andMatch?: { rules?: ListenerFilterPredicate[] }
}
export interface ListenerFilter extends NetworkFilter {
  filterDisabled?: ListenerFilterPredicate
}
export interface FilterChain {
  name?: string
  filterChainMatch?: FilterChainMatch
  filters?: NetworkFilter[]
  transportSocket?: NetworkFilter
  metadata?: IstioMetadata
}
export interface Listener {
  name?: string
  address?: SocketAddress
  additionalAddresses?: { address?: SocketAddress }[]
  filterChains?: FilterChain[]
  defaultFilterChain?: FilterChain
  useOriginalDst?: boolean
  bindToPort?: boolean
  trafficDirection?: 'INBOUND' | 'OUTBOUND' | 'UNSPECIFIED'
  listenerFilters?: ListenerFilter[]
  /** Chooses filter chains by a tree instead of their own matches, as waypoints do. */
  filterChainMatcher?: unknown
  metadata?: IstioMetadata
}
export interface StringMatcher {
  exact?: string
  prefix?: string
  suffix?: string
  contains?: string
  safeRegex?: { regex?: string }
  ignoreCase?: boolean
}
export interface HeaderMatcher {
  name?: string
  stringMatch?: StringMatcher
  presentMatch?: boolean
  /** 64-bit integers, which protojson writes as text; the end is not part of the range. */
  rangeMatch?: { start?: string | number; end?: string | number }
  invertMatch?: boolean
  treatMissingHeaderAsEmpty?: boolean
  /** The older forms of stringMatch, as proxies before 1.2x print them. */
  exactMatch?: string
  prefixMatch?: string
  suffixMatch?: string
  containsMatch?: string
  safeRegexMatch?: { regex?: string }
}
export interface QueryParameterMatcher {
  name?: string
  stringMatch?: StringMatcher
  presentMatch?: boolean
}
export interface FractionalPercent {
  numerator?: number
  denominator?: 'HUNDRED' | 'TEN_THOUSAND' | 'MILLION'
}
export interface RouteMatch {
  prefix?: string
  path?: string
  pathSeparatedPrefix?: string
  safeRegex?: { regex?: string }
  caseSensitive?: boolean
  headers?: HeaderMatcher[]
  queryParameters?: QueryParameterMatcher[]
  runtimeFraction?: { defaultValue?: FractionalPercent; runtimeKey?: string }
  connectMatcher?: unknown
  pathMatchPolicy?: unknown
  grpc?: unknown
  dynamicMetadata?: unknown[]
  filterState?: unknown[]
  tlsContext?: unknown
  cookies?: unknown[]
}
export interface WeightedCluster {
  name?: string
  weight?: number
  clusterHeader?: string
  typedPerFilterConfig?: Record<string, Packed>
}
/** How often a proxy tries a request again, and after what. */
export interface RetryPolicy {
  numRetries?: number
  retryOn?: string
  perTryTimeout?: string
}
export interface RouteAction {
  cluster?: string
  weightedClusters?: { clusters?: WeightedCluster[] }
  clusterHeader?: string
  clusterNotFoundResponseCode?: string
  timeout?: string
  retryPolicy?: RetryPolicy
  requestMirrorPolicies?: { cluster?: string }[]
  prefixRewrite?: string
  regexRewrite?: unknown
  hostRewriteLiteral?: string
  /** What a rate limit service is asked about. */
  rateLimits?: unknown[]
}
export interface HeaderToAdd {
  header?: { key?: string; value?: string }
  /** Istio's `set` is OVERWRITE_IF_EXISTS_OR_ADD. */
  appendAction?: string
}
export interface Route {
  name?: string
  match?: RouteMatch
  route?: RouteAction
  redirect?: Record<string, unknown>
  directResponse?: { status?: number }
  requestHeadersToAdd?: HeaderToAdd[]
  requestHeadersToRemove?: string[]
  metadata?: IstioMetadata
  typedPerFilterConfig?: Record<string, Packed>
}
export interface VirtualHost {
  name?: string
  domains?: string[]
  routes?: Route[]
  requireTls?: string
  rateLimits?: unknown[]
  typedPerFilterConfig?: Record<string, Packed>
  /** Chooses routes by a tree instead of a list. */
  matcher?: unknown
}
export interface RouteConfiguration {
  name?: string
  virtualHosts?: VirtualHost[]
  ignorePortInHostMatching?: boolean
}

/** All routes of some route configurations, of every virtual host. */
export const routesIn = (configurations: readonly RouteConfiguration[] = []): Route[] =>
  configurations.flatMap(({ virtualHosts = [] }) => virtualHosts.flatMap(({ routes = [] }) => routes))
/** The limits of one priority. */
export interface Thresholds {
  priority?: string
  maxConnections?: number
  maxPendingRequests?: number
  maxRequests?: number
  maxRetries?: number
}
export interface OutlierDetection {
  consecutive5xx?: number
  consecutiveGatewayFailure?: number
  baseEjectionTime?: string
}
export interface Cluster {
  name?: string
  type?: string
  altStatName?: string
  edsClusterConfig?: { serviceName?: string }
  metadata?: IstioMetadata
  transportSocket?: NetworkFilter
  transportSocketMatches?: { name?: string; match?: Record<string, unknown>; transportSocket?: NetworkFilter }[]
  circuitBreakers?: { thresholds?: Thresholds[] }
  outlierDetection?: OutlierDetection
  connectTimeout?: string
  lbPolicy?: string
  commonLbConfig?: { healthyPanicThreshold?: { value?: number } }
  loadAssignment?: { endpoints?: { lbEndpoints?: { endpoint?: { address?: SocketAddress } }[] }[] }
}
/** One cluster of Envoy's `/clusters?format=json`: the hosts it would use now. */
export interface ClusterStatus {
  name?: string
  hostStatuses?: {
    address?: SocketAddress
    healthStatus?: { edsHealthStatus?: string; failedActiveHealthCheck?: boolean; failedOutlierCheck?: boolean }
    weight?: number
    priority?: number
    locality?: { region?: string; zone?: string; subZone?: string }
    hostname?: string
    stats?: { name?: string; value?: string; type?: string }[]
  }[]
}

/** What an istiod-made cluster name says: `outbound|80|version-v1|catalog.shop.svc.cluster.local`. */
export interface ClusterName {
  direction: 'outbound' | 'inbound'
  port: number
  /** Empty when the cluster is for no subset. */
  subset: string
  /** Empty for inbound clusters. */
  host: string
}

/** Takes an istiod-made cluster name apart; undefined for special ones such as PassthroughCluster. */
export function parseClusterName(name: string): ClusterName | undefined {
  const [direction, port, subset, host, ...rest] = name.split('|')
  if (
    (direction !== 'outbound' && direction !== 'inbound') ||
    subset === undefined ||
    host === undefined ||
    rest.length > 0
  )
    return undefined
  return { direction, port: Number(port), subset, host }
}

/** True for a name that istiod gives what it makes of the Gateway API's objects: `shop~80~catalog.shop.svc.cluster.local`, and with that suffix from older istiods. No object has it. */
export const isGeneratedName = (name: string): boolean =>
  name.includes('~') || name.includes('istio-autogenerated-k8s-gateway')

/** The object Istio's metadata names, from paths such as `/apis/networking.istio.io/v1/namespaces/shop/virtual-service/catalog`; undefined for what istiod made of no object of Istio's. */
export function originOf(
  metadata: IstioMetadata | undefined,
): { kind: string; namespace: string; name: string } | undefined {
  const match = /\/namespaces\/([^/]+)\/([^/]+)\/([^/]+)$/.exec(metadata?.filterMetadata?.istio?.config ?? '')
  const [, namespace, kebab, name] = match ?? []
  if (namespace === undefined || kebab === undefined || name === undefined || isGeneratedName(name)) return undefined
  const kind = kebab
    .split('-')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('')
  return { kind, namespace, name }
}

/** The object a route was made from: what its metadata names or, of a generated VirtualService, the HTTPRoute that its name begins with (`shop.catalog.0`: the first rule). */
export function originOfRoute({
  name = '',
  metadata,
}: Route): { kind: string; namespace: string; name: string } | undefined {
  if (!isGeneratedName(metadata?.filterMetadata?.istio?.config ?? '')) return originOf(metadata)
  const [, namespace, httpRoute] = /^([^.]+)\.(.+)\.\d+$/.exec(name) ?? []
  return namespace === undefined || httpRoute === undefined
    ? undefined
    : { kind: 'HTTPRoute', namespace, name: httpRoute }
}

/** Every cluster a route may send a request to, mirrors left out. */
export function clustersOfRoute(route: Route): string[] {
  const action = route.route
  if (action === undefined) return []
  if (action.cluster !== undefined) return [action.cluster]
  return (action.weightedClusters?.clusters ?? []).flatMap((cluster) =>
    cluster.name === undefined || cluster.weight === 0 ? [] : [cluster.name],
  )
}
