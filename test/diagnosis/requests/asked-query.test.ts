import { describe, expect, it } from 'vitest'
import { withAskedQuery } from '../../../src/diagnosis/requests/asked-query.ts'
import { Evidence } from '../../../src/evidence/evidence.ts'
import type { Reading } from '../../../src/evidence/reading.ts'

const TARGET = {
  asked: 'orders',
  ref: { kind: 'Service', namespace: 'shop', name: 'orders' },
  namespace: 'shop',
  name: 'orders',
  hosts: [],
  services: [],
  pods: [],
}
const route = {
  apiVersion: 'networking.istio.io/v1',
  kind: 'VirtualService',
  metadata: { name: 'orders', namespace: 'shop' },
  spec: {
    hosts: ['orders.example.com'],
    http: [{ match: [{ queryParams: { beta: { exact: '1' } } }, { queryParams: { lang: { prefix: 'e' } } }] }],
  },
}
const shown = (path: string, objects: object[] = [route]): string =>
  withAskedQuery(
    new Evidence([
      { kind: 'virtual-services', ok: true, source: 'kubectl', at: '', value: objects } as unknown as Reading,
    ]),
    TARGET,
  )(path)

describe('of a path, the part by which routes may tell requests apart', () => {
  it.each([
    ['/items', '/items'],
    ['/items?page=7', '/items'],
    ['/items?page=7&beta=1', '/items?beta=1'],
    ['/items?lang=en&page=7&beta=1', '/items?beta=1&lang=en'],
    ['/items?beta', '/items?beta'],
    ['/items?betas=1#beta=1', '/items'],
    ['/items?beta=[redacted]', '/items?beta=[redacted]'],
  ])('%s: %s', (path, expected) => expect(shown(path)).toBe(expected))

  it('has no query where no route asks for one', () => expect(shown('/items?beta=1', [])).toBe('/items'))
})
