/** Parts of Envoy's configuration (protojson as `istioctl proxy-config -o json` prints it) that a diagnosis reads. */

/** Istio's own note on a piece of Envoy configuration: which object it came from. */
export interface IstioMetadata {
  filterMetadata?: { istio?: { config?: string; services?: { host?: string; name?: string; namespace?: string }[]; subset?: string } & Record<string, unknown> }
}
export interface SocketAddress {
  socketAddress?: { address?: string; portValue?: number }
  pipe?: { path?: string }
  envoyInternalAddress?: { serverListenerName?: string }
}
export interface NetworkFilter {
  name?: string
  typedConfig?: Record<string, unknown> & { '@type'?: string }
}
export interface FilterChain {
  name?: string
  filterChainMatch?: {
    destinationPort?: number
    prefixRanges?: { addressPrefix?: string; prefixLen?: number }[]
    serverNames?: string[]
    transportProtocol?: string
    applicationProtocols?: string[]
  }
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
  listenerFilters?: NetworkFilter[]
  metadata?: IstioMetadata
}
export interface RouteMatch {
  prefix?: string
  path?: string
  pathSeparatedPrefix?: string
  safeRegex?: { regex?: string }
  caseSensitive?: boolean
  headers?: Record<string, unknown>[]
  queryParameters?: Record<string, unknown>[]
}
export interface RouteAction {
  cluster?: string
  weightedClusters?: { clusters?: { name?: string; weight?: number }[] }
  clusterHeader?: string
  timeout?: string
  retryPolicy?: Record<string, unknown>
  requestMirrorPolicies?: { cluster?: string }[]
}
export interface Route {
  name?: string
  match?: RouteMatch
  route?: RouteAction
  redirect?: Record<string, unknown>
  directResponse?: { status?: number }
  metadata?: IstioMetadata
  typedPerFilterConfig?: Record<string, unknown>
}
export interface VirtualHost {
  name?: string
  domains?: string[]
  routes?: Route[]
}
export interface RouteConfiguration {
  name?: string
  virtualHosts?: VirtualHost[]
}
export interface Cluster {
  name?: string
  type?: string
  altStatName?: string
  edsClusterConfig?: { serviceName?: string }
  metadata?: IstioMetadata
  transportSocket?: NetworkFilter
  transportSocketMatches?: { name?: string; match?: Record<string, unknown>; transportSocket?: NetworkFilter }[]
  circuitBreakers?: Record<string, unknown>
  outlierDetection?: Record<string, unknown>
  connectTimeout?: string
  loadAssignment?: { endpoints?: { lbEndpoints?: { endpoint?: { address?: SocketAddress } }[] }[] }
}
/** One cluster of Envoy's `/clusters?format=json`: the hosts it would use now. */
export interface ClusterStatus {
  name?: string
  hostStatuses?: {
    address?: SocketAddress
    healthStatus?: { edsHealthStatus?: string; failedActiveHealthCheck?: boolean; failedOutlierCheck?: boolean }
    weight?: number
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
  if ((direction !== 'outbound' && direction !== 'inbound') || subset === undefined || host === undefined || rest.length > 0) return undefined
  return { direction, port: Number(port), subset, host }
}

/** The object Istio's metadata names, from paths such as `/apis/networking.istio.io/v1/namespaces/shop/virtual-service/catalog`. */
export function originOf(metadata: IstioMetadata | undefined): { kind: string; namespace: string; name: string } | undefined {
  const match = /\/namespaces\/([^/]+)\/([^/]+)\/([^/]+)$/.exec(metadata?.filterMetadata?.istio?.config ?? '')
  const [, namespace, kebab, name] = match ?? []
  if (namespace === undefined || kebab === undefined || name === undefined) return undefined
  const kind = kebab.split('-').map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('')
  return { kind, namespace, name }
}

/** Every cluster a route may send a request to, mirrors left out. */
export function clustersOfRoute(route: Route): string[] {
  const action = route.route
  if (action === undefined) return []
  if (action.cluster !== undefined) return [action.cluster]
  return (action.weightedClusters?.clusters ?? []).flatMap((cluster) => (cluster.name === undefined || cluster.weight === 0 ? [] : [cluster.name]))
}
