import type { RouteConfiguration, VirtualHost } from '../envoy.ts'
import type { HttpConnectionManager } from './network-filters.ts'

/** A host without its port; brackets of an IPv6 address stay. */
const withoutPort = (authority: string): string => authority.replace(/:\d+$/, '')

/** The host as virtual hosts are looked up by it. */
export function lookedUpHost(
  authority: string,
  { ignorePortInHostMatching }: RouteConfiguration,
  { stripAnyHostPort, stripMatchingHostPort, stripTrailingHostDot }: HttpConnectionManager,
  listenerPort: number,
): string {
  let host = authority.toLowerCase()
  if (stripTrailingHostDot === true) host = host.replace(/\.(:\d+)?$/, '$1')
  if (
    stripAnyHostPort === true ||
    (stripMatchingHostPort === true && host.endsWith(`:${listenerPort}`)) ||
    ignorePortInHostMatching === true
  )
    host = withoutPort(host)
  return host
}

/** How closely a domain takes a host, in Envoy's order: exact, longest suffix wildcard, longest prefix wildcard, `*`; undefined when it doesn't. */
function closeness(domain: string, host: string): [rank: number, length: number] | undefined {
  const wanted = domain.toLowerCase()
  if (wanted === host) return [4, wanted.length]
  if (wanted === '*') return [1, 0]
  // A wildcard stands for at least one character.
  if (wanted.length > host.length) return undefined
  if (wanted.startsWith('*') && host.endsWith(wanted.slice(1))) return [3, wanted.length]
  return wanted.endsWith('*') && host.startsWith(wanted.slice(0, -1)) ? [2, wanted.length] : undefined
}

/** The virtual host that takes a host, and by which of its domains; undefined when none does. */
export function virtualHostFor(
  { virtualHosts = [] }: RouteConfiguration,
  host: string,
): { virtualHost: VirtualHost; domain: string } | undefined {
  let best: { virtualHost: VirtualHost; domain: string; rank: number; length: number } | undefined
  for (const virtualHost of virtualHosts) {
    for (const domain of virtualHost.domains ?? []) {
      const [rank, length] = closeness(domain, host) ?? []
      if (rank === undefined || length === undefined) continue
      if (best === undefined || rank > best.rank || (rank === best.rank && length > best.length))
        best = { virtualHost, domain, rank, length }
    }
  }
  return best
}
