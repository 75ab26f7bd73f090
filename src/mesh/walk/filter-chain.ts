import type { AddressRange, FilterChain, FilterChainMatch, Listener, ListenerFilterPredicate } from '../envoy.ts'
import { inRange } from './address.ts'
import type { Connection } from './request.ts'
import { defined } from '../defined.ts'

/** What the listener's filters find out about a connection. */
export interface Detected {
  transport: 'tls' | 'raw_buffer'
  sni?: string
  /** TLS: what the ClientHello offers. Plain text: `http/1.1` when HTTP was recognised. */
  alpn: readonly string[]
}

/** True when a listener filter is left out for the connection's port. */
function disabled(predicate: ListenerFilterPredicate | undefined, port: number): boolean {
  if (predicate === undefined) return false
  const { destinationPortRange, anyMatch, notMatch, orMatch, andMatch } = predicate
  if (anyMatch === true) return true
  if (destinationPortRange !== undefined)
    return port >= (destinationPortRange.start ?? 0) && port < (destinationPortRange.end ?? 0)
  if (notMatch !== undefined) return !disabled(notMatch, port)
  if (orMatch !== undefined) return (orMatch.rules ?? []).some((rule) => disabled(rule, port))
  return andMatch !== undefined && (andMatch.rules ?? []).every((rule) => disabled(rule, port))
}

/** What a listener recognises in a connection that carries HTTP, inside TLS or not. Without its inspectors a listener takes everything for plain bytes. */
export function detect(listener: Listener, connection: Connection): Detected {
  const has = (name: string): boolean =>
    (listener.listenerFilters ?? []).some(
      (filter) => (filter.name ?? '').includes(name) && !disabled(filter.filterDisabled, connection.port),
    )
  if (connection.tls !== undefined && has('tls_inspector'))
    return {
      transport: 'tls',
      alpn: connection.tls.alpn,
      ...(connection.tls.sni !== undefined && { sni: connection.tls.sni.toLowerCase() }),
    }
  return { transport: 'raw_buffer', alpn: connection.tls === undefined && has('http_inspector') ? ['http/1.1'] : [] }
}

/** The longest matching prefix of a list; -1 for none; 0 when the chain asks for no address. */
function prefixLength(ranges: readonly AddressRange[] | undefined, address: string | undefined): number {
  if (ranges === undefined || ranges.length === 0) return 0
  if (address === undefined) return -1
  return Math.max(-1, ...ranges.filter((range) => inRange(address, range)).map(({ prefixLen = 0 }) => prefixLen + 1))
}

/** How closely one of the chain's server names takes the SNI: exact before longer before shorter wildcards; 0 when it asks for none, -1 when none takes it. */
function sniCloseness(names: readonly string[] | undefined, sni: string | undefined): number {
  if (names === undefined || names.length === 0) return 0
  if (sni === undefined) return -1
  return Math.max(
    -1,
    ...names.map((name) => {
      const wanted = name.toLowerCase()
      if (wanted === sni) return Infinity
      return wanted.startsWith('*.') && sni.endsWith(wanted.slice(1)) ? wanted.length : -1
    }),
  )
}

/** Keeps the chains that rank highest; those below zero are out. */
function closest(chains: readonly FilterChain[], rank: (match: FilterChainMatch) => number): FilterChain[] {
  const ranked = chains
    .map((chain) => ({ chain, rank: rank(chain.filterChainMatch ?? {}) }))
    .filter((one) => one.rank >= 0)
  const best = Math.max(...ranked.map((one) => one.rank))
  return ranked.filter((one) => one.rank === best).map(({ chain }) => chain)
}

export interface ChainTaken {
  /** Absent when no chain takes the connection: Envoy closes it. */
  chain?: FilterChain
  isDefault: boolean
  detected: Detected
  /** What chains ask for that is not known of the connection. */
  unsure: string[]
}

/**
 * The filter chain that takes a connection. As in Envoy, each criterion keeps only the chains that fit most closely, in this order and without
 * going back: destination port, destination address, SNI, transport, application protocol.
 */
export function filterChainFor(listener: Listener, connection: Connection): ChainTaken {
  const detected = detect(listener, connection)
  const { transport, sni, alpn } = detected
  const unsure: string[] = []
  if (listener.filterChainMatcher !== undefined) unsure.push('its filter chains are chosen by a matcher tree')
  let chains = closest(listener.filterChains ?? [], ({ destinationPort }) =>
    destinationPort === undefined ? 0 : destinationPort === connection.port ? 1 : -1,
  )
  if (
    connection.address === undefined &&
    chains.some(({ filterChainMatch }) => (filterChainMatch?.prefixRanges ?? []).length > 0)
  )
    unsure.push('filter chains ask for the destination address')
  chains = closest(chains, ({ prefixRanges }) => prefixLength(prefixRanges, connection.address))
  chains = closest(chains, ({ serverNames }) => sniCloseness(serverNames, sni))
  chains = closest(chains, ({ transportProtocol = '' }) =>
    transportProtocol === '' ? 0 : transportProtocol === transport ? 1 : -1,
  )
  chains = closest(chains, ({ applicationProtocols = [] }) =>
    applicationProtocols.length === 0 ? 0 : protocolRank(applicationProtocols, alpn),
  )
  const bySource = chains.filter(
    ({ filterChainMatch: match }) =>
      (match?.sourcePrefixRanges ?? match?.directSourcePrefixRanges ?? match?.sourcePorts) !== undefined ||
      (match?.sourceType ?? 'ANY') !== 'ANY',
  )
  if (bySource.length > 0) unsure.push('filter chains ask where the connection comes from')
  const chain = chains.find((one) => !bySource.includes(one)) ?? chains[0]
  if (chain !== undefined) return { chain, isDefault: false, detected, unsure }
  return {
    isDefault: listener.defaultFilterChain !== undefined,
    detected,
    unsure,
    ...defined({ chain: listener.defaultFilterChain }),
  }
}

/** The first protocol offered that a chain has decides between chains; -1 when the chain has none of them. */
function protocolRank(wanted: readonly string[], offered: readonly string[]): number {
  const first = offered.findIndex((protocol) => wanted.includes(protocol))
  return first === -1 ? -1 : offered.length - first
}
