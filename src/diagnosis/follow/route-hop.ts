import { madeFrom } from '../../checks/facts/made-from.ts'
import { streamRoutesOf } from '../../checks/facts/stream-routes.ts'
import type { Route } from '../../mesh/envoy.ts'
import { originOf } from '../../mesh/envoy.ts'
import { conditionsOfRoute, describeMatch } from '../../mesh/http-match.ts'
import { nearestNames } from '../../mesh/names.ts'
import { refOf } from '../../mesh/objects.ts'
import type { Ref } from '../../mesh/ref.ts'
import { uniqueRefs } from '../../mesh/ref.ts'
import type { Branch, RouteWalk } from '../../mesh/walk/outbound.ts'
import type { Share } from '../../mesh/walk/route-action.ts'
import { goesOutside } from './cluster-hop.ts'
import { patching } from './envoy-filters.ts'
import { notesOf } from './listener-hop.ts'
import { quoteOf } from './piece.ts'
import type { Circle } from './redirects.ts'
import { redirectCircle } from './redirects.ts'
import type { Hop } from './report.ts'
import type { Trace } from './trace.ts'
import { proxyCommand, whyUnseen } from './trace.ts'

/** Routes of a virtual host that are named when none takes a request. */
const MOST_ROUTES = 5

const sharesText = (clusters: readonly Share[]): string =>
  clusters.length === 1
    ? (clusters[0]?.name ?? '')
    : clusters.map(({ name, weight }) => `${weight} % ${name}`).join(', ')
const matchText = ({ match }: Route): string => describeMatch(conditionsOfRoute(match))
const routeText = (route: Route): string =>
  `${route.name === undefined || route.name === '' ? 'the route' : `route ${route.name}`} (${matchText(route)})`

/** Timeout, retries and mirrors of a route. */
function settings({ route, outcome }: Branch): string[] {
  const action = route?.route
  if (action === undefined) return []
  const { timeout = '15s', retryPolicy } = action
  const retries = retryPolicy?.numRetries ?? 1
  return [
    timeout === '0s' ? 'no timeout' : `timeout ${timeout}`,
    ...(retryPolicy === undefined
      ? []
      : [
          retries === 0
            ? 'no retries'
            : `up to ${retries} ${retries === 1 ? 'retry' : 'retries'} on ${(retryPolicy.retryOn ?? '').replaceAll(',', ', ')}`,
        ]),
    ...(outcome.kind === 'clusters' && outcome.mirrors.length > 0
      ? [`a copy goes to ${outcome.mirrors.join(', ')}`]
      : []),
  ]
}

function objectsOf(branches: readonly Branch[], trace: Trace): Ref[] {
  const origins = branches.flatMap(
    ({ route }) => (route === undefined ? undefined : madeFrom(route, trace.evidence)) ?? [],
  )
  const context = trace.caller.kind === 'ingress' ? 'GATEWAY' : 'SIDECAR_OUTBOUND'
  const refs = [
    ...origins,
    ...patching(['ROUTE_CONFIGURATION', 'VIRTUAL_HOST', 'HTTP_ROUTE'], context, trace.callerPod, trace.evidence),
  ]
  return refs.filter(
    (ref, index) =>
      refs.findIndex(
        (other) => other.kind === ref.kind && other.namespace === ref.namespace && other.name === ref.name,
      ) === index,
  )
}

/** The virtual host and route as they are configured, without the virtual host's other routes. */
const pieceOf = ({ name, virtualHost, branches }: RouteWalk): unknown => ({
  name,
  virtualHost: {
    name: virtualHost?.name,
    domains: virtualHost?.domains?.slice(0, 4),
    routes: branches.flatMap(({ route }) => route ?? []),
  },
})

const REGISTRY_ONLY = 'the mesh lets nothing out that is not registered (outboundTrafficPolicy REGISTRY_ONLY)'

/** What one branch comes to: whether the request goes on, and how it is said. */
function saysOf(
  branch: Branch,
  { virtualHost }: RouteWalk,
  circle: Circle | undefined,
): { ok: boolean; sure: boolean; says: string } {
  const { outcome, route, answers } = branch
  const fault = answers.find(({ passes, kind }) => passes !== 'yes' && kind === 'fault')
  const which =
    route === undefined
      ? 'The virtual host'
      : routeText(route)
          .replace(/^the/, 'The')
          .replace(/^route/, 'Route')
  if (fault?.share !== undefined)
    return {
      ok: false,
      sure: true,
      says: `${which}: ${fault.says ?? 'an injected fault answers'}.${outcome.kind === 'clusters' && fault.share < 100 ? ` The others go to ${sharesText(outcome.clusters)}.` : ''}`,
    }
  if (outcome.kind === 'unknown') return { ok: true, sure: false, says: `${which}: ${outcome.why}.` }
  if (outcome.kind === 'redirect' && circle !== undefined)
    return {
      ok: false,
      sure: true,
      says: `${which} redirects to ${circle.places.join(', which redirects to ')} (${outcome.status}): the client is redirected in a loop until it gives up.`,
    }
  if (outcome.kind === 'redirect')
    return {
      ok: true,
      sure: true,
      says: `${which} redirects to ${outcome.to} (${outcome.status}): the proxy answers itself.`,
    }
  if (outcome.kind === 'direct') {
    const black = virtualHost?.name === 'block_all'
    return {
      ok: outcome.status < 400,
      sure: true,
      says: `${which} answers ${outcome.status} itself${black ? `: the host is unknown to this proxy, and ${REGISTRY_ONLY}` : ''}.`,
    }
  }
  if (outcome.clusters.length === 0)
    return { ok: false, sure: true, says: `${which} sends to no cluster: every destination has weight 0.` }
  return { ok: true, sure: fault === undefined, says: `${which} sends to ${sharesText(outcome.clusters)}.` }
}

/** Why no route takes the request. */
function noRoute(
  { configuration, host = '', virtualHost, name = '', refused, domain }: RouteWalk,
  { sent: { request } }: Trace,
): string {
  if (configuration === undefined)
    return `The proxy has no route configuration ${name}: Envoy answers 404 (route_configuration_not_found).`
  if (refused === true)
    return `The path ${request.path} is refused: it has escaped slashes, and pathNormalization rejects these (400).`
  if (virtualHost === undefined) {
    const domains = (configuration.virtualHosts ?? []).flatMap((one) => one.domains ?? [])
    const near = nearestNames(host, domains)
    return `No virtual host of ${name} matches the host ${host}: Envoy answers 404 (NR route_not_found).${near.length > 0 ? ` Nearest: ${near.join(', ')}.` : domains.length > 0 && domains.length <= 5 ? ` There are: ${domains.join(', ')}.` : ''}`
  }
  // istiod's stand-in where a gateway's port has no routes at all.
  if (virtualHost.name?.startsWith('blackhole:') === true)
    return `The gateway has no route for ${host}: no VirtualService that matches it is bound to this port (virtual host ${virtualHost.name}). Envoy answers 404 (NR route_not_found).`
  const routes = virtualHost.routes ?? []
  const more = routes.length > MOST_ROUTES ? `, and ${routes.length - MOST_ROUTES} more` : ''
  return `Virtual host ${virtualHost.name ?? domain ?? ''} has no route for ${request.method} ${request.path}${routes.length === 0 ? '' : `, only ${routes.slice(0, MOST_ROUTES).map(matchText).join('; ')}${more}`}: Envoy answers 404 (NR route_not_found).`
}

/** The hop at the routes of the caller's proxy; undefined when the request came to no routes. */
export function routeHop(trace: Trace): Hop | undefined {
  const {
    caller: { pod },
    evidence,
    context,
    walk: { chain, mismatch, route, clusters },
  } = trace
  if (mismatch !== undefined) return undefined
  if (chain?.ending?.kind === 'tcp') {
    const [first] = clusters
    const outside = first !== undefined && goesOutside(first.name)
    return {
      stage: 'route',
      ok: first !== undefined,
      sure: true,
      name: 'tcp_proxy',
      objects: [
        ...[originOf(chain.chain?.metadata)].flatMap((ref) => ref ?? []),
        ...streamRoutesOf(
          chain.chain?.filterChainMatch?.serverNames ?? [],
          clusters.map(({ name }) => name),
          evidence,
        ).map(refOf),
      ],
      notes: [],
      says:
        first === undefined
          ? 'The TCP proxy names no cluster.'
          : outside
            ? `Nothing in this proxy is configured for the destination: the TCP proxy sends to ${first.name}.`
            : `The TCP proxy sends to ${sharesText(clusters)}: HTTP routes do not apply.`,
      command: proxyCommand('listeners', pod, { port: trace.sent.connection.port }, context),
    }
  }
  if (chain?.ending?.kind !== 'http') return undefined
  const named = chain.ending.manager.rds?.routeConfigName
  const about = {
    stage: 'route' as const,
    objects: [] as Ref[],
    notes: [] as string[],
    command: proxyCommand('routes', pod, { name: route?.name ?? named }, context),
  }
  if (route === undefined)
    return {
      ...about,
      ok: false,
      sure: false,
      name: named ?? 'routes',
      says: `The routes of ${pod.name} could not be seen: ${whyUnseen('route', pod, evidence)}.`,
    }
  const { virtualHost, branches, certain, name = 'routes' } = route
  const circle = redirectCircle(trace)
  const whole = {
    ...about,
    name: virtualHost?.name === undefined ? name : `${name} ${virtualHost.name}`,
    objects: uniqueRefs([...objectsOf(branches, trace), ...(circle?.makers ?? [])]),
  }
  const [first] = branches
  if (first === undefined)
    return {
      ...whole,
      ok: false,
      sure: true,
      says: noRoute(route, trace),
      ...(virtualHost !== undefined && { quote: quoteOf({ name, virtualHost }) }),
    }
  const told = branches.map((branch) => saysOf(branch, route, circle))
  const open = branches.length > 1 || !certain
  const notes = [
    ...(route.domain === undefined
      ? []
      : [`virtual host ${virtualHost?.name ?? ''} matches the host by its domain ${route.domain}`]),
    ...branches.flatMap(settings),
    ...notesOf(branches.flatMap(({ answers }) => answers.filter(({ kind }) => kind === 'fault'))),
    ...(open
      ? [`which route matches depends on what is not known about the request${certain ? '' : '; it may be none'}`]
      : []),
  ]
  return {
    ...whole,
    ok: told.every(({ ok }) => ok) || (open && told.some(({ ok }) => ok)),
    sure: certain && told.every(({ sure }) => sure) && (told.every(({ ok }) => ok) || told.every(({ ok }) => !ok)),
    says: told.map(({ says }) => says).join(' '),
    notes: [...new Set(notes)],
    quote: quoteOf(pieceOf(route)),
  }
}
