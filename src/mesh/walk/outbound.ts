import type {
  Cluster,
  ClusterStatus,
  Listener,
  NetworkFilter,
  Route,
  RouteConfiguration,
  VirtualHost,
} from '../envoy.ts'
import type { ChainWalk } from './chain-walk.ts'
import { filterChainFor } from './filter-chain.ts'
import type { FilterAnswer } from './filter-answer.ts'
import { httpFilterAnswers } from './http-filters.ts'
import type { ListenerTaken } from './listener.ts'
import { outboundListener } from './listener.ts'
import type { HttpConnectionManager } from './network-filters.ts'
import { endingOf, goesBySni, typeOf, unknownFilters } from './network-filters.ts'
import { normalized } from './path.ts'
import type { Judged, Rbac } from './rbac.ts'
import { passesRbac } from './rbac.ts'
import type { Connection, Request } from './request.ts'
import { endpointsOf } from './endpoints.ts'
import type { IsUnreachable } from './self-answering.ts'
import type { RouteOutcome, Share } from './route-action.ts'
import { httpsRedirect, outcomeOf, tcpShares } from './route-action.ts'
import { routesFor } from './route-match.ts'
import type { TlsMismatch } from './tls-mismatch.ts'
import { tlsMismatch } from './tls-mismatch.ts'
import { lookedUpHost, virtualHostFor } from './virtual-host.ts'
import { defined } from '../defined.ts'

/** What is known of one proxy's live configuration; a part that could not be seen is absent. */
export interface ProxyConfiguration {
  listeners?: readonly Listener[]
  routes?: readonly RouteConfiguration[]
  clusters?: readonly Cluster[]
  endpoints?: readonly ClusterStatus[]
}

/** A route a request may take, and what then becomes of it. */
export interface Branch {
  /** Absent when the virtual host itself answers (redirect to HTTPS). */
  route?: Route
  outcome: RouteOutcome
  /** What the HTTP filters do on this route. */
  answers: FilterAnswer[]
}

/** Where a request goes in a virtual host's routes. */
export interface RouteWalk {
  /** As `istioctl proxy-config routes --name` takes it; absent for one inside the listener without a name. */
  name?: string
  /** Absent when the proxy has no route configuration of that name. */
  configuration?: RouteConfiguration
  /** The host as it was looked up. */
  host?: string
  virtualHost?: VirtualHost
  domain?: string
  branches: Branch[]
  /** What the HTTP filters do to a request that no route takes; they come before the answer 404. */
  answers: FilterAnswer[]
  /** False when each of the branches depends on what is not known of the request: it may take none of them. */
  certain: boolean
  /** True when the connection manager refuses the path itself. */
  refused?: boolean
}

/** A request's way through its caller's proxy, up to the clusters. */
export interface OutboundWalk {
  listener?: ListenerTaken
  chain?: ChainWalk
  /** The filter chain takes the connection and can't read it: it ends there. */
  mismatch?: TlsMismatch
  /** Absent for TCP, and when the routes could not be seen. */
  route?: RouteWalk
  /** The clusters its route names, with their share in percent; what a filter stops has them too, as in the access log. */
  clusters: Share[]
  /** Those of them that no filter keeps it from. */
  reached: Share[]
}

function networkAnswers(filters: readonly NetworkFilter[], judged: Judged): FilterAnswer[] {
  return filters
    .filter((filter) => typeOf(filter) === 'RBAC')
    .flatMap((filter): FilterAnswer[] => {
      const rules = filter.typedConfig?.rules as Rbac | undefined
      if (rules === undefined) return []
      const { passes, policies } = passesRbac(rules, judged)
      if (passes === 'yes') return []
      const says =
        passes === 'maybe'
          ? `whether ${policies.join(', ')} lets the connection in depends on what is not known here`
          : policies.length === 0
            ? 'denied: no ALLOW rule matches the connection'
            : `denied by ${policies.join(', ')}`
      return [{ filter: filter.name ?? 'rbac', kind: 'rbac', passes, says, policies }]
    })
}

/** A connection's way through a listener's filter chains. */
export function walkChain(listener: Listener, connection: Connection): ChainWalk {
  const found = filterChainFor(listener, connection)
  if (found.chain === undefined) return { ...found, answers: [], unknown: [] }
  const { ending, before } = endingOf(found.chain)
  return { ...found, ending, answers: networkAnswers(before, { connection }), unknown: unknownFilters(before) }
}

const clustersOf = (outcome: RouteOutcome): string[] =>
  outcome.kind === 'clusters' ? outcome.clusters.map(({ name }) => name) : []

/**
 * A request's way through the routes of an HTTP connection manager; undefined when they could not be seen.
 *
 * @param routes the proxy's route configurations, for managers that name theirs
 */
export function walkRoutes(
  manager: HttpConnectionManager,
  routes: readonly RouteConfiguration[] | undefined,
  connection: Connection,
  request: Request,
  isUnreachable?: IsUnreachable,
): RouteWalk | undefined {
  const name = manager.rds?.routeConfigName ?? manager.routeConfig?.name
  const named = name !== undefined && { name }
  const configuration = manager.routeConfig ?? routes?.find((one) => one.name === name)
  if (configuration === undefined)
    return routes === undefined ? undefined : { ...named, branches: [], answers: [], certain: true }
  const path = normalized(request.path, manager)
  if (path === undefined) return { ...named, configuration, branches: [], answers: [], certain: true, refused: true }
  const asSeen = { ...request, path }
  const host = lookedUpHost(request.authority, configuration, manager, connection.port)
  const found = virtualHostFor(configuration, host)
  const routeless = (): FilterAnswer[] => httpFilterAnswers(manager, { connection, request: asSeen }, {}, isUnreachable)
  if (found === undefined) return { ...named, configuration, host, branches: [], answers: routeless(), certain: true }
  const { virtualHost, domain } = found
  const branch = (outcome: RouteOutcome, route?: Route): Branch => ({
    outcome,
    answers: httpFilterAnswers(
      manager,
      { connection, request: asSeen },
      { virtualHost, clusters: clustersOf(outcome), ...defined({ route }) },
      isUnreachable,
    ),
    ...defined({ route }),
  })
  // A virtual host that asks for HTTPS redirects before it looks at its routes.
  const redirect = httpsRedirect(virtualHost, asSeen, connection)
  if (redirect !== undefined)
    return {
      ...named,
      configuration,
      host,
      virtualHost,
      domain,
      branches: [branch(redirect)],
      answers: [],
      certain: true,
    }
  const taken = routesFor(virtualHost, asSeen)
  const branches = taken.routes.map((route) => branch(outcomeOf(route, asSeen), route))
  return {
    ...named,
    configuration,
    host,
    virtualHost,
    domain,
    branches,
    answers: branches.length === 0 ? routeless() : [],
    certain: taken.certain || taken.routes.length === 0,
  }
}

/** Clusters of several routes, each once; a cluster that several routes name keeps its largest share. */
function merged(branches: readonly Branch[]): Share[] {
  const shares = new Map<string, number>()
  for (const { outcome } of branches) {
    if (outcome.kind !== 'clusters') continue
    for (const { name, weight } of outcome.clusters) shares.set(name, Math.max(weight, shares.get(name) ?? 0))
  }
  return [...shares].map(([name, weight]) => ({ name, weight }))
}

const isStopped = ({ answers }: { answers: readonly FilterAnswer[] }): boolean =>
  answers.some(({ passes }) => passes === 'no')

/** Which clusters a proxy cannot send to; none while that was not seen. Endpoints of clusters that the proxy itself resolves are not held against them. */
export const unreachableFrom =
  ({ clusters, endpoints }: ProxyConfiguration): IsUnreachable =>
  (name) => {
    if (clusters === undefined) return false
    const cluster = clusters.find((one) => one.name === name)
    if (cluster === undefined) return true
    if (endpoints === undefined || cluster.type !== 'EDS') return false
    const taken = endpointsOf(
      cluster,
      endpoints.find((one) => one.name === name),
    )
    return !taken.panic && !taken.endpoints.some(({ usable }) => usable)
  }

/** Follows a request through its caller's proxy: listener, filter chain, route, up to the clusters it may go to. */
export function walkOutbound(proxy: ProxyConfiguration, connection: Connection, request: Request): OutboundWalk {
  const listener = proxy.listeners === undefined ? undefined : outboundListener(proxy.listeners, connection)
  if (listener === undefined) return { clusters: [], reached: [] }
  const chain = walkChain(listener.listener, connection)
  const walk = { listener, chain, clusters: [], reached: [] }
  const mismatch = tlsMismatch(chain, connection)
  if (mismatch !== undefined) return { ...walk, mismatch }
  if (chain.ending?.kind === 'tcp') {
    const sni = goesBySni(chain.chain?.filters ?? []) ? connection.tls?.sni : undefined
    const clusters = sni === undefined ? tcpShares(chain.ending.proxy) : [{ name: sni, weight: 100 }]
    return { ...walk, clusters, reached: isStopped(chain) ? [] : clusters }
  }
  if (chain.ending?.kind !== 'http' || isStopped(chain)) return walk
  const route = walkRoutes(chain.ending.manager, proxy.routes, connection, request, unreachableFrom(proxy))
  return route === undefined
    ? walk
    : {
        ...walk,
        route,
        clusters: merged(route.branches),
        reached: merged(route.branches.filter((branch) => !isStopped(branch))),
      }
}
