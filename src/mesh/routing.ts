import { gatewayHost, hostMatches, hostsOverlap, toFqdn } from './host.ts'
import type { Destination, Gateway, VirtualService } from './objects.ts'
import { selects } from './objects.ts'
import type { Pod } from './objects.ts'

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

/** Every destination of a VirtualService, short hosts completed with its namespace. */
export function destinationsOf(virtualService: VirtualService): RoutedTo[] {
  const namespace = virtualService.metadata.namespace ?? ''
  const to = (destination: Destination | undefined, protocol: RoutedTo['protocol'], route: number, weight: number | undefined, mirror: boolean): RoutedTo[] =>
    destination?.host === undefined
      ? []
      : [{
          host: toFqdn(destination.host, namespace), protocol, route, mirror,
          ...(destination.subset !== undefined && { subset: destination.subset }),
          ...(destination.port?.number !== undefined && { port: destination.port.number }),
          ...(weight !== undefined && { weight }),
        }]
  const http = (virtualService.spec?.http ?? []).flatMap((route, index) => [
    ...(route.route ?? []).flatMap(({ destination, weight }) => to(destination, 'http', index, weight, false)),
    ...[route.mirror, ...(route.mirrors ?? []).map(({ destination }) => destination)].flatMap((mirror) => to(mirror, 'http', index, undefined, true)),
  ])
  const l4 = (['tcp', 'tls'] as const).flatMap((protocol) =>
    (virtualService.spec?.[protocol] ?? []).flatMap((route, index) => (route.route ?? []).flatMap(({ destination, weight }) => to(destination, protocol, index, weight, false))),
  )
  return [...http, ...l4]
}

/** A VirtualService's hosts as FQDNs. */
export function hostsOf(virtualService: VirtualService): string[] {
  return (virtualService.spec?.hosts ?? []).map((host) => toFqdn(host, virtualService.metadata.namespace ?? ''))
}

/** The gateways a VirtualService is bound to as `namespace/name`, and `mesh` for the sidecars (the default when none is named). */
export function gatewaysOf(virtualService: VirtualService): string[] {
  const named = virtualService.spec?.gateways ?? []
  if (named.length === 0) return ['mesh']
  return named.map((name) => (name === 'mesh' || name.includes('/') ? name : `${virtualService.metadata.namespace ?? ''}/${name}`))
}

/** `namespace/name` of a Gateway. */
export const gatewayKey = (gateway: Gateway): string => `${gateway.metadata.namespace ?? ''}/${gateway.metadata.name}`

/** True when the VirtualService routes to one of the hosts, or takes requests for one of them. */
export function concerns(virtualService: VirtualService, hosts: readonly string[]): boolean {
  return destinationsOf(virtualService).some(({ host }) => hosts.includes(host)) || hostsOf(virtualService).some((pattern) => hosts.some((host) => hostMatches(pattern, host)))
}

/** The Gateway's server hosts, open to a namespace, that share a host with the VirtualService's. */
export function boundHosts(gateway: Gateway, virtualService: VirtualService): string[] {
  const namespace = virtualService.metadata.namespace ?? ''
  return (gateway.spec?.servers ?? []).flatMap(({ hosts = [] }) => hosts).filter((entry) => {
    const allowed = gatewayHost(entry)
    const open = allowed.namespace === '*' || allowed.namespace === namespace || (allowed.namespace === '.' && gateway.metadata.namespace === namespace)
    return open && hostsOf(virtualService).some((host) => hostsOverlap(allowed.host, host))
  })
}

/** The pods a Gateway's selector takes (istiod looks in every namespace, unless it is told to stay in the Gateway's own). */
export function podsOfGateway(gateway: Gateway, pods: readonly Pod[]): Pod[] {
  return pods.filter((pod) => selects(gateway.spec?.selector, pod.metadata.labels))
}
