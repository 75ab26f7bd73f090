import { gatewaysFor } from '../../checks/facts/proxies-of.ts'
import { allRoutes, routesFor } from '../../checks/facts/routes.ts'
import type { MeshRoute } from '../../mesh/conversion.ts'
import { isConverted } from '../../mesh/conversion.ts'
import { podsOf, servicesOf } from '../../checks/facts/owners.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { fromFqdn, gatewayHost, hostMatches } from '../../mesh/host.ts'
import type { Gateway, HttpMatch, Pod } from '../../mesh/objects.ts'
import { refOf } from '../../mesh/objects.ts'
import { proxyAnswers } from '../../mesh/pods.ts'
import { sameRef } from '../../mesh/ref.ts'
import { EVERY_HOST, podsOfGateway } from '../../mesh/routing.ts'
import { boundAs, concernsTarget, destinationsOf, gatewayKey, gatewaysOf, hostsOf } from '../../mesh/routing.ts'
import type { Target } from '../../mesh/target.ts'
import { gatewaysTaking } from '../follow/destination.ts'
import type { FollowWords } from '../follow/question.ts'
import { FollowSyntaxError, parseFollow } from '../follow/question.ts'
import type { Caller } from '../follow/report.ts'
import type { RequestClass } from './classes.ts'
import { hostsNamed } from './named-hosts.ts'
import { singledOut } from './singled-out.ts'

/** Hosts that are asked for at gateways, and routes of each, at most. */
const MOST_HOSTS = 4
const MOST_ROUTES = 6

interface Wanted {
  host: string
  port?: number | undefined
  path?: string | undefined
  method?: string | undefined
  headers?: string[]
}

function made({ host, port, path = '/', method, headers }: Wanted, caller: Caller, words: FollowWords): RequestClass[] {
  try {
    const question = parseFollow(`${host}${port === undefined ? '' : `:${port}`}${path}`, { ...words, method, headers })
    return [{ caller, question: { ...question, moreHeaders: true }, isNamed: true, requests: [] }]
  } catch (error) {
    if (error instanceof FollowSyntaxError) return []
    throw error
  }
}

/** A request that a match takes; undefined when a regular expression would have to be made up for. */
function requestFor({ uri, method, headers = {}, queryParams }: HttpMatch): Omit<Wanted, 'host'> | undefined {
  const path = uri === undefined ? '/' : (uri.exact ?? uri.prefix)
  const named = Object.entries(headers).map(([name, { exact, prefix }]) => ({ name, value: exact ?? prefix }))
  if (path === undefined || queryParams !== undefined || named.some(({ value }) => value === undefined))
    return undefined
  return {
    path: path.startsWith('/') ? path : `/${path}`,
    ...(method?.exact !== undefined && { method: method.exact }),
    headers: named.map(({ name, value = '' }) => `${name}=${value}`),
  }
}

/** One request for each rule of the routes that take the host and lead to the target. */
function routed(host: string, gateway: Gateway, target: Target, evidence: Evidence): Wanted[] {
  const all = allRoutes(evidence)
  const concerned = all.filter(
    (one) => concernsTarget(one, target) && boundAs(one, all).some((root) => hostsOf(root).includes(host)),
  )
  const bound = concerned.filter((one) =>
    boundAs(one, all).some((root) => gatewaysOf(root).includes(gatewayKey(gateway))),
  )
  const matches = (bound.length === 0 ? concerned : bound)
    .flatMap(({ spec }) => spec?.http ?? [])
    .map(({ match }) => match?.[0])
  const wanted = matches.flatMap((match) => {
    const request = match === undefined ? {} : requestFor(match)
    return request === undefined ? [] : [{ host, ...request }]
  })
  return (matches.length === 0 ? [{ host }] : wanted).slice(0, MOST_ROUTES)
}

/** The port of the first server that takes a host. */
const portFor = (host: string, { spec }: Gateway): number | undefined =>
  (spec?.servers ?? []).find(({ hosts = [] }) => hosts.some((one) => hostMatches(gatewayHost(one).host, host)))?.port
    ?.number

/**
 * The lower, the likelier the gateway takes the host for the target and not for somebody else: routes that lead there are bound to it, or routes for the host, or it names
 * the host. One for all hosts does so beside the target or its routes alone: undefined elsewhere.
 */
function ranked(host: string, target: Target, evidence: Evidence): (gateway: Gateway) => number | undefined {
  const boundTo = (routes: readonly MeshRoute[]): ReadonlySet<string> =>
    new Set(routes.flatMap((one) => boundAs(one, allRoutes(evidence))).flatMap(gatewaysOf))
  const concerning = routesFor(evidence, target)
  const leading = boundTo(concerning.filter((one) => destinationsOf(one).some((to) => target.hosts.includes(to.host))))
  const named = boundTo(concerning)
  const beside = new Set([
    target.namespace,
    ...target.services.map(({ namespace }) => namespace),
    ...concerning.map(({ metadata }) => metadata.namespace),
  ])
  return (gateway) => {
    const key = gatewayKey(gateway)
    if (leading.has(key)) return 0
    if (named.has(key)) return 1
    const hosts = (gateway.spec?.servers ?? [])
      .flatMap((server) => server.hosts ?? [])
      .map((entry) => gatewayHost(entry).host)
    if (hosts.some((one) => one !== EVERY_HOST && hostMatches(one, host))) return 2
    return beside.has(gateway.metadata.namespace) ? 3 : undefined
  }
}

/** Requests through the gateways that nobody was seen to make: one for each host and route that leads to the target. */
function throughGateways(target: Target, seen: readonly RequestClass[], evidence: Evidence): RequestClass[] {
  const named = hostsNamed(target, evidence)
  const outer = [...named].filter(
    (host) =>
      !host.includes('*') &&
      fromFqdn(host) === undefined &&
      !seen.some(({ caller, question }) => caller?.kind === 'ingress' && question.host === host),
  )
  return outer.slice(0, MOST_HOSTS).flatMap((host) => {
    const taking = gatewaysTaking(host, evidence)
    const rank = ranked(host, target, evidence)
    const gateways = (taking.length > 0 ? taking : gatewaysFor(evidence, target))
      .flatMap((gateway) => {
        const place = rank(gateway)
        return place === undefined ? [] : [{ gateway, place }]
      })
      .toSorted((a, b) => a.place - b.place)
      .map(({ gateway }) => gateway)
    const [at] = gateways.flatMap((gateway) =>
      podsOfGateway(gateway, evidence.objects('pods'))
        .filter((one) => proxyAnswers(one) && evidence.seenOf('listeners', refOf(one)) !== undefined)
        .map((pod) => ({ gateway, pod })),
    )
    if (at === undefined) return []
    const { gateway, pod } = at
    const asked = target.path === undefined ? routed(host, gateway, target, evidence) : [{ host, path: target.path }]
    const port = target.port ?? (isConverted(gateway) ? portFor(host, gateway) : undefined)
    return asked.flatMap((wanted) =>
      made({ ...wanted, port }, { kind: 'ingress', pod: refOf(pod) }, { from: 'ingress' }),
    )
  })
}

/** Requests to the target's own host, one for each port, as a sidecar would send them for its application. */
function sentBy(pod: Pod, target: Target, evidence: Evidence): RequestClass[] {
  const host = target.hosts.find((one) => !one.includes('*') && fromFqdn(one) !== undefined)
  if (host === undefined) return []
  const [service] = servicesOf(target, evidence)
  const ports = target.port === undefined ? (service?.spec?.ports ?? []).map(({ port }) => port) : [target.port]
  const inMesh = allRoutes(evidence).find((one) => gatewaysOf(one).includes('mesh') && hostsOf(one).includes(host))
  const path = target.path ?? routedPath(inMesh)
  const words = { from: `pod/${pod.metadata.name}`, namespace: pod.metadata.namespace }
  return ports
    .slice(0, MOST_HOSTS)
    .flatMap((port) => made({ host, port, path }, { kind: 'sidecar', pod: refOf(pod) }, words))
}

/** Requests as neighbours would make them: from a sidecar of the target's that was read. */
function fromSidecars(target: Target, seen: readonly RequestClass[], evidence: Evidence): RequestClass[] {
  if (seen.some(({ caller }) => caller?.kind === 'sidecar')) return []
  const [pod] = podsOf(target, evidence).filter(
    (one) => proxyAnswers(one) && evidence.seenOf('listeners', refOf(one)) !== undefined,
  )
  return pod === undefined ? [] : sentBy(pod, target, evidence)
}

/** Requests of callers that objects treat on their own, and that nobody saw call. Those beyond the bound have no proxy that was read: they are named, and not followed. */
const fromSingledOut = (target: Target, seen: readonly RequestClass[], evidence: Evidence): RequestClass[] =>
  singledOut(evidence, target)
    .filter((pod) => !seen.some(({ caller }) => caller !== undefined && sameRef(caller.pod, refOf(pod))))
    .flatMap((pod) => sentBy(pod, target, evidence))

function routedPath(one: { spec?: { http?: { match?: HttpMatch[] }[] } } | undefined): string {
  const match = one?.spec?.http?.flatMap(({ match: matches = [] }) => matches)[0]
  return (match === undefined ? undefined : requestFor(match)?.path) ?? '/'
}

/** Routes to the target for which no request can be made up, and why. */
export function routesWithoutRequest(
  target: Target,
  evidence: Evidence,
): { method: string; host: string; path: string; why: string }[] {
  const all = evidence.objects('virtual-services')
  const routes = all
    .filter(
      (one) => concernsTarget(one, target) && gatewaysOf(boundAs(one, all)[0] ?? one).some((name) => name !== 'mesh'),
    )
    .flatMap((one) => {
      const [host = ''] = boundAs(one, all).flatMap(hostsOf)
      return (one.spec?.http ?? []).flatMap(({ match: [match] = [] }) =>
        match === undefined || requestFor(match) !== undefined ? [] : [{ host, match }],
      )
    })
  const patterns = all
    .filter((one) => concernsTarget(one, target) && gatewaysOf(one).some((name) => name !== 'mesh'))
    .flatMap((one) => hostsOf(one))
    .filter((host) => host.includes('*'))
  return [
    ...routes.map(({ host, match: { uri, method } }) => ({
      method: method?.exact ?? 'GET',
      host,
      path: uri?.exact ?? uri?.prefix ?? `~ ${uri?.regex ?? '/'}`,
      why: 'its route asks by regular expressions or a query: which request would fit is not known',
    })),
    ...[...new Set(patterns)].map((host) => ({
      method: 'GET',
      host,
      path: '/',
      why: 'only a pattern of its hosts is known',
    })),
  ]
}

/** Classes of requests that were not seen, made from the objects that lead to the target. */
export function madeClasses(target: Target, seen: readonly RequestClass[], evidence: Evidence): RequestClass[] {
  return [
    ...throughGateways(target, seen, evidence),
    ...fromSidecars(target, seen, evidence),
    ...fromSingledOut(target, seen, evidence),
  ]
}
