import { describe, expect, it } from 'vitest'
import type { Request } from '../../../src/checks/facts/requests-to.ts'
import { routeGone } from '../../../src/diagnosis/blame/gone-route.ts'
import type { Case } from '../../../src/diagnosis/blame/lead.ts'
import { Evidence } from '../../../src/evidence/evidence.ts'
import type { Reading } from '../../../src/evidence/reading.ts'
import { MOMENT, row } from '../requests/rows.ts'

const STOCK = { kind: 'Service', namespace: 'shop', name: 'stock' }
const LED = 'outbound|80||stock.shop.svc.cluster.local'
const reading = (kind: Reading['kind'], value: object[]): Reading =>
  ({ kind, ok: true, source: kind, at: '', value }) as unknown as Reading
const metadata = (name: string, seconds: number): object => ({
  name,
  namespace: 'shop',
  creationTimestamp: new Date(MOMENT + seconds * 1000).toISOString(),
})
const route = (name: string, seconds: number, host = 'shop.example.com'): object => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'VirtualService',
  metadata: metadata(name, seconds),
  spec: { hosts: [host], gateways: ['public'], http: [{ match: [{ uri: { prefix: '/orders' } }], route: [] }] },
})
const moved = {
  apiVersion: 'networking.istio.io/v1',
  kind: 'VirtualService',
  metadata: metadata('stock', 10),
  spec: { hosts: ['other.example.com'], gateways: ['public'], http: [{ route: [{ destination: { host: 'stock' } }] }] },
}
const gateway = (seconds: number): object => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'Gateway',
  metadata: metadata('public', seconds),
  spec: { servers: [{ hosts: ['shop.example.com'], port: { number: 80 } }] },
})
const httpRoute = (name: string): object => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata: metadata(name, -100),
  spec: {},
})
/** What is blamed for requests of which those that were answered were led to the target, and the others got `since`. */
const leads = (
  text: string,
  objects: Partial<Record<Reading['kind'], object[]>>,
  { since = undefined as string | undefined, routeName = 'default' } = {},
): { subject: string; why: string }[] => {
  const requests = row(text).map((one): Request => {
    const { upstreamCluster, ...entry } = one.entry
    const cluster = entry.code === 200 ? LED : since
    return {
      ...one,
      entry: { ...entry, path: '/stock/1?x=y', routeName, ...(cluster !== undefined && { upstreamCluster: cluster }) },
    }
  })
  return routeGone({
    followed: {
      requests: { requests, question: { host: 'shop.example.com' } },
      present: { failures: requests.filter(({ entry }) => entry.code !== 200) },
    },
    target: {
      ref: STOCK,
      namespace: 'shop',
      name: 'stock',
      hosts: ['stock.shop.svc.cluster.local'],
      services: [STOCK],
      pods: [],
    },
    evidence: new Evidence(
      Object.entries({ 'virtual-services': [], gateways: [], ...objects }).map(([kind, value]) =>
        reading(kind as Reading['kind'], value),
      ),
    ),
  } as unknown as Case).map(({ subject: { kind, name }, why }) => ({ subject: `${kind}/${name}`, why }))
}
const names = (...given: Parameters<typeof leads>): string[] => leads(...given).map(({ subject }) => subject)
const LEFT = { 'virtual-services': [route('orders', -100)], gateways: [gateway(-100)] }

describe('that a route is gone is told where requests were led to the target', () => {
  it('and no route that is left takes them', () => {
    const [found, ...others] = leads('10 ok, 5 nr', LEFT)
    expect(others).toEqual([])
    expect(found).toEqual({
      subject: 'Service/stock',
      why: 'a route that led `GET /stock/1` of `shop.example.com` to it is gone: 10 requests were answered until 2026-01-01T00:00:10.000Z, no route or Gateway for that host was changed since, and none of those that are left matches them',
    })
  })

  it('and go to another Service now', () => {
    const since = 'outbound|80||orders.shop.svc.cluster.local'
    expect(leads('10 ok, 5 unknown', LEFT, { since })[0]?.why).toContain(
      'now they are sent to `orders.shop.svc.cluster.local`',
    )
  })

  it('by its name, when that is one of the Gateway API', () => {
    const named = { routeName: 'shop.stock.0' }
    expect(names('10 ok, 5 nr', { ...LEFT, 'http-routes': [httpRoute('orders')] }, named)).toEqual(['HTTPRoute/stock'])
    expect(names('10 ok, 5 nr', { ...LEFT, 'http-routes': [httpRoute('stock')] }, named)).toEqual(['Service/stock'])
    expect(names('10 ok, 5 nr', LEFT, named)).toEqual(['Service/stock'])
  })

  it.each<[string, string, Parameters<typeof leads>[1], string[]]>([
    [
      'a route for that host was changed when they began to fail',
      '10 ok, 5 nr',
      { ...LEFT, 'virtual-services': [route('orders', 10)] },
      [],
    ],
    [
      'a route for another host was',
      '10 ok, 5 nr',
      { ...LEFT, 'virtual-services': [route('orders', 10, 'other.example.com')] },
      ['Service/stock'],
    ],
    [
      'one that leads to the target was given another host',
      '10 ok, 5 nr',
      { ...LEFT, 'virtual-services': [route('orders', -100), moved] },
      [],
    ],
    ['the Gateway was', '10 ok, 5 nr', { ...LEFT, gateways: [gateway(10)] }, []],
    [
      'they were answered for a while after that change',
      '20 ok, 5 nr',
      { ...LEFT, gateways: [gateway(10)] },
      ['Service/stock'],
    ],
    ['they were hardly ever answered', '2 ok, 5 nr', LEFT, []],
    ['some are answered since', '10 ok, 5 nr, 2 ok', LEFT, []],
  ])('%s', (_, text, objects, expected) => expect(names(text, objects)).toEqual(expected))
})
