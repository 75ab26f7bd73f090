import type { Connection, Request } from './request.ts'
import { headerOf } from './request.ts'
import type { Route, RouteAction, VirtualHost } from '../envoy.ts'
import { table } from '../table.ts'

/** A cluster a request may be sent to. */
export interface Share {
  name: string
  /** Percent of the requests, as configured; 0 to 100. */
  weight: number
}

/** What a route does with a request. */
export type RouteOutcome =
  | { kind: 'clusters'; clusters: Share[]; mirrors: string[] }
  | { kind: 'redirect'; to: string; status: number }
  | { kind: 'direct'; status: number }
  | { kind: 'unknown'; why: string }

interface Redirect {
  hostRedirect?: string
  pathRedirect?: string
  prefixRewrite?: string
  regexRewrite?: unknown
  httpsRedirect?: boolean
  schemeRedirect?: string
  portRedirect?: number
  responseCode?: string
}
const REDIRECT_CODES: Readonly<Record<string, number>> = table({
  MOVED_PERMANENTLY: 301,
  FOUND: 302,
  SEE_OTHER: 303,
  TEMPORARY_REDIRECT: 307,
  PERMANENT_REDIRECT: 308,
})

function redirected(
  {
    hostRedirect,
    pathRedirect,
    prefixRewrite,
    regexRewrite,
    httpsRedirect,
    schemeRedirect,
    portRedirect,
    responseCode,
  }: Redirect,
  { prefix = '' }: { prefix?: string },
  request: Request,
): RouteOutcome {
  const scheme = httpsRedirect === true ? 'https' : (schemeRedirect ?? request.scheme)
  // Only the old scheme's own port goes.
  const host =
    hostRedirect ??
    (scheme === request.scheme
      ? request.authority
      : request.authority.replace(scheme === 'https' ? /:80$/ : /:443$/, ''))
  const port = portRedirect === undefined ? '' : `:${portRedirect}`
  const path =
    pathRedirect ??
    (prefixRewrite === undefined
      ? regexRewrite === undefined
        ? request.path
        : '/…'
      : prefixRewrite + request.path.slice(prefix.length))
  return {
    kind: 'redirect',
    to: `${scheme}://${port === '' ? host : host.replace(/:\d+$/, '')}${port}${path}`,
    status: REDIRECT_CODES[responseCode ?? ''] ?? 301,
  }
}

/** Weights as percent of their sum; clusters without a share are left out. */
function shares(
  clusters: NonNullable<NonNullable<RouteAction['weightedClusters']>['clusters']>,
  request: Request | undefined,
): Share[] {
  const total = clusters.reduce((sum, { weight = 0 }) => sum + weight, 0)
  return clusters.flatMap(({ name, clusterHeader, weight = 0 }) => {
    const to =
      name !== undefined && name !== ''
        ? name
        : clusterHeader === undefined || request === undefined
          ? undefined
          : (headerOf(request, clusterHeader) ?? undefined)
    return to === undefined || weight === 0 ? [] : [{ name: to, weight: Math.round((10_000 * weight) / total) / 100 }]
  })
}

/** What weighted clusters of a TCP proxy come to. */
export const tcpShares = ({ cluster, weightedClusters }: Pick<RouteAction, 'cluster' | 'weightedClusters'>): Share[] =>
  cluster !== undefined ? [{ name: cluster, weight: 100 }] : shares(weightedClusters?.clusters ?? [], undefined)

function forwarded(action: RouteAction, request: Request): RouteOutcome {
  const mirrors = (action.requestMirrorPolicies ?? []).flatMap(({ cluster }) => cluster ?? [])
  if (action.cluster !== undefined)
    return { kind: 'clusters', clusters: [{ name: action.cluster, weight: 100 }], mirrors }
  if (action.weightedClusters !== undefined)
    return { kind: 'clusters', clusters: shares(action.weightedClusters.clusters ?? [], request), mirrors }
  if (action.clusterHeader === undefined)
    return { kind: 'unknown', why: 'the cluster is chosen in a way that is not known here' }
  const named = headerOf(request, action.clusterHeader)
  if (named === undefined || named === null || named === '')
    return { kind: 'direct', status: action.clusterNotFoundResponseCode === 'NOT_FOUND' ? 404 : 503 }
  return { kind: 'clusters', clusters: [{ name: named, weight: 100 }], mirrors }
}

/** What a route does with a request. */
export function outcomeOf(route: Route, request: Request): RouteOutcome {
  if (route.redirect !== undefined) return redirected(route.redirect, route.match ?? {}, request)
  if (route.directResponse !== undefined) return { kind: 'direct', status: route.directResponse.status ?? 200 }
  return route.route === undefined
    ? { kind: 'unknown', why: 'the route neither forwards, redirects nor answers' }
    : forwarded(route.route, request)
}

/** The redirect to HTTPS that a virtual host makes of every plain request (a Gateway server's httpsRedirect). */
export function httpsRedirect(
  { requireTls = 'NONE' }: VirtualHost,
  request: Request,
  { tls }: Connection,
): RouteOutcome | undefined {
  if (requireTls === 'NONE' || tls !== undefined || request.scheme === 'https') return undefined
  return redirected({ httpsRedirect: true }, {}, request)
}
