import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import type { Cluster, HttpFilter, Listener, Route } from '../../../src/mesh/envoy.ts'
import { walkInbound } from '../../../src/mesh/walk/inbound.ts'
import type { OutboundWalk } from '../../../src/mesh/walk/outbound.ts'
import { walkOutbound } from '../../../src/mesh/walk/outbound.ts'
import { sentOn } from '../../../src/mesh/walk/rewrite.ts'
import { endpointsOf } from '../../../src/mesh/walk/endpoints.ts'
import { transportTo } from '../../../src/mesh/walk/transport.ts'
import { requestOf } from './request.ts'
import { defined } from '../../../src/mesh/defined.ts'

interface Walked {
  clusters?: Record<string, number>
  reached?: Record<string, number>
  stops?: string[]
  direct?: number
  redirect?: string
  none?: true
}
const CASES = parse(readFileSync(join(import.meta.dirname, 'outbound.yaml'), 'utf8')) as {
  about: string
  routes: Route[]
  filters?: HttpFilter[]
  manager?: object
  clusters?: Cluster[]
  walks: Record<string, Walked>
}[]

const http = (routeConfigName: string, httpFilters: HttpFilter[] = [], manager: object = {}) => ({
  name: 'http',
  typedConfig: { '@type': 'x.HttpConnectionManager', rds: { routeConfigName }, httpFilters, ...manager },
})
const tcp = (cluster: string) => ({ name: 'tcp', typedConfig: { '@type': 'x.TcpProxy', cluster } })
const listener = (port: number, filters: NonNullable<Listener['filterChains']>, more: Listener = {}): Listener => ({
  name: `0.0.0.0_${port}`,
  address: { socketAddress: { address: '0.0.0.0', portValue: port } },
  filterChains: filters,
  ...more,
})

/** A walk in the words of the cases. */
function told({ clusters, reached, route }: OutboundWalk): Walked {
  const [branch] = route?.branches ?? []
  const stops = (branch?.answers ?? []).map(({ kind, status, passes }) => `${kind} ${status ?? '-'} ${passes}`)
  if (branch === undefined) return { none: true }
  if (branch.outcome.kind === 'direct') return { direct: branch.outcome.status }
  if (branch.outcome.kind === 'redirect') return { redirect: `${branch.outcome.status} ${branch.outcome.to}` }
  const of = (shares: OutboundWalk['clusters']) => Object.fromEntries(shares.map(({ name, weight }) => [name, weight]))
  return { clusters: of(clusters), reached: of(reached), ...(stops.length > 0 && { stops }) }
}

describe("a request's way", () => {
  it.each(
    CASES.flatMap(({ walks, ...one }) =>
      Object.entries(walks).map(([request, expected]) => ({ ...one, request, expected })),
    ),
  )('$about: $request', ({ routes, filters, manager, clusters, request, expected }) => {
    const proxy = {
      listeners: [listener(80, [{ filters: [http('80', filters, manager)] }])],
      routes: [{ name: '80', virtualHosts: [{ name: 'all', domains: ['*'], routes }] }],
      ...defined({ clusters }),
    }
    expect(told(walkOutbound(proxy, { port: 80 }, requestOf(request)))).toEqual({
      ...defined({ reached: expected.clusters }),
      ...expected,
    })
  })

  const proxy = {
    listeners: [
      listener(
        8443,
        [
          {
            filterChainMatch: { serverNames: ['web.example.com'] },
            filters: [http('https.443')],
            transportSocket: { name: 'envoy.transport_sockets.tls' },
          },
          { filterChainMatch: { serverNames: ['raw.example.com'] }, filters: [tcp('outbound|443||raw.example.com')] },
          {
            filterChainMatch: { serverNames: ['*.global'] },
            filters: [{ name: 'envoy.filters.network.sni_cluster' }, tcp('BlackHoleCluster')],
          },
        ],
        { listenerFilters: [{ name: 'envoy.filters.listener.tls_inspector' }] },
      ),
      listener(8080, [{ filters: [http('http.8080')] }]),
    ],
    routes: [
      {
        name: 'https.443',
        virtualHosts: [
          {
            name: 'web',
            domains: ['web.example.com'],
            routes: [{ match: { prefix: '/' }, route: { cluster: 'web' } }],
          },
        ],
      },
      {
        name: 'http.8080',
        virtualHosts: [
          {
            name: 'web',
            domains: ['web.example.com'],
            requireTls: 'ALL',
            routes: [{ match: { prefix: '/cart' }, route: { cluster: 'web' } }],
          },
        ],
      },
    ],
  }
  const ignoringPorts = { ...proxy, routes: proxy.routes.map((one) => ({ ...one, ignorePortInHostMatching: true })) }
  const secure = (sni: string) =>
    walkOutbound(proxy, { port: 8443, tls: { sni, alpn: ['h2'] } }, { ...requestOf(`GET ${sni} /`), scheme: 'https' })

  it('through a gateway that ends TLS, passes it on, or forwards by its name', () => {
    expect(secure('web.example.com').clusters).toEqual([{ name: 'web', weight: 100 }])
    expect(secure('raw.example.com').clusters).toEqual([{ name: 'outbound|443||raw.example.com', weight: 100 }])
    expect(secure('outbound_.80_._.web.global').clusters).toEqual([{ name: 'outbound_.80_._.web.global', weight: 100 }])
    expect(secure('other.example.com')).toMatchObject({ clusters: [], chain: { answers: [] } })
    expect(secure('other.example.com').chain?.chain).toBeUndefined()
  })

  it('ends where one side speaks TLS and the other plain text', () => {
    const ended = {
      ...proxy,
      listeners: [
        ...proxy.listeners,
        listener(9443, [{ filters: [http('http.8080')], transportSocket: { name: 'envoy.transport_sockets.tls' } }]),
      ],
    }
    expect(
      walkOutbound(
        proxy,
        { port: 8080, tls: { sni: 'web.example.com', alpn: ['h2'] } },
        requestOf('GET web.example.com /cart'),
      ),
    ).toMatchObject({ mismatch: 'tls to a plaintext port', clusters: [], reached: [] })
    expect(walkOutbound(ended, { port: 9443 }, requestOf('GET web.example.com /cart'))).toMatchObject({
      mismatch: 'plaintext to a tls port',
      clusters: [],
      reached: [],
    })
    expect(
      walkOutbound(
        ended,
        { port: 9443, tls: { sni: 'any.example.com', alpn: [] } },
        { ...requestOf('GET web.example.com /cart'), scheme: 'https' },
      ),
    ).toMatchObject({ clusters: [{ name: 'web' }] })
    for (const sni of ['web.example.com', 'raw.example.com']) expect(secure(sni).mismatch).toBeUndefined()
  })

  it('is sent to HTTPS where the gateway asks for it', () => {
    // Before any route is looked at, seen on the lab.
    for (const [request, to] of [
      ['web.example.com /cart', 'web.example.com/cart'],
      ['web.example.com /other', 'web.example.com/other'],
      ['web.example.com:80 /', 'web.example.com/'],
    ] as const) {
      expect(told(walkOutbound(ignoringPorts, { port: 8080 }, requestOf(`GET ${request}`)))).toEqual({
        redirect: `301 https://${to}`,
      })
    }
    expect(told(walkOutbound(ignoringPorts, { port: 8080 }, requestOf('GET web.example.com:8080 /')))).toEqual({
      redirect: '301 https://web.example.com:8080/',
    })
  })

  it('ends where nothing listens, where routes are missing, and where they were not seen', () => {
    expect(walkOutbound(proxy, { port: 9000 }, requestOf('GET web.example.com /'))).toEqual({
      clusters: [],
      reached: [],
    })
    expect(
      walkOutbound({ ...proxy, routes: [] }, { port: 8080 }, requestOf('GET web.example.com /')).route,
    ).toMatchObject({ name: 'http.8080', branches: [] })
    expect(
      walkOutbound({ listeners: proxy.listeners }, { port: 8080 }, requestOf('GET web.example.com /')).route,
    ).toBeUndefined()
    expect(walkOutbound({}, { port: 8080 }, requestOf('GET web.example.com /')).listener).toBeUndefined()
  })
})

describe('the request as it is sent on', () => {
  it('has its path, host and headers rewritten', () => {
    const { request, unsure } = sentOn(requestOf('GET shop /old/1?x=1 a=1 b=2 c=3'), {
      match: { prefix: '/old' },
      route: { prefixRewrite: '/new', hostRewriteLiteral: 'other' },
      requestHeadersToRemove: ['A'],
      requestHeadersToAdd: [
        { header: { key: 'b', value: '9' } },
        { header: { key: 'c', value: '9' }, appendAction: 'OVERWRITE_IF_EXISTS_OR_ADD' },
        { header: { key: 'd', value: '%REQ(x)%' } },
      ],
    })
    expect([request.path, request.authority, Object.fromEntries(request.headers), unsure.length]).toEqual([
      '/new/1?x=1',
      'other',
      { b: '2,9', c: '9' },
      1,
    ])
    expect(sentOn(requestOf('GET shop /'), {})).toEqual({ request: requestOf('GET shop /'), unsure: [] })
  })
})

describe('a cluster', () => {
  const tls = {
    name: 'envoy.transport_sockets.tls',
    typedConfig: {
      '@type': 'x.UpstreamTlsContext',
      sni: 'outbound_.80_._.shop',
      commonTlsContext: { alpnProtocols: ['istio'], tlsCertificateSdsSecretConfigs: [{}] },
    },
  }
  const raw = { name: 'envoy.transport_sockets.raw_buffer', typedConfig: { '@type': 'x.RawBuffer' } }

  it('speaks as the endpoint asks for', () => {
    const automatic = {
      transportSocketMatches: [
        { name: 'tlsMode-istio', match: { tlsMode: 'istio' }, transportSocket: tls },
        { name: 'tlsMode-disabled', match: {}, transportSocket: raw },
      ],
    }
    expect(transportTo(automatic, { tlsMode: 'istio' })).toEqual({
      match: 'tlsMode-istio',
      tls: { alpn: ['istio'], mutual: true, sni: 'outbound_.80_._.shop' },
    })
    expect(transportTo(automatic, {})).toEqual({ match: 'tlsMode-disabled' })
    expect(transportTo({ transportSocket: tls }, {}).tls?.mutual).toBe(true)
    expect(transportTo({}, { tlsMode: 'istio' })).toEqual({})
  })

  const host = (address: string, healthStatus: object) => ({
    address: { socketAddress: { address, portValue: 80 } },
    healthStatus,
  })
  it('sends to healthy endpoints, and to all in a panic unless istiod switched it off', () => {
    const status = {
      hostStatuses: [
        host('10.0.0.1', { edsHealthStatus: 'HEALTHY' }),
        host('10.0.0.2', { edsHealthStatus: 'UNHEALTHY' }),
        host('10.0.0.3', { edsHealthStatus: 'HEALTHY', failedOutlierCheck: true }),
      ],
    }
    expect(endpointsOf({ commonLbConfig: { healthyPanicThreshold: {} } }, status)).toMatchObject({
      panic: false,
      endpoints: [
        { usable: true },
        { usable: false, trouble: 'UNHEALTHY' },
        { usable: false, trouble: 'ejected (outlier)' },
      ],
    })
    expect(endpointsOf({}, status).panic).toBe(true)
    expect(endpointsOf({}, undefined)).toEqual({ endpoints: [], panic: false, original: false })
    expect(endpointsOf({ type: 'ORIGINAL_DST' }, undefined).original).toBe(true)
  })
})

describe('at the callee', () => {
  const chain = (name: string, filterChainMatch: object, secured: boolean) => ({
    name,
    filterChainMatch,
    ...(secured && { transportSocket: { name: 'envoy.transport_sockets.tls' } }),
    filters: [
      {
        name: 'http',
        typedConfig: {
          '@type': 'x.HttpConnectionManager',
          routeConfig: {
            name: 'inbound|3000||',
            virtualHosts: [
              { domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'inbound|3000||' } }] },
            ],
          },
        },
      },
    ],
  })
  const listenerOf = (filterChains: ReturnType<typeof chain>[]) => ({
    listeners: [
      { name: 'virtualInbound', listenerFilters: [{ name: 'envoy.filters.listener.tls_inspector' }], filterChains },
    ],
  })
  const mutual = { port: 3000, tls: { alpn: ['istio'] }, principal: 'spiffe://cluster.local/ns/shop/sa/default' }
  const secured = chain(
    'mtls',
    { destinationPort: 3000, transportProtocol: 'tls', applicationProtocols: ['istio'] },
    true,
  )
  const plain = chain('plain', { destinationPort: 3000, transportProtocol: 'raw_buffer' }, false)

  it.each([
    ['PERMISSIVE takes mTLS', [secured, plain], mutual, undefined],
    ['PERMISSIVE takes plain text', [secured, plain], { port: 3000 }, undefined],
    ['PERMISSIVE closes other TLS', [secured, plain], { port: 3000, tls: { alpn: ['h2'] } }, 'no filter chain'],
    ['STRICT closes plain text', [secured], { port: 3000 }, 'no filter chain'],
    ['DISABLE can not read mTLS', [chain('any', { destinationPort: 3000 }, false)], mutual, 'tls to a plaintext port'],
    [
      'TLS alone can not read plain text',
      [chain('any', { destinationPort: 3000 }, true)],
      { port: 3000 },
      'plaintext to a tls port',
    ],
  ])('%s', (_, chains, connection, ends) => {
    const walk = walkInbound(listenerOf(chains), connection, requestOf('GET shop /'))
    expect([walk.ends?.kind, walk.port]).toEqual(ends === undefined ? [undefined, 3000] : [ends, undefined])
  })
})
