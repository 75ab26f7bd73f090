import { describe, expect, it } from 'vitest'
import { gatewaysFor } from '../../src/checks/facts/proxies-of.ts'
import { routesFor } from '../../src/checks/facts/routes.ts'
import { linesTo } from '../../src/checks/facts/traffic-of.ts'
import { completeTarget } from '../../src/diagnosis/complete-target.ts'
import { callerOf } from '../../src/diagnosis/follow/caller.ts'
import { parseFollow } from '../../src/diagnosis/follow/question.ts'
import { Evidence } from '../../src/evidence/evidence.ts'
import type { ObjectKind, Reading } from '../../src/evidence/reading.ts'
import type { AccessLogLine } from '../../src/mesh/access-log.ts'
import type { Target } from '../../src/mesh/target.ts'

const AT = '2026-01-01T00:00:00Z'
const HOST = 'orders.shop.svc.cluster.local'
const NAME = 'gateway.networking.k8s.io/gateway-name'

const gateway = (namespace: string, listeners: object[]): object => ({
  kind: 'Gateway',
  metadata: { name: 'edge', namespace },
  spec: { gatewayClassName: 'istio', listeners },
})
const route = (kind: string, namespace: string, name: string, backend: string, more: object = {}): object => ({
  kind,
  metadata: { name, namespace },
  spec: { parentRefs: [{ name: 'edge' }], rules: [{ backendRefs: [{ name: backend, port: 80 }] }], ...more },
})
const web = { name: 'web', port: 80, protocol: 'HTTP' }
const raw = { name: 'raw', port: 9000, protocol: 'TCP' }
const also = { name: 'also', port: 9001, protocol: 'TCP' }

const OBJECTS: Partial<Record<ObjectKind, object[]>> = {
  'gateway-classes': [{ metadata: { name: 'istio' }, spec: { controllerName: 'istio.io/gateway-controller' } }],
  'gateway-api-gateways': [
    gateway('shop', [web, { ...web, name: 'admin', port: 8081 }, raw, also]),
    gateway('other', [web, raw]),
  ],
  'http-routes': [
    route('HTTPRoute', 'shop', 'orders', 'orders', { parentRefs: [{ name: 'edge', sectionName: 'web' }] }),
    route('HTTPRoute', 'shop', 'help', 'help', { hostnames: ['help.example'] }),
    route('HTTPRoute', 'other', 'theirs', 'nothing'),
  ],
  'tcp-routes': [
    route('TCPRoute', 'shop', 'orders', 'orders', { parentRefs: [{ name: 'edge', sectionName: 'raw' }] }),
    route('TCPRoute', 'other', 'theirs', 'nothing'),
  ],
  services: [
    { kind: 'Service', metadata: { name: 'orders', namespace: 'shop' }, spec: { ports: [{ port: 80 }] } },
    {
      kind: 'Service',
      metadata: { name: 'edge-istio', namespace: 'shop' },
      spec: { selector: { [NAME]: 'edge' }, ports: [{ port: 80, targetPort: 8080 }, { port: 9000 }] },
    },
  ],
  pods: ['shop', 'other'].map((namespace) => ({
    kind: 'Pod',
    metadata: { name: `edge-${namespace}`, namespace, labels: { [NAME]: 'edge' } },
    spec: { containers: [{ name: 'istio-proxy' }] },
    status: { phase: 'Running', containerStatuses: [{ name: 'istio-proxy', state: { running: {} } }] },
  })),
}

const TARGET: Target = {
  asked: 'orders',
  ref: { kind: 'Service', namespace: 'shop', name: 'orders' },
  namespace: 'shop',
  name: 'orders',
  hosts: [HOST],
  services: [{ kind: 'Service', namespace: 'shop', name: 'orders' }],
  pods: [],
}

function made(objects: typeof OBJECTS, lines: Record<string, object[]> = {}): { evidence: Evidence; target: Target } {
  const about = { source: '', at: AT, ok: true }
  const evidence = new Evidence([
    ...Object.entries(objects).map(([kind, value]) => ({ ...about, kind, value }) as unknown as Reading),
    ...Object.entries(lines).map(
      ([namespace, value]) =>
        ({
          ...about,
          kind: 'access-log',
          of: { kind: 'Pod', namespace, name: `edge-${namespace}` },
          value: { lines: value },
        }) as unknown as Reading,
    ),
  ])
  return { evidence, target: completeTarget(TARGET, evidence) }
}

const line = (facts: Partial<AccessLogLine>): object => ({ at: AT, code: 500, flags: [], ...facts })
const request = (authority: string, port = 8080): object => line({ authority, downstreamLocal: `10.0.0.1:${port}` })
const connection = (port: number): object => line({ code: 0, flags: ['NC'], downstreamLocal: `10.0.0.1:${port}` })
function counted(namespace: string, entry: object, objects = OBJECTS): number {
  const { evidence, target } = made(objects, { [namespace]: [entry] })
  return linesTo(evidence, target, 0).flatMap(({ lines }) => lines).length
}

describe('a route for every host', () => {
  it('leads to the target at its own Gateway alone', () => {
    const { evidence, target } = made(OBJECTS)
    expect(target.hosts).toEqual([HOST])
    expect(target.everyHostAt).toEqual([
      { gateway: 'shop/edge.gateway.networking.k8s.io', ports: [80], protocol: 'http' },
      { gateway: 'shop/edge.gateway.networking.k8s.io', ports: [9000], protocol: 'tcp' },
    ])
    expect(
      routesFor(evidence, target).map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`),
    ).toEqual(['HTTPRoute shop/orders', 'TCPRoute shop/orders'])
    expect(gatewaysFor(evidence, target).map(({ metadata }) => metadata.namespace)).toEqual(['shop'])
  })

  it.each([
    ['at its Gateway', 'shop', request('any.example'), 1],
    [
      'at the port that the Service in front of the Gateway leads to, and at its own',
      'shop',
      request('any.example', 80),
      1,
    ],
    ["at another listener's port", 'shop', request('any.example', 8081), 0],
    ['for a host that another route there names', 'shop', request('help.example:80'), 0],
    ['at the Gateway of somebody else', 'other', request('any.example'), 0],
    [
      'that was sent to another Service',
      'shop',
      { ...request('any.example'), upstreamCluster: 'outbound|80||help.shop.svc.cluster.local' },
      0,
    ],
    ['that was sent to the target', 'other', { ...request('any.example'), upstreamCluster: `outbound|80||${HOST}` }, 1],
  ])('has a request %s (%s)', (_what, namespace, entry, count) => {
    expect(counted(namespace, entry)).toBe(count)
  })

  it.each([
    ['its own', 'shop', connection(9000), 1],
    ["another listener's", 'shop', connection(9001), 0],
    ["another Gateway's", 'other', connection(9000), 0],
    [
      'its own, with a server name, as what passes through has',
      'shop',
      { ...connection(9000), serverName: 'any.example' },
      0,
    ],
  ])('has a connection without a host to %s port (%s)', (_what, namespace, entry, count) => {
    expect(counted(namespace, entry)).toBe(count)
  })

  it.each([
    ['that a route at one of them names', 'help.example', [], 'edge-shop'],
    ['that was asked for at one of them', 'any.example', [request('any.example:80')], 'edge-shop'],
    ['that nothing tells of', 'any.example', [], 'edge-other'],
  ])('has several gateways for a host, of which the one is followed %s', (_what, host, lines, pod) => {
    const { evidence } = made(OBJECTS, { shop: lines })
    expect(callerOf(parseFollow(`${host}/`, { from: 'ingress' }), evidence).pod.name).toBe(pod)
  })

  it('of Istio itself is the same', () => {
    const istio = (namespace: string, host: string): typeof OBJECTS => ({
      gateways: [
        {
          kind: 'Gateway',
          metadata: { name: 'edge', namespace },
          spec: {
            selector: { [NAME]: 'edge' },
            servers: [{ port: { number: 80, name: 'web', protocol: 'HTTP' }, hosts: ['*'] }],
          },
          podsIn: namespace,
        },
      ],
      'virtual-services': [
        {
          kind: 'VirtualService',
          metadata: { name: 'all', namespace },
          spec: { hosts: ['*'], gateways: ['edge'], http: [{ route: [{ destination: { host } }] }] },
        },
      ],
    })
    const { services = [], pods = [] } = OBJECTS
    const own = { services, pods, ...istio('shop', 'orders') }
    expect(counted('shop', request('any.example'), own)).toBe(1)
    expect(counted('other', request('any.example'), own)).toBe(0)
    const theirs = { services, pods, ...istio('other', 'nothing') }
    const { evidence, target } = made(theirs)
    expect(routesFor(evidence, target)).toEqual([])
  })
})
