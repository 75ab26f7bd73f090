import { describe, expect, it } from 'vitest'
import type { Gateway, HttpRoute, Pod, VirtualService } from '../../src/mesh/objects.ts'
import {
  boundAs,
  boundHosts,
  carries,
  concerns,
  destinationsOf,
  gatewaysOf,
  hostsOf,
  podsOfGateway,
  serversTaking,
} from '../../src/mesh/routing.ts'

const virtualService = (spec: NonNullable<VirtualService['spec']>, namespace = 'shop'): VirtualService => ({
  kind: 'VirtualService',
  metadata: { name: 'catalog', namespace },
  spec,
})
const http = (...routes: HttpRoute[]): VirtualService => virtualService({ hosts: ['catalog'], http: routes })
const gateway = (
  hosts: string[],
  namespace = 'shop',
  selector: Record<string, string> = { istio: 'ingressgateway' },
): Gateway => ({ kind: 'Gateway', metadata: { name: 'front', namespace }, spec: { selector, servers: [{ hosts }] } })

describe('the destinations of a VirtualService', () => {
  it('have their short names completed, and only those', () => {
    const hosts = destinationsOf(
      http({
        route: [
          { destination: { host: 'catalog' } },
          { destination: { host: 'catalog.other' } },
          { destination: { host: 'api.example.com' } },
        ],
      }),
    ).map(({ host }) => host)
    expect(hosts).toEqual(['catalog.shop.svc.cluster.local', 'catalog.other', 'api.example.com'])
  })

  it('say subset, port, weight and which route they are of', () => {
    expect(
      destinationsOf(
        http(
          { redirect: { uri: '/' } },
          {
            route: [
              { destination: { host: 'catalog', subset: 'v1', port: { number: 80 } }, weight: 0 },
              { destination: { host: 'catalog', subset: 'v2' }, weight: 100 },
            ],
          },
        ),
      ),
    ).toEqual([
      {
        host: 'catalog.shop.svc.cluster.local',
        protocol: 'http',
        route: 1,
        mirror: false,
        subset: 'v1',
        port: 80,
        weight: 0,
      },
      { host: 'catalog.shop.svc.cluster.local', protocol: 'http', route: 1, mirror: false, subset: 'v2', weight: 100 },
    ])
  })

  it('take in mirrors, TCP and TLS', () => {
    const route = { route: [{ destination: { host: 'db' } }] }
    expect(
      destinationsOf(
        virtualService({
          http: [{ route: [], mirror: { host: 'a' }, mirrors: [{ destination: { host: 'b' } }] }],
          tcp: [route],
          tls: [route],
        }),
      ).map(({ host, protocol, mirror }) => [host.split('.')[0], protocol, mirror]),
    ).toEqual([
      ['a', 'http', true],
      ['b', 'http', true],
      ['db', 'tcp', false],
      ['db', 'tls', false],
    ])
  })

  it('are none where none are named', () => {
    expect(destinationsOf({ kind: 'VirtualService', metadata: { name: 'catalog' } })).toEqual([])
    expect(destinationsOf(http({ delegate: { name: 'x' } }, { directResponse: { status: 503 } }))).toEqual([])
  })
})

describe('a VirtualService', () => {
  it('is for hosts, short ones of its own namespace', () => {
    expect(hostsOf(virtualService({ hosts: ['catalog', 'catalog.example.com', '*'] }))).toEqual([
      'catalog.shop.svc.cluster.local',
      'catalog.example.com',
      '*',
    ])
    expect(hostsOf(virtualService({}))).toEqual([])
  })

  it('is bound to the mesh when it names no gateway, else only to those', () => {
    expect(gatewaysOf(virtualService({}))).toEqual(['mesh'])
    expect(gatewaysOf(virtualService({ gateways: [] }))).toEqual(['mesh'])
    expect(gatewaysOf(virtualService({ gateways: ['front', 'infra/front', 'mesh'] }))).toEqual([
      'shop/front',
      'infra/front',
      'mesh',
    ])
  })

  it('concerns a host that it routes to or is for', () => {
    const host = 'catalog.shop.svc.cluster.local'
    expect(
      concerns(
        virtualService({ hosts: ['catalog.example.com'], http: [{ route: [{ destination: { host: 'catalog' } }] }] }),
        [host],
      ),
    ).toBe(true)
    expect(concerns(virtualService({ hosts: ['*.shop.svc.cluster.local'], http: [{ redirect: {} }] }), [host])).toBe(
      true,
    )
    expect(concerns(virtualService({ hosts: ['catalog'] }, 'other'), [host])).toBe(false)
    const atGateway = (hosts: string[]): VirtualService =>
      virtualService({ hosts, gateways: ['infra/front'], http: [{ route: [{ destination: { host: 'orders' } }] }] })
    expect(concerns(atGateway(['*.example.com']), ['catalog.example.com'])).toBe(true)
    expect(concerns(atGateway(['*']), [host, 'catalog.example.com'])).toBe(false)
    expect(concerns(atGateway(['*.cluster.local']), [host])).toBe(false)
    expect(
      concerns(virtualService({ hosts: ['orders'], http: [{ route: [{ destination: { host: 'orders' } }] }] }), [host]),
    ).toBe(false)
  })
})

describe('a Gateway', () => {
  it.each([
    [['catalog.example.com'], 'shop', true],
    [['*.example.com'], 'shop', true],
    [['*'], 'shop', true],
    [['shop/catalog.example.com'], 'shop', true],
    [['*/catalog.example.com'], 'shop', true],
    [['./catalog.example.com'], 'shop', true],
    [['./catalog.example.com'], 'infra', false],
    [['other/catalog.example.com'], 'shop', false],
    [['orders.example.com'], 'shop', false],
    [[], 'shop', false],
  ])('whose server takes %j, in namespace %s, takes it: %s', (hosts, namespace, bound) => {
    expect(boundHosts(gateway(hosts, namespace), virtualService({ hosts: ['catalog.example.com'] })).length > 0).toBe(
      bound,
    )
  })

  it('runs on the pods its selector takes, in any namespace; on none without a selector', () => {
    const pods = [{ istio: 'ingressgateway', app: 'x' }, { istio: 'egressgateway' }].map((labels, index): Pod => ({
      kind: 'Pod',
      metadata: { name: `gateway-${index}`, namespace: 'istio-system', labels },
    }))
    expect(podsOfGateway(gateway(['*']), pods).map(({ metadata }) => metadata.name)).toEqual(['gateway-0'])
    expect(podsOfGateway(gateway(['*'], 'shop', {}), pods)).toEqual([])
  })
})

describe('a delegate', () => {
  const delegate: VirtualService = {
    kind: 'VirtualService',
    metadata: { name: 'routes', namespace: 'shop' },
    spec: { http: [{ route: [{ destination: { host: 'catalog' } }] }] },
  }
  const root = (name: string, to: { name?: string; namespace?: string }, namespace = 'shop'): VirtualService => ({
    kind: 'VirtualService',
    metadata: { name, namespace },
    spec: { hosts: [`${name}.example.com`], http: [{ delegate: to }] },
  })

  it('is known to proxies under the names of those that delegate to it', () => {
    const roots = [
      root('near', { name: 'routes' }),
      root('far', { name: 'routes', namespace: 'shop' }, 'web'),
      root('namesake', { name: 'routes' }, 'web'),
      root('other', { name: 'more' }),
    ]
    expect(boundAs(delegate, [delegate, ...roots]).map(({ metadata }) => metadata.name)).toEqual(['near', 'far'])
  })

  it('is none when it has hosts of its own', () => {
    const own = virtualService({ hosts: ['catalog'] })
    expect(boundAs(own, [root('near', { name: 'catalog' })])).toEqual([own])
  })
})

describe("a Gateway's server", () => {
  it.each([
    ['HTTP', undefined, ['http']],
    ['HTTP2', undefined, ['http']],
    ['GRPC', undefined, ['http']],
    ['HTTPS', 'SIMPLE', ['http']],
    ['HTTPS', 'PASSTHROUGH', ['tls']],
    ['TLS', 'PASSTHROUGH', ['tls', 'tcp']],
    ['TLS', 'SIMPLE', ['tcp']],
    ['TCP', undefined, ['tcp']],
    ['MONGO', undefined, ['tcp']],
  ])('for %s, mode %s, carries %j', (protocol, mode, carried) => {
    const server = { port: { number: 1, protocol }, ...(mode !== undefined && { tls: { mode } }) }
    expect((['http', 'tls', 'tcp'] as const).filter((one) => carries(server, one))).toEqual(carried)
  })

  it('takes a host, when it is open to the namespace', () => {
    const one = virtualService({ hosts: ['catalog.example.com', 'other.example.org'] })
    expect(serversTaking(gateway(['*.example.com']), one)).toHaveLength(1)
    expect(serversTaking(gateway(['*.example.com']), one, 'other.example.org')).toHaveLength(0)
    expect(serversTaking(gateway(['web/*']), one)).toHaveLength(0)
    expect(serversTaking(gateway(['./*'], 'web'), one)).toHaveLength(0)
  })
})
