import type { AddressRange, HeaderMatcher, StringMatcher } from '../envoy.ts'
import { inRange } from './address.ts'
import { takesHeader } from './header-match.ts'
import { withoutQuery } from './path.ts'
import type { Connection, Request } from './request.ts'
import { headerOf } from './request.ts'
import { takesString } from './string-match.ts'
import type { Taken } from './taken.ts'
import { every, not, some, taken } from './taken.ts'

/** A value looked up in what other filters found out, as Istio asks for principals and tokens. */
interface MetadataMatcher {
  filter?: string
  path?: { key?: string }[]
  value?: unknown
  invert?: boolean
}
interface Shared {
  any?: boolean
  header?: HeaderMatcher
  urlPath?: { path?: StringMatcher }
  metadata?: MetadataMatcher
  sourcedMetadata?: unknown
}
export interface Permission extends Shared {
  andRules?: { rules?: Permission[] }
  orRules?: { rules?: Permission[] }
  notRule?: Permission
  destinationIp?: AddressRange
  destinationPort?: number
  destinationPortRange?: { start?: number; end?: number }
  requestedServerName?: StringMatcher
}
export interface Principal extends Shared {
  andIds?: { ids?: Principal[] }
  orIds?: { ids?: Principal[] }
  notId?: Principal
  authenticated?: { principalName?: StringMatcher }
  directRemoteIp?: AddressRange
  remoteIp?: AddressRange
  sourceIp?: AddressRange
  filterState?: { key?: string; stringMatch?: StringMatcher }
}
export interface Policy {
  permissions?: Permission[]
  principals?: Principal[]
  condition?: unknown
  checkedCondition?: unknown
}
/** Envoy's RBAC rules; ALLOW when no action is given. */
export interface Rbac {
  action?: 'ALLOW' | 'DENY' | 'LOG'
  policies?: Record<string, Policy>
}

/** What RBAC judges: a request on a connection, or a bare connection. */
export interface Judged {
  connection: Connection
  request?: Request
  /** False when the request carries no token that a JWT filter before would have found. */
  token?: boolean
}

/** The peer's principal is undefined when it is not known here, null when the connection shows no certificate. */
const principalOf = ({ tls, principal }: Connection): string | null | undefined =>
  tls === undefined ? null : principal

function takesPrincipalName(name: StringMatcher | undefined, connection: Connection): Taken {
  const principal = principalOf(connection)
  if (principal === null) return 'no'
  if (principal === undefined) return name === undefined ? 'yes' : 'maybe'
  return name === undefined ? 'yes' : takesString(name, principal)
}

/** Istio's tokens leave their claims in the metadata of the JWT filter: without a token there are none. */
function takesMetadata(
  { filter = '', path = [], value, invert = false }: MetadataMatcher,
  { connection, token = true }: Judged,
): Taken {
  const found = ((): Taken => {
    if (filter === 'istio_authn' && path[0]?.key === 'source.principal') {
      const { stringMatch } = (value ?? {}) as { stringMatch?: StringMatcher }
      // Without the scheme, as the old authentication filter noted it.
      return takesPrincipalName(stringMatch, {
        ...connection,
        ...(connection.principal !== undefined && { principal: connection.principal.replace('spiffe://', '') }),
      })
    }
    const ofToken =
      filter === 'envoy.filters.http.jwt_authn' ||
      (filter === 'istio_authn' && (path[0]?.key ?? '').startsWith('request.auth'))
    return ofToken && !token ? 'no' : 'maybe'
  })()
  return invert ? not(found) : found
}

const takesAddress = (range: AddressRange, address: string | undefined): Taken =>
  address === undefined ? 'maybe' : taken(inRange(address, range))

const takesKnownHeader = (header: HeaderMatcher, request: Request): Taken =>
  request.moreHeaders === true && headerOf(request, header.name ?? '') === null ? 'maybe' : takesHeader(header, request)

function takesShared({ any, header, urlPath, metadata }: Shared, judged: Judged): Taken | undefined {
  if (any === true) return 'yes'
  // A bare connection has no headers: a rule that asks for one takes nothing.
  if (header !== undefined) return judged.request === undefined ? 'no' : takesKnownHeader(header, judged.request)
  if (urlPath !== undefined)
    return judged.request === undefined ? 'no' : takesString(urlPath.path ?? {}, withoutQuery(judged.request.path))
  return metadata === undefined ? undefined : takesMetadata(metadata, judged)
}

function takesPermission(permission: Permission, judged: Judged): Taken {
  const { andRules, orRules, notRule, destinationIp, destinationPort, destinationPortRange, requestedServerName } =
    permission
  const { address, port, tls } = judged.connection
  if (andRules !== undefined) return every((andRules.rules ?? []).map((one) => takesPermission(one, judged)))
  if (orRules !== undefined) return some((orRules.rules ?? []).map((one) => takesPermission(one, judged)))
  if (notRule !== undefined) return not(takesPermission(notRule, judged))
  if (destinationIp !== undefined) return takesAddress(destinationIp, address)
  if (destinationPort !== undefined) return taken(destinationPort === port)
  if (destinationPortRange !== undefined)
    return taken(port >= (destinationPortRange.start ?? 0) && port < (destinationPortRange.end ?? 0))
  if (requestedServerName !== undefined) return takesString(requestedServerName, tls?.sni ?? '')
  return takesShared(permission, judged) ?? 'maybe'
}

function takesPrincipal(principal: Principal, judged: Judged): Taken {
  const { andIds, orIds, notId, authenticated, directRemoteIp, remoteIp, sourceIp, filterState } = principal
  if (andIds !== undefined) return every((andIds.ids ?? []).map((one) => takesPrincipal(one, judged)))
  if (orIds !== undefined) return some((orIds.ids ?? []).map((one) => takesPrincipal(one, judged)))
  if (notId !== undefined) return not(takesPrincipal(notId, judged))
  if (authenticated !== undefined) return takesPrincipalName(authenticated.principalName, judged.connection)
  const range = directRemoteIp ?? sourceIp
  if (range !== undefined) return takesAddress(range, judged.connection.source)
  // The address of the client before all proxies: only the headers on the way tell it.
  if (remoteIp !== undefined) return 'maybe'
  if (filterState?.key === 'io.istio.peer_principal')
    return takesPrincipalName(filterState.stringMatch, judged.connection)
  return takesShared(principal, judged) ?? 'maybe'
}

function takesPolicy(
  { permissions = [], principals = [], condition, checkedCondition }: Policy,
  judged: Judged,
): Taken {
  return every([
    some(permissions.map((one) => takesPermission(one, judged))),
    some(principals.map((one) => takesPrincipal(one, judged))),
    ...(condition === undefined && checkedCondition === undefined ? [] : ['maybe' as const]),
  ])
}

/** Whether RBAC rules let something pass, and the policies that say so or may say so. */
export function passesRbac(
  { action = 'ALLOW', policies = {} }: Rbac,
  judged: Judged,
): { passes: Taken; policies: string[] } {
  const answers = Object.entries(policies).map(([name, policy]) => ({ name, answer: takesPolicy(policy, judged) }))
  const naming = (wanted: Taken): string[] => answers.filter(({ answer }) => answer === wanted).map(({ name }) => name)
  if (action === 'LOG') return { passes: 'yes', policies: [] }
  const any = some(answers.map(({ answer }) => answer))
  return { passes: action === 'DENY' ? not(any) : any, policies: naming(any === 'no' ? 'yes' : any) }
}

/** The AuthorizationPolicy that Istio made an RBAC policy from: `ns[shop]-policy[viewers]-rule[0]`, whatever Istio put around it. */
export function authorizationPolicyOf(policy: string): { namespace: string; name: string; rule: number } | undefined {
  const [, namespace, name, rule] = /(?:^|-)ns\[([^\]]*)\]-policy\[([^\]]*)\]-rule\[(\d+)\]/.exec(policy) ?? []
  return namespace === undefined || name === undefined ? undefined : { namespace, name, rule: Number(rule) }
}
