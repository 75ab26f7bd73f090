import { describe, expect, it } from 'vitest'
import type { Cluster, FilterChain, Listener } from '../../src/mesh/envoy.ts'
import { answerOf, spokenTo } from '../../src/mesh/transport.ts'

/** The match, TLS and filter of every chain for port 3000, as Istio 1.31 made them for a Service port named http. */
const ISTIO = ['istio', 'istio-peer-exchange', 'istio-http/1.0', 'istio-http/1.1', 'istio-h2']
const http = [{ name: 'envoy.filters.network.http_connection_manager' }]
const tcp = [{ name: 'envoy.filters.network.tcp_proxy' }]
const tls = { name: 'envoy.transport_sockets.tls', typedConfig: { requireClientCertificate: true } }
const blackhole: FilterChain = {
  name: 'virtualInbound-blackhole',
  filterChainMatch: { destinationPort: 15006 },
  filters: tcp,
}
const inspector = [{ name: 'envoy.filters.listener.tls_inspector' }]
const STRICT: Listener[] = [
  {
    name: 'virtualInbound',
    listenerFilters: inspector,
    filterChains: [
      blackhole,
      { filterChainMatch: { transportProtocol: 'tls' }, filters: tcp, transportSocket: tls },
      { filterChainMatch: { destinationPort: 3000, transportProtocol: 'tls' }, filters: http, transportSocket: tls },
    ],
  },
]
const PERMISSIVE: Listener[] = [
  {
    name: 'virtualInbound',
    listenerFilters: inspector,
    filterChains: [
      blackhole,
      {
        filterChainMatch: { transportProtocol: 'tls', applicationProtocols: ['istio-peer-exchange', 'istio'] },
        filters: tcp,
        transportSocket: tls,
      },
      { filterChainMatch: { transportProtocol: 'raw_buffer' }, filters: tcp },
      { filterChainMatch: { transportProtocol: 'tls' }, filters: tcp },
      {
        filterChainMatch: { destinationPort: 3000, transportProtocol: 'tls', applicationProtocols: ISTIO },
        filters: http,
        transportSocket: tls,
      },
      { filterChainMatch: { destinationPort: 3000, transportProtocol: 'raw_buffer' }, filters: http },
    ],
  },
]
const DISABLE: Listener[] = [
  {
    name: 'virtualInbound',
    filterChains: [
      blackhole,
      { filterChainMatch: { transportProtocol: 'raw_buffer' }, filters: tcp },
      { filterChainMatch: { destinationPort: 3000, transportProtocol: 'raw_buffer' }, filters: http },
    ],
  },
]

/** Each of these was tried on the lab: what was refused here ended in 503 there. */
describe('what a sidecar answers', () => {
  it.each([
    ['STRICT', STRICT, 3000, { plaintext: 'refused', mutual: 'taken', tls: 'refused' }],
    ['PERMISSIVE', PERMISSIVE, 3000, { plaintext: 'taken', mutual: 'taken', tls: 'refused' }],
    ['DISABLE', DISABLE, 3000, { plaintext: 'taken', mutual: 'refused', tls: 'refused' }],
    ['PERMISSIVE, a port no Service has', PERMISSIVE, 9999, { plaintext: 'taken', mutual: 'taken', tls: 'passed-on' }],
  ] as const)('in mode %s', (_, listeners, port, expected) => {
    expect(
      Object.fromEntries(
        (['plaintext', 'mutual', 'tls'] as const).map((spoken) => [spoken, answerOf(listeners, port, spoken)]),
      ),
    ).toEqual(expected)
  })
  it('is unknown without the listener of a sidecar', () => {
    expect(answerOf([{ name: '0.0.0.0_8080' }], 3000, 'plaintext')).toBeUndefined()
  })
})

describe('what a proxy speaks to a cluster', () => {
  const socket = (certificates?: string[]): NonNullable<Cluster['transportSocket']> => ({
    name: 'envoy.transport_sockets.tls',
    typedConfig: {
      commonTlsContext: {
        ...(certificates && { tlsCertificateSdsSecretConfigs: certificates.map((name) => ({ name })) }),
      },
    },
  })
  it.each<[string, Cluster]>([
    ['plaintext', {}],
    ['plaintext', { transportSocket: { name: 'envoy.transport_sockets.raw_buffer' } }],
    [
      'automatic',
      {
        transportSocketMatches: [
          { name: 'tlsMode-istio', transportSocket: socket(['default']) },
          { name: 'tlsMode-disabled' },
        ],
      },
    ],
    ['mutual', { transportSocket: socket(['default']) }],
    ['tls', { transportSocket: socket() }],
    ['tls', { transportSocket: socket(['file-cert:/etc/certs/a.pem~/etc/certs/b.pem']) }],
  ])('is %s', (expected, cluster) => {
    expect(spokenTo(cluster)).toBe(expected)
  })
})
