import type { Packed } from '../envoy.ts'
import type { TlsContext } from '../transport.ts'
import type { Fault, JwtAuthentication } from './http-filters.ts'
import type { HttpConnectionManager, TcpProxy } from './network-filters.ts'
import type { Rbac } from './rbac.ts'
import type { Authorizer, LocalRateLimit, Service } from './self-answering.ts'
import type { UpstreamTls } from './transport.ts'

interface RbacFilter {
  rules?: Rbac
  shadowRules?: Rbac
  shadowRulesStatPrefix?: string
}

/** The messages of Envoy's that a walk reads, by the last part of their type; of what has another type nothing is read. */
export interface PackedMessages {
  HttpConnectionManager: HttpConnectionManager
  TcpProxy: TcpProxy
  RBAC: RbacFilter
  RBACPerRoute: { rbac?: RbacFilter }
  JwtAuthentication: JwtAuthentication
  HTTPFault: Fault
  Buffer: { maxRequestBytes?: number }
  BufferPerRoute: { disabled?: boolean; buffer?: { maxRequestBytes?: number } }
  LocalRateLimit: LocalRateLimit
  RateLimit: { rateLimits?: unknown[]; rateLimitService?: Service; failureModeDeny?: boolean }
  ExtAuthz: Authorizer
  UpstreamTlsContext: UpstreamTls
  DownstreamTlsContext: TlsContext
  FilterConfig: { config?: Packed; disabled?: boolean }
}
