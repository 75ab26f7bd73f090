import { expect, it } from 'vitest'
import { completeTarget } from '../../src/diagnosis/complete-target.ts'
import { Evidence } from '../../src/evidence/evidence.ts'
import type { Reading } from '../../src/evidence/reading.ts'
import type { Target } from '../../src/mesh/target.ts'

const TARGET: Target = {
  asked: 'orders',
  ref: { kind: 'Service', namespace: 'shop', name: 'orders' },
  namespace: 'shop',
  name: 'orders',
  hosts: ['orders.shop.svc.cluster.local'],
  services: [{ kind: 'Service', namespace: 'shop', name: 'orders' }],
  pods: [],
}

/** How often the ports of another Service are read, among so many routes to other Services. */
function looksWith(routes: number): number {
  let looks = 0
  const service = (name: string): object => ({
    kind: 'Service',
    metadata: { name, namespace: 'shop' },
    get spec() {
      if (name === 'cart') looks += 1
      return { ports: [{ port: 80 }] }
    },
  })
  const lists = {
    services: [service('orders'), service('cart')],
    'virtual-services': Array.from({ length: routes }, (_, index) => ({
      kind: 'VirtualService',
      metadata: { name: `cart-${index}`, namespace: 'shop' },
      spec: { hosts: [`cart-${index}.example`], http: [{ route: [{ destination: { host: 'cart' } }] }] },
    })),
  }
  const evidence = new Evidence(
    Object.entries(lists).map(
      ([kind, value]) => ({ source: '', at: '2026-01-01T00:00:00Z', ok: true, kind, value }) as unknown as Reading,
    ),
  )
  expect(completeTarget(TARGET, evidence).hosts).toEqual(TARGET.hosts)
  return looks
}

it('looks at the Services as often for a hundred routes as for two', () => {
  expect(looksWith(100)).toBe(looksWith(2))
})
