import type { FilterAnswer } from './filter-answer.ts'
import type { HttpConnectionManager } from './network-filters.ts'
import type { Judged, Rbac } from './rbac.ts'
import { passesRbac } from './rbac.ts'
import { percentOf } from './route-match.ts'
import type { Request } from './request.ts'
import { table } from '../table.ts'

/** True for a cluster that the proxy lacks, or that has no endpoint it would send to. */
export type IsUnreachable = (cluster: string) => boolean

/** Methods whose requests usually carry a body. */
const WITH_BODY: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH'])

/** A CORS filter answers preflights itself; it lets all else pass. */
export function corsAnswer(filter: string, { method, headers }: Request): FilterAnswer {
  const isPreflight = method === 'OPTIONS' && headers.has('origin') && headers.has('access-control-request-method')
  return {
    filter,
    kind: 'cors',
    passes: 'yes',
    ...(isPreflight && { says: 'a preflight for an origin of its policy is answered by the filter itself' }),
  }
}

/** A buffer filter answers 413 to bodies over its limit. */
export function bufferAnswer(
  filter: string,
  config: { disabled?: boolean; maxRequestBytes?: number; buffer?: { maxRequestBytes?: number } },
  { method }: Request,
): FilterAnswer {
  const most = config.buffer?.maxRequestBytes ?? config.maxRequestBytes
  const mayHaveBody = config.disabled !== true && WITH_BODY.has(method)
  return {
    filter,
    kind: 'buffer',
    passes: mayHaveBody ? 'maybe' : 'yes',
    ...(mayHaveBody && {
      says: `bodies of more than ${most ?? 'some'} bytes are answered 413; how long that of the request is, is not known here`,
    }),
  }
}

export interface LocalRateLimit {
  tokenBucket?: { maxTokens?: number; tokensPerFill?: number; fillInterval?: string }
  filterEnabled?: { defaultValue?: { numerator?: number; denominator?: string } }
  filterEnforced?: { defaultValue?: { numerator?: number; denominator?: string } }
  descriptors?: unknown[]
}

/** A local rate limit lets what its bucket holds pass; without being enabled and enforced it does nothing. */
export function localLimitAnswer(filter: string, config: LocalRateLimit): FilterAnswer {
  const { tokenBucket, filterEnabled, filterEnforced, descriptors = [] } = config
  const about = { filter, kind: 'rate limit' as const, passes: 'yes' as const }
  const isOn = percentOf(filterEnabled?.defaultValue ?? {}) > 0 && percentOf(filterEnforced?.defaultValue ?? {}) > 0
  if (tokenBucket === undefined && descriptors.length === 0) return about
  if (!isOn && (filterEnabled !== undefined || filterEnforced !== undefined || tokenBucket !== undefined)) return about
  const { maxTokens = 0, tokensPerFill = 1, fillInterval = '?' } = tokenBucket ?? {}
  return {
    ...about,
    says: `a local rate limit answers 429 to more than ${maxTokens} requests at once, and ${tokensPerFill} in ${fillInterval}`,
  }
}

export interface Service {
  grpcService?: { envoyGrpc?: { clusterName?: string } }
  httpService?: { serverUri?: { cluster?: string } }
}
const clusterOf = ({ grpcService, httpService }: Service): string | undefined =>
  grpcService?.envoyGrpc?.clusterName ?? httpService?.serverUri?.cluster

/** A rate limit service decides on requests whose route or host has limits; when it cannot be asked, requests pass unless the filter says otherwise. */
export function limitServiceAnswer(
  filter: string,
  { rateLimitService, failureModeDeny = false }: { rateLimitService?: Service; failureModeDeny?: boolean },
  isUnreachable: IsUnreachable,
): FilterAnswer {
  const about = { filter, kind: 'rate limit' as const }
  const cluster = clusterOf(rateLimitService ?? {})
  if (cluster !== undefined && isUnreachable(cluster))
    return failureModeDeny
      ? {
          ...about,
          passes: 'no',
          status: 500,
          says: `its rate limit service ${cluster} cannot be asked, and it refuses requests then`,
        }
      : { ...about, passes: 'yes', says: `its rate limit service ${cluster} cannot be asked: requests pass` }
  return { ...about, passes: 'maybe', says: 'a rate limit service decides, and may answer 429' }
}

export interface Authorizer extends Service {
  failureModeAllow?: boolean
  statusOnError?: { code?: string | number }
  filterEnabledMetadata?: { filter?: string }
}

/** The shadow rules by which Istio notes which requests a CUSTOM policy is for. */
function shadowRules({ httpFilters = [] }: HttpConnectionManager): Rbac[] {
  return httpFilters.flatMap(({ typedConfig = {} }) => {
    const { shadowRules: rules, shadowRulesStatPrefix = '' } = typedConfig as {
      shadowRules?: Rbac
      shadowRulesStatPrefix?: string
    }
    return rules !== undefined && shadowRulesStatPrefix.includes('ext_authz') ? [rules] : []
  })
}

const STATUS_NAMES: Readonly<Record<string, number>> = table({
  Forbidden: 403,
  Unauthorized: 401,
  ServiceUnavailable: 503,
  InternalServerError: 500,
  OK: 200,
})

/** An external authorizer decides of the requests that it is asked about. */
export function authorizerAnswer(
  filter: string,
  config: Authorizer,
  manager: HttpConnectionManager,
  judged: Judged,
  isUnreachable: IsUnreachable,
): FilterAnswer {
  const about = { filter, kind: 'external authorization' as const }
  const rules = config.filterEnabledMetadata === undefined ? [] : shadowRules(manager)
  const answers = rules.map((each) => passesRbac({ ...each, action: 'DENY' }, judged))
  if (rules.length > 0 && answers.every(({ passes }) => passes === 'yes')) return { ...about, passes: 'yes' }
  const policies = answers.flatMap((one) => (one.passes === 'yes' ? [] : one.policies))
  const isAsked = rules.length === 0 || answers.some(({ passes }) => passes === 'no')
  const cluster = clusterOf(config)
  if (cluster !== undefined && isUnreachable(cluster)) {
    if (config.failureModeAllow === true)
      return { ...about, passes: 'yes', says: `its authorizer ${cluster} cannot be asked: requests pass` }
    const { code = 403 } = config.statusOnError ?? {}
    return {
      ...about,
      passes: isAsked ? 'no' : 'maybe',
      status: typeof code === 'number' ? code : (STATUS_NAMES[code] ?? 403),
      says: `its authorizer ${cluster} cannot be asked, and it refuses requests then`,
      ...(policies.length > 0 && { policies }),
    }
  }
  return { ...about, passes: 'maybe', says: 'an external authorizer decides', ...(policies.length > 0 && { policies }) }
}

/** Envoy's own limits, under which no client is likely to fall by chance: headers, and kilobytes of them. */
const FEW = { headers: 20, kilobytes: 8 }

/** A connection manager answers 431 to requests with more headers than it takes; one that takes few may. */
export function headerLimit(manager: HttpConnectionManager, { headers }: Request): FilterAnswer[] {
  const most = manager.commonHttpProtocolOptions?.maxHeadersCount
  const size = manager.maxRequestHeadersKb
  const about = { filter: 'http_connection_manager', kind: 'header limit' as const, status: 431 }
  const length = [...headers].reduce((sum, [name, value]) => sum + name.length + value.length, 0)
  if ((most !== undefined && headers.size > most) || (size !== undefined && length > size * 1024))
    return [{ ...about, passes: 'no', says: 'it accepts fewer headers than the request has' }]
  const limits = [
    ...(most !== undefined && most < FEW.headers ? [`${most} headers`] : []),
    ...(size !== undefined && size < FEW.kilobytes ? [`${size} KiB of headers`] : []),
  ]
  return limits.length === 0
    ? []
    : [
        {
          ...about,
          passes: 'maybe',
          says: `it accepts ${limits.join(' and ')} at most; what clients send is not known here`,
        },
      ]
}
