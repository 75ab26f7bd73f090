import type { Cluster, NetworkFilter } from '../envoy.ts'
import { typeOf } from './network-filters.ts'
import { defined } from '../defined.ts'

export interface UpstreamTls {
  sni?: string
  commonTlsContext?: {
    alpnProtocols?: string[]
    tlsCertificateSdsSecretConfigs?: { name?: string }[]
    tlsCertificates?: unknown[]
  }
}

/** How a proxy speaks to a cluster's endpoint. */
export interface Transport {
  /** `mutual`: with a certificate of its own; absent `tls` means plain text. */
  tls?: { sni?: string; alpn: string[]; mutual: boolean }
  /** The name of the transport socket match that was used: `tlsMode-istio`, `tlsMode-disabled`. */
  match?: string
}

function transportOf(socket: NetworkFilter | undefined): Transport {
  if (socket === undefined || !/Tls/i.test(typeOf(socket))) return {}
  const { sni, commonTlsContext = {} } = (socket.typedConfig ?? {}) as UpstreamTls
  const mutual = (commonTlsContext.tlsCertificateSdsSecretConfigs ?? commonTlsContext.tlsCertificates ?? []).length > 0
  return { tls: { alpn: commonTlsContext.alpnProtocols ?? [], mutual, ...defined({ sni }) } }
}

/**
 * How a proxy speaks to an endpoint of the cluster. With automatic mTLS the endpoint's own metadata decide: istiod sets `tlsMode: istio` for pods
 * with a sidecar.
 */
export function transportTo(cluster: Cluster, endpoint: Readonly<Record<string, string>>): Transport {
  for (const { name, match = {}, transportSocket } of cluster.transportSocketMatches ?? []) {
    if (!Object.entries(match).every(([key, value]) => endpoint[key] === value)) continue
    return { ...transportOf(transportSocket), ...defined({ match: name }) }
  }
  return transportOf(cluster.transportSocket)
}

/** The transport a cluster always uses; undefined when it depends on the endpoint. */
export const fixedTransport = (cluster: Cluster): Transport | undefined =>
  (cluster.transportSocketMatches ?? []).length > 0 ? undefined : transportOf(cluster.transportSocket)
