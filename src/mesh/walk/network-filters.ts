import type { FilterChain, HttpFilter, NetworkFilter, RouteConfiguration, WeightedCluster } from '../envoy.ts'

/** What a filter logs of what it passes on. */
interface Logging {
  accessLog?: { name?: string }[]
}
/** The part of Envoy's HTTP connection manager a request's way depends on. */
export interface HttpConnectionManager extends Logging {
  statPrefix?: string
  rds?: { routeConfigName?: string }
  routeConfig?: RouteConfiguration
  scopedRoutes?: unknown
  httpFilters?: HttpFilter[]
  maxRequestHeadersKb?: number
  commonHttpProtocolOptions?: { maxHeadersCount?: number }
  normalizePath?: boolean
  mergeSlashes?: boolean
  pathWithEscapedSlashesAction?: string
  stripMatchingHostPort?: boolean
  stripAnyHostPort?: boolean
  stripTrailingHostDot?: boolean
}
/** The part of Envoy's TCP proxy a connection's way depends on. */
export interface TcpProxy extends Logging {
  cluster?: string
  weightedClusters?: { clusters?: WeightedCluster[] }
}

/** What a filter chain does with a connection at its end. */
export type Ending =
  | { kind: 'http'; manager: HttpConnectionManager }
  | { kind: 'tcp'; proxy: TcpProxy }
  | { kind: 'unknown'; name: string }
  | { kind: 'none' }

/** The last part of a filter's type, `HttpConnectionManager`: names are free, types are not. */
export const typeOf = ({ typedConfig, name }: NetworkFilter): string =>
  typedConfig?.['@type']?.split('.').pop() ?? name?.split('.').pop() ?? ''

/** Filters that do nothing to where a connection goes. */
const HARMLESS: ReadonlySet<string> = new Set([
  'MetadataExchange',
  'metadata_exchange',
  'ConnectionLimit',
  'Config',
  'SniCluster',
  'RBAC',
])

/** What is at the end of a filter chain, and the filters before it. */
export function endingOf(chain: FilterChain): { ending: Ending; before: NetworkFilter[] } {
  const filters = chain.filters ?? []
  const last = filters.at(-1)
  const before = filters.slice(0, -1)
  if (last === undefined) return { ending: { kind: 'none' }, before }
  const config: unknown = last.typedConfig ?? {}
  switch (typeOf(last)) {
    case 'HttpConnectionManager':
    case 'http_connection_manager':
      return { ending: { kind: 'http', manager: config as HttpConnectionManager }, before }
    case 'TcpProxy':
    case 'tcp_proxy':
      return { ending: { kind: 'tcp', proxy: config as TcpProxy }, before }
    default:
      return { ending: { kind: 'unknown', name: last.name ?? typeOf(last) }, before }
  }
}

/** True when the cluster is named by the connection's SNI, as on gateways between clusters (AUTO_PASSTHROUGH). */
export const goesBySni = (before: readonly NetworkFilter[]): boolean =>
  before.some((filter) => /sni_?cluster/i.test(filter.name ?? '') || typeOf(filter) === 'SniCluster')

/** The network filters that are not understood here. */
export const unknownFilters = (before: readonly NetworkFilter[]): string[] =>
  before.filter((filter) => !HARMLESS.has(typeOf(filter))).map(({ name }) => name ?? 'a filter without a name')
