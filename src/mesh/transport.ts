import type { Cluster, FilterChain, Listener } from './envoy.ts'

/**
 * What a proxy speaks to a cluster's endpoints: `automatic` is mutual TLS to those with a sidecar and plain text to the others; `mutual` is TLS
 * with Istio's own certificate, whatever the endpoint; `tls` is TLS with another certificate or none.
 */
export type Spoken = 'plaintext' | 'automatic' | 'mutual' | 'tls'

export interface TlsContext {
  commonTlsContext?: { alpnProtocols?: string[]; tlsCertificateSdsSecretConfigs?: { name?: string }[] }
  requireClientCertificate?: boolean
}

const TLS_SOCKET = 'envoy.transport_sockets.tls'
/** The name of every proxy's own certificate in its secret discovery. */
const OWN_CERTIFICATE = 'default'

/** What a cluster's transport sockets make a proxy speak. */
export function spokenTo({ transportSocket, transportSocketMatches = [] }: Cluster): Spoken {
  if (transportSocketMatches.length > 0) return 'automatic'
  if (transportSocket?.name !== TLS_SOCKET) return 'plaintext'
  const certificates =
    (transportSocket.typedConfig as TlsContext | undefined)?.commonTlsContext?.tlsCertificateSdsSecretConfigs ?? []
  return certificates.some(({ name }) => name === OWN_CERTIFICATE) ? 'mutual' : 'tls'
}

/** The listener that takes every connection into a pod with a sidecar. */
const INBOUND = 'virtualInbound'

const istioAlpn = (protocol: string): boolean => protocol.startsWith('istio')

/** True when a chain's match takes TLS with Istio's protocols, TLS without them, or plain text. */
function takes({ filterChainMatch = {} }: FilterChain, spoken: Exclude<Spoken, 'automatic'>): boolean {
  const { transportProtocol, applicationProtocols = [] } = filterChainMatch
  if (spoken === 'plaintext') return transportProtocol !== 'tls'
  if (transportProtocol === 'raw_buffer') return false
  return applicationProtocols.length === 0 || (spoken === 'mutual' && applicationProtocols.some(istioAlpn))
}

/**
 * The filter chain by which a pod's sidecar takes a connection to one of its ports; undefined when none does and the connection is closed.
 * Chains for the very port shut out all others, as Envoy matches the port first. Without a TLS inspector all counts as plain text.
 */
function chainFor(
  { filterChains = [], listenerFilters = [] }: Listener,
  port: number,
  spoken: Exclude<Spoken, 'automatic'>,
): FilterChain | undefined {
  const of = (wanted: number | undefined): FilterChain[] =>
    filterChains.filter(({ filterChainMatch }) => filterChainMatch?.destinationPort === wanted)
  const exact = of(port)
  const chains = exact.length > 0 ? exact : of(undefined)
  const inspects =
    listenerFilters.some(({ name }) => name === 'envoy.filters.listener.tls_inspector') &&
    chains.some(({ filterChainMatch }) => filterChainMatch?.transportProtocol === 'tls')
  const all = chains.filter((chain) => takes(chain, inspects ? spoken : 'plaintext'))
  return all.find(({ filterChainMatch }) => filterChainMatch?.applicationProtocols?.some(istioAlpn)) ?? all[0]
}

/** How a sidecar answers what a caller speaks: it ends the TLS or takes the plain text, passes TLS on to an application that may end it, or refuses. */
export type Answer = 'taken' | 'passed-on' | 'refused'

/** How a pod's sidecar answers on one of the pod's ports; undefined when its listeners say nothing of it. */
export function answerOf(
  listeners: readonly Listener[],
  port: number,
  spoken: Exclude<Spoken, 'automatic'>,
): Answer | undefined {
  const inbound = listeners.find(({ name }) => name === INBOUND)
  if (inbound === undefined) return undefined
  const chain = chainFor(inbound, port, spoken)
  if (chain === undefined) return 'refused'
  const tls = chain.transportSocket?.typedConfig as TlsContext | undefined
  if (spoken === 'plaintext') return tls === undefined ? 'taken' : 'refused'
  if (tls !== undefined) return spoken === 'mutual' || tls.requireClientCertificate !== true ? 'taken' : 'refused'
  const readsHttp = (chain.filters ?? []).some(({ name }) => name === 'envoy.filters.network.http_connection_manager')
  return readsHttp ? 'refused' : 'passed-on'
}
