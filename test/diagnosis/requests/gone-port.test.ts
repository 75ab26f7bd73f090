import { describe, expect, it } from 'vitest'
import { gonePort } from '../../../src/diagnosis/requests/gone-port.ts'
import type { RequestClass } from '../../../src/diagnosis/requests/classes.ts'
import { parseFollow } from '../../../src/diagnosis/follow/question.ts'
import { Evidence } from '../../../src/evidence/evidence.ts'
import type { Reading } from '../../../src/evidence/reading.ts'
import { MOMENT, row } from './rows.ts'

const SHOP = { kind: 'Service', namespace: 'shop', name: 'orders' }
const TARGET = { asked: 'orders', ref: SHOP, namespace: 'shop', name: 'orders', hosts: [], services: [SHOP], pods: [] }
const reading = (kind: Reading['kind'], value: object[]): Reading =>
  ({ kind, ok: true, source: kind, at: '', value }) as unknown as Reading
const pod = (name: string, podIP: string, containers: object[]): object => ({
  kind: 'Pod',
  metadata: { name, namespace: 'old' },
  spec: { containers },
  status: { podIP },
})
/** A Service with port 8080 alone, which was changed a number of seconds after the moment. */
const evidence = (seconds: number, spec: object = {}): Evidence =>
  new Evidence([
    reading('services', [
      {
        metadata: {
          name: 'orders',
          namespace: 'shop',
          creationTimestamp: new Date(MOMENT + seconds * 1000).toISOString(),
        },
        spec: { ports: [{ port: 8080 }], ...spec },
      },
    ]),
    reading('pods', [
      pod('legacy', '10.0.0.7', [{ name: 'legacy' }]),
      pod('meshed', '10.0.0.8', [{ name: 'istio-proxy' }]),
    ]),
  ])
const asked = (authority: string, text = '5 ok', address = '10.0.0.7'): RequestClass => ({
  question: parseFollow('orders.shop/'),
  isNamed: true,
  requests: row(text).map((one) => ({
    ...one,
    entry: { ...one.entry, authority, downstreamRemote: `${address}:4000` },
  })),
})
/** A client that asks twice, so many seconds apart; the second time so many seconds after the moment. */
const pausing = (pause: number, last = 1): RequestClass => {
  const one = asked('orders.shop:8081', '2 ok')
  return {
    ...one,
    requests: one.requests.map((request, index) => ({
      ...request,
      entry: { ...request.entry, at: new Date(MOMENT + (index === 0 ? last - pause : last) * 1000).toISOString() },
    })),
  }
}
const goneOf = (one: RequestClass, others: RequestClass[] = [], seen = evidence(10)): unknown => {
  const { port, client } = gonePort(one, [one, ...others], TARGET, seen) ?? {}
  return port === undefined ? undefined : [port, client]
}

describe('a port of the Service that a client without a proxy asked for', () => {
  it.each<[string, unknown, unknown]>([
    ['is gone since the Service was changed', goneOf(asked('orders.shop:8081')), [8081, 'legacy']],
    ['is that of plain HTTP, when none is said', goneOf(asked('orders.shop')), [80, 'legacy']],
    [
      'is gone for a client whom nobody knows',
      goneOf(asked('orders.shop:8081', '5 ok', '10.0.0.9')),
      [8081, '10.0.0.9'],
    ],
    ['is there', goneOf(asked('orders.shop:8080')), undefined],
    ['is gone since the second in which it was last asked for', goneOf(pausing(2, 10.6)), [8081, 'legacy']],
    ['is asked for since, so that something leads to it', goneOf(asked('orders.shop:8081', '20 ok')), undefined],
    ['was given up long before', goneOf(asked('orders.shop:8081'), [], evidence(300)), undefined],
    [
      'is gone for a client that pauses for minutes, after another pause of that length',
      goneOf(pausing(150), [], evidence(350)),
      [8081, 'legacy'],
    ],
    ['was given up by a client that never paused for so long', goneOf(pausing(20), [], evidence(350)), undefined],
    ["is another host's", goneOf(asked('stock.shop:8081')), undefined],
    ['was of a client with a proxy, whose log tells', goneOf(asked('orders.shop:8081', '5 ok', '10.0.0.8')), undefined],
    ['was left for another one', goneOf(asked('orders.shop:8081'), [asked('orders.shop:8080', '20 ok')]), undefined],
    [
      "is the pods' own, behind a headless Service",
      goneOf(asked('orders.shop:8081'), [], evidence(10, { clusterIP: 'None' })),
      undefined,
    ],
  ])('%s', (_, found, expected) => expect(found).toEqual(expected))
})
