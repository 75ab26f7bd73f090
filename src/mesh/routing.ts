import { convertedKey, isConverted } from './conversion.ts'
import { fromFqdn, gatewayHost, hostMatches, hostMeant, hostsOverlap } from './host.ts'
import type { Destination, Gateway, GatewayServer, VirtualService } from './objects.ts'
import { selects } from './objects.ts'
import type { Pod } from './objects.ts'
import { defined } from './defined.ts'
import type { Target } from './target.ts'

/** One place a VirtualService sends requests to. */
export interface RoutedTo {
  /** FQDN. */
  host: string
  subset?: string
  port?: number
  /** 0 for a destination that gets no share of the requests (a weight of 0 beside others). */
  weight?: number
  protocol: 'http' | 'tcp' | 'tls'
  /** Position of the route in its list, from 0. */
  route: number
  mirror: boolean
}

/** What was read stays as it is, and is asked for again and again. */
const destinationsKnown = new WeakMap<VirtualService, readonly RoutedTo[]>()
const hostsKnown = new WeakMap<VirtualService, readonly string[]>()

/** Every destination of a VirtualService, short hosts completed with its namespace. */
export function destinationsOf(virtualService: VirtualService): readonly RoutedTo[] {
  const known = destinationsKnown.get(virtualService) ?? destinationsIn(virtualService)
  destinationsKnown.set(virtualService, known)
  return known
}

function destinationsIn(virtualService: VirtualService): RoutedTo[] {
  const to = (
    destination: Destination | undefined,
    protocol: RoutedTo['protocol'],
    route: number,
    weight: number | undefined,
    mirror: boolean,
  ): RoutedTo[] =>
    destination?.host === undefined
      ? []
      : [
          {
            host: hostMeant(destination.host, virtualService),
            protocol,
            route,
            mirror,
            ...defined({ subset: destination.subset }),
            ...(destination.port?.number !== undefined && { port: destination.port.number }),
            ...defined({ weight }),
          },
        ]
  const http = (virtualService.spec?.http ?? []).flatMap((route, index) => [
    ...(route.route ?? []).flatMap(({ destination, weight }) => to(destination, 'http', index, weight, false)),
    ...[route.mirror, ...(route.mirrors ?? []).map(({ destination }) => destination)].flatMap((mirror) =>
      to(mirror, 'http', index, undefined, true),
    ),
  ])
  const l4 = (['tcp', 'tls'] as const).flatMap((protocol) =>
    (virtualService.spec?.[protocol] ?? []).flatMap((route, index) =>
      (route.route ?? []).flatMap(({ destination, weight }) => to(destination, protocol, index, weight, false)),
    ),
  )
  return [...http, ...l4]
}

/** A VirtualService's hosts as FQDNs. */
export function hostsOf(virtualService: VirtualService): readonly string[] {
  const known =
    hostsKnown.get(virtualService) ?? (virtualService.spec?.hosts ?? []).map((host) => hostMeant(host, virtualService))
  hostsKnown.set(virtualService, known)
  return known
}

/** The gateways a VirtualService is bound to as `namespace/name`, and `mesh` for the sidecars (the default when none is named). */
export function gatewaysOf(virtualService: VirtualService): string[] {
  const named = virtualService.spec?.gateways ?? []
  if (named.length === 0) return ['mesh']
  return named.map((name) =>
    name === 'mesh' || name.includes('/') ? name : `${virtualService.metadata.namespace ?? ''}/${name}`,
  )
}

/**
 * What the proxies know a VirtualService as: itself or, for a delegate (which has no hosts of its own), those that delegate to it.
 * istiod puts a delegate's routes in their name.
 */
export function boundAs(virtualService: VirtualService, all: readonly VirtualService[]): VirtualService[] {
  const {
    metadata: { name, namespace },
    spec,
  } = virtualService
  if ((spec?.hosts ?? []).length > 0) return [virtualService]
  return all.filter((root) =>
    (root.spec?.http ?? []).some(
      ({ delegate }) => delegate?.name === name && (delegate.namespace ?? root.metadata.namespace) === namespace,
    ),
  )
}

/** `namespace/name` of a Gateway; of one of the Gateway API with its group, as both may have one name. */
export const gatewayKey = (gateway: Gateway): string =>
  isConverted(gateway)
    ? convertedKey(gateway.metadata.namespace ?? '', gateway.metadata.name)
    : `${gateway.metadata.namespace ?? ''}/${gateway.metadata.name}`

/** What takes every host: at its own Gateways, whatever no other route there names. */
export const EVERY_HOST = '*'

/** True when the VirtualService routes to one of the hosts, or takes requests for one of them by name. */
export function concerns(virtualService: VirtualService, hosts: readonly string[]): boolean {
  return (
    destinationsOf(virtualService).some(({ host }) => hosts.includes(host)) ||
    hostsOf(virtualService).some((pattern) => hosts.some((host) => takesFor(virtualService, pattern, host)))
  )
}

/** The same for a target: one that takes every host concerns it only where routes to the target do so at the same Gateway. */
export function concernsTarget(virtualService: VirtualService, { hosts, everyHostAt = [] }: Target): boolean {
  return (
    concerns(virtualService, hosts) ||
    (everyHostAt.length > 0 &&
      hostsOf(virtualService).includes(EVERY_HOST) &&
      gatewaysOf(virtualService).some((key) => everyHostAt.some(({ gateway }) => gateway === key)))
  )
}

/**
 * True when requests for a host may come to a VirtualService of such a pattern. At a gateway nobody asks for a Service's own name, and a route for all hosts
 * is for those that nothing else names.
 */
function takesFor(virtualService: VirtualService, pattern: string, host: string): boolean {
  if (pattern === host) return true
  if (!hostMatches(pattern, host)) return false
  return gatewaysOf(virtualService).includes('mesh') || (pattern !== EVERY_HOST && fromFqdn(host) === undefined)
}

/** True for a VirtualService that takes requests for any host at its gateways. */
export const isForAllHosts = (virtualService: VirtualService): boolean =>
  hostsOf(virtualService).includes(EVERY_HOST) && !gatewaysOf(virtualService).includes('mesh')

/** The Gateway's servers that take one of the VirtualService's hosts, or the one that is given, and are open to its namespace. */
export function serversTaking(gateway: Gateway, virtualService: VirtualService, host?: string): GatewayServer[] {
  const hosts = host === undefined ? hostsOf(virtualService) : [host]
  return (gateway.spec?.servers ?? []).filter((server) =>
    (server.hosts ?? []).some(
      (entry) =>
        isOpenTo(entry, gateway, virtualService) && hosts.some((one) => hostsOverlap(gatewayHost(entry).host, one)),
    ),
  )
}

/** True when a server's host entry lets VirtualServices of that namespace in: `shop/*`, `./*`, or no namespace at all. */
function isOpenTo(entry: string, gateway: Gateway, { metadata: { namespace } }: VirtualService): boolean {
  const allowed = gatewayHost(entry).namespace
  return allowed === '*' || allowed === namespace || (allowed === '.' && gateway.metadata.namespace === namespace)
}

/** The Gateway's server hosts, open to a namespace, that share a host with the VirtualService's. */
export function boundHosts(gateway: Gateway, virtualService: VirtualService): string[] {
  return (gateway.spec?.servers ?? [])
    .flatMap(({ hosts = [] }) => hosts)
    .filter(
      (entry) =>
        isOpenTo(entry, gateway, virtualService) &&
        hostsOf(virtualService).some((host) => hostsOverlap(gatewayHost(entry).host, host)),
    )
}

/** What a VirtualService has routes for. */
export function protocolsOf({ spec }: VirtualService): RoutedTo['protocol'][] {
  return (['http', 'tls', 'tcp'] as const).filter((protocol) => (spec?.[protocol] ?? []).length > 0)
}

/** True when a Gateway's server carries such routes: HTTP where TLS ends or there is none, TLS where it passes through, TCP on TCP or where a TLS stream ends. */
export function carries({ port, tls }: GatewayServer, protocol: RoutedTo['protocol']): boolean {
  const spoken = (port?.protocol ?? 'HTTP').toUpperCase()
  const passes = tls?.mode === 'PASSTHROUGH' || tls?.mode === 'AUTO_PASSTHROUGH'
  if (['HTTP', 'HTTP2', 'GRPC', 'GRPC-WEB'].includes(spoken)) return protocol === 'http'
  if (spoken === 'HTTPS') return passes ? protocol === 'tls' : protocol === 'http'
  if (spoken === 'TLS') return passes ? protocol === 'tls' || protocol === 'tcp' : protocol === 'tcp'
  return protocol === 'tcp'
}

/** The pods a Gateway's selector takes (istiod looks in every namespace, unless it is told to stay in the Gateway's own). */
export function podsOfGateway(gateway: Gateway, pods: readonly Pod[]): Pod[] {
  return pods.filter((pod) => serves(pod, gateway))
}

/** True for a pod that a Gateway's selector takes. */
export const serves = ({ metadata }: Pod, { spec, podsIn }: Gateway): boolean =>
  selects(spec?.selector, metadata.labels) && (podsIn === undefined || podsIn === metadata.namespace)
