import type {
  FractionalPercent,
  HeaderMatcher,
  HttpFilter,
  Route,
  RouteMatch,
  VirtualHost,
  WeightedCluster,
} from '../envoy.ts'
import type { FilterAnswer } from './filter-answer.ts'
import { takesHeader } from './header-match.ts'
import type { HttpConnectionManager } from './network-filters.ts'
import { typeOf } from './network-filters.ts'
import { queryParameter } from './path.ts'
import type { Judged, Rbac } from './rbac.ts'
import { passesRbac } from './rbac.ts'
import type { Request } from './request.ts'
import type { IsUnreachable } from './self-answering.ts'
import {
  authorizerAnswer,
  bufferAnswer,
  corsAnswer,
  headerLimit,
  limitServiceAnswer,
  localLimitAnswer,
} from './self-answering.ts'
import { percentOf, takesRoute } from './route-match.ts'
import { every } from './taken.ts'

/** Filters that let every request pass, or that only count and describe. */
const PASSING: ReadonlySet<string> = new Set([
  'Router',
  'router',
  'FilterConfig',
  'PluginConfig',
  'grpc_stats',
  'GrpcWeb',
  'grpc_web',
  'Compressor',
  'Decompressor',
  'alpn',
  'metadata_exchange',
  'MetadataExchange',
  'stats',
  'peer_metadata',
  'PeerMetadataFilter',
  'istio_authn',
  'authn',
  'IstioAuthn',
  'SetFilterState',
  'set_filter_state',
  'Config',
  'ConnectAuthority',
  'connect_authority',
  'UpstreamCodec',
  'HeaderMutation',
  'StatefulSession',
  'istio_stats',
  'TapConfig',
  'Tap',
])

export interface Fault {
  abort?: { httpStatus?: number; grpcStatus?: number; percentage?: FractionalPercent; headerAbort?: unknown }
  delay?: { fixedDelay?: string; percentage?: FractionalPercent; headerDelay?: unknown }
  upstreamCluster?: string
  headers?: HeaderMatcher[]
}
export interface Requirement {
  providerName?: string
  providerAndAudiences?: { providerName?: string }
  requiresAny?: { requirements?: Requirement[] }
  requiresAll?: { requirements?: Requirement[] }
  allowMissing?: unknown
  allowMissingOrFailed?: unknown
}
export interface JwtProvider {
  fromHeaders?: { name?: string }[]
  fromParams?: string[]
  fromCookies?: string[]
}
export interface JwtAuthentication {
  providers?: Record<string, JwtProvider>
  rules?: { match?: RouteMatch; requires?: Requirement }[]
}

function faultAnswer(
  filter: string,
  { abort, delay, headers = [], upstreamCluster }: Fault,
  request: Request,
  clusters: readonly string[],
): FilterAnswer {
  const about = { filter, kind: 'fault' as const }
  const applies = every(headers.map((header) => takesHeader(header, request)))
  if (
    applies === 'no' ||
    (abort === undefined && delay === undefined) ||
    (upstreamCluster !== undefined && upstreamCluster !== '' && !clusters.includes(upstreamCluster))
  )
    return { ...about, passes: 'yes' }
  const aborted = abort?.headerAbort === undefined ? percentOf(abort?.percentage) : 0
  const delayed = percentOf(delay?.percentage)
  const said = [
    ...(aborted > 0
      ? [
          `answers ${aborted} % of requests with ${abort?.httpStatus ?? `gRPC status ${abort?.grpcStatus ?? '?'}`} itself`,
        ]
      : []),
    ...(delayed > 0 ? [`holds ${delayed} % of requests for ${delay?.fixedDelay ?? 'some time'}`] : []),
  ]
  if (said.length === 0) return { ...about, passes: 'yes' }
  return {
    ...about,
    passes: applies === 'yes' && aborted >= 100 ? 'no' : aborted > 0 ? 'maybe' : 'yes',
    says: `an injected fault ${said.join(' and ')}`,
    ...(aborted > 0 && abort?.httpStatus !== undefined && { status: abort.httpStatus }),
    ...(applies === 'yes' && aborted > 0 && { share: aborted }),
  }
}

/** Whether a requirement lets a request without a token pass. */
function letsMissing({
  requiresAny,
  requiresAll,
  allowMissing,
  allowMissingOrFailed,
  providerName,
  providerAndAudiences,
}: Requirement): boolean {
  if (allowMissing !== undefined || allowMissingOrFailed !== undefined) return true
  if (requiresAny !== undefined) return (requiresAny.requirements ?? []).some(letsMissing)
  if (requiresAll !== undefined) return (requiresAll.requirements ?? []).every(letsMissing)
  return providerName === undefined && providerAndAudiences === undefined
}

/** True when the request has something where a provider looks for a token. Unless told otherwise that is `Authorization: Bearer`, then `access_token`. */
function mayCarryToken(
  { fromHeaders = [], fromParams = [], fromCookies = [] }: JwtProvider,
  { headers, path, moreHeaders }: Request,
): boolean {
  if (moreHeaders === true) return true
  if (fromHeaders.length + fromParams.length + fromCookies.length === 0)
    return /^bearer\s/i.test(headers.get('authorization') ?? '') || queryParameter(path, 'access_token') !== undefined
  return (
    fromHeaders.some(({ name = '' }) => headers.has(name.toLowerCase())) ||
    fromParams.some((name) => queryParameter(path, name) !== undefined) ||
    (fromCookies.length > 0 && headers.has('cookie'))
  )
}

const findsToken = ({ providers = {} }: JwtAuthentication, request: Request): boolean =>
  Object.values(providers).some((provider) => mayCarryToken(provider, request))

function jwtAnswer(filter: string, config: JwtAuthentication, request: Request): FilterAnswer {
  const about = { filter, kind: 'jwt' as const }
  const rule = (config.rules ?? []).find(({ match }) => takesRoute(match ?? {}, request) !== 'no')
  if (rule?.requires === undefined) return { ...about, passes: 'yes' }
  // Of what nobody has seen, a bad token is not presumed.
  if (findsToken(config, request) && !(request.moreHeaders === true && letsMissing(rule.requires)))
    return { ...about, passes: 'maybe', says: 'the token it carries is checked; whether it is valid is not known here' }
  if (letsMissing(rule.requires))
    return { ...about, passes: 'yes', says: 'a token is checked when there is one; this request has none' }
  return { ...about, passes: 'no', status: 401, says: 'a token is required and this request has none (Jwt is missing)' }
}

function rbacAnswer(filter: string, rules: Rbac | undefined, judged: Judged): FilterAnswer {
  const about = { filter, kind: 'rbac' as const }
  if (rules === undefined) return { ...about, passes: 'yes' }
  const { passes, policies } = passesRbac(rules, judged)
  const denies = rules.action === 'DENY'
  if (passes === 'yes')
    return {
      ...about,
      passes,
      policies,
      ...(!denies && policies.length > 0 && { says: `allowed by ${policies.join(', ')}` }),
    }
  if (passes === 'maybe')
    return {
      ...about,
      passes,
      policies,
      says: `whether it is ${denies ? 'denied' : 'allowed'} by ${policies.join(', ')} depends on what is not known here`,
    }
  return {
    ...about,
    passes,
    policies,
    status: 403,
    says: denies
      ? `denied by ${policies.join(', ')}`
      : 'denied: no ALLOW rule matches it (rbac_access_denied_matched_policy[none])',
  }
}

/** A filter's own configuration for one route: the cluster's before the route's before the virtual host's before the listener's. */
function configOf(
  filter: HttpFilter,
  over: readonly (Record<string, unknown> | undefined)[],
): Record<string, unknown> | 'disabled' {
  for (const configs of over) {
    const config = configs?.[filter.name ?? ''] as (Record<string, unknown> & { '@type'?: string }) | undefined
    if (config === undefined) continue
    if (config['@type']?.endsWith('route.v3.FilterConfig') !== true) return config
    if (config.disabled === true) return 'disabled'
    return (config.config ?? {}) as Record<string, unknown>
  }
  return filter.disabled === true ? 'disabled' : (filter.typedConfig ?? {})
}

/** The rules of an RBAC filter, or of a route's own instead. */
const rulesOf = ({ rbac, rules }: { rbac?: { rules?: Rbac }; rules?: Rbac }): Rbac | undefined =>
  rbac === undefined ? rules : rbac.rules

/** Where a request goes in the route configuration, as far as it is known when the filters run. */
export interface Routed {
  virtualHost?: VirtualHost
  route?: Route
  weighted?: WeightedCluster
  clusters?: readonly string[]
}

/** What the HTTP filters of a connection manager do to a request, in their order; those that let everything pass are left out. */
export function httpFilterAnswers(
  manager: HttpConnectionManager,
  judged: Judged & { request: Request },
  { virtualHost, route, weighted, clusters = [] }: Routed,
  isUnreachable: IsUnreachable = () => false,
): FilterAnswer[] {
  const { httpFilters = [] } = manager
  const token = httpFilters.some(
    (filter) =>
      typeOf(filter) === 'JwtAuthentication' &&
      findsToken((filter.typedConfig ?? {}) as JwtAuthentication, judged.request),
  )
  const own = httpFilters
    .flatMap((filter): FilterAnswer[] => {
      const name = filter.name ?? 'a filter without a name'
      const config = configOf(filter, [
        weighted?.typedPerFilterConfig,
        route?.typedPerFilterConfig,
        virtualHost?.typedPerFilterConfig,
      ])
      if (config === 'disabled') return []
      switch (typeOf(filter)) {
        case 'HTTPFault':
          return [faultAnswer(name, config, judged.request, clusters)]
        case 'JwtAuthentication':
          return [jwtAnswer(name, config, judged.request)]
        case 'RBAC':
          return [rbacAnswer(name, rulesOf(config), { ...judged, token })]
        case 'Cors':
        case 'cors':
          return [corsAnswer(name, judged.request)]
        case 'Buffer':
        case 'BufferPerRoute':
          return [bufferAnswer(name, config, judged.request)]
        case 'LocalRateLimit':
          return [localLimitAnswer(name, config)]
        case 'RateLimit': {
          const { rateLimits } = config as { rateLimits?: unknown[] }
          const own: Record<string, unknown> = filter.typedConfig ?? {}
          const limits = [rateLimits, route?.route?.rateLimits, virtualHost?.rateLimits].flatMap((one) => one ?? [])
          return limits.length === 0 ? [] : [limitServiceAnswer(name, own, isUnreachable)]
        }
        case 'ExtAuthz':
          return [authorizerAnswer(name, config, manager, judged, isUnreachable)]
        default:
          return PASSING.has(typeOf(filter))
            ? []
            : [
                {
                  filter: name,
                  kind: 'unknown',
                  passes: 'maybe',
                  says: `the filter ${name} was skipped: what it does is not known here`,
                },
              ]
      }
    })
    .filter(({ passes, says }) => passes !== 'yes' || says !== undefined)
  return [...headerLimit(manager, judged.request), ...own]
}
