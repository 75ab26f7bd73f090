import { describe, expect, it } from 'vitest'
import { requestsMeantFor } from '../../../src/diagnosis/requests/meant-for.ts'
import { Evidence } from '../../../src/evidence/evidence.ts'
import type { Reading } from '../../../src/evidence/reading.ts'
import type { Target } from '../../../src/mesh/target.ts'
import { MOMENT } from './rows.ts'

const HOST = 'shop.example'
const service = (name: string): object => ({ kind: 'Service', metadata: { name, namespace: 'shop' }, spec: {} })
const route = (name: string, prefix: string, to: string): object => ({
  kind: 'VirtualService',
  metadata: { name, namespace: 'shop' },
  spec: {
    hosts: [HOST],
    gateways: ['edge'],
    http: [{ match: [{ uri: { prefix } }], route: [{ destination: { host: to } }] }],
  },
})

/** The paths that one gateway handed to the Service stock, and that are taken for the Service orders' own. */
function meant(routes: object[], ...paths: string[]): string[] {
  const reading = (kind: Reading['kind'], value: unknown, of?: object): Reading =>
    ({ kind, ok: true, source: kind, at: '', value, of }) as unknown as Reading
  const gateway = { kind: 'Pod', namespace: 'edge', name: 'gateway-1' }
  const evidence = new Evidence([
    reading('services', [service('orders'), service('stock')]),
    reading('pods', [
      { metadata: { namespace: gateway.namespace, name: gateway.name, labels: { istio: 'ingressgateway' } } },
    ]),
    reading('virtual-services', routes),
    reading(
      'access-log',
      {
        lines: paths.map((path, index) => ({
          at: new Date(MOMENT + (index + 1) * 1000).toISOString(),
          authority: HOST,
          method: 'GET',
          path,
          code: 503,
          flags: ['UO'],
          upstreamCluster: 'outbound|80||stock.shop.svc.cluster.local',
        })),
        unreadable: 0,
      },
      gateway,
    ),
  ])
  const ref = { kind: 'Service', namespace: 'shop', name: 'orders' }
  const target: Target = {
    asked: 'orders',
    ref,
    namespace: 'shop',
    name: 'orders',
    hosts: ['orders.shop.svc.cluster.local', HOST],
    services: [ref],
    pods: [],
  }
  return requestsMeantFor(target, MOMENT, evidence).map(({ entry }) => entry.path ?? '')
}

describe('requests of a host that several Services share', () => {
  it.each<[string, unknown, unknown]>([
    [
      'are meant for the Service whose route asks for their path, though another got them',
      meant([route('orders', '/orders/', 'orders')], '/orders/items', '/stock/items'),
      ['/orders/items'],
    ],
    [
      "are another Service's by a route of its own",
      meant([route('orders', '/orders/', 'orders'), route('stock', '/stock/', 'stock')], '/stock/items'),
      [],
    ],
    [
      'are meant for it by a route to a Service that does not exist',
      meant([route('orders', '/orders/', 'orderss')], '/orders/items'),
      ['/orders/items'],
    ],
  ])('%s', (_, found, expected) => expect(found).toEqual(expected))
})
