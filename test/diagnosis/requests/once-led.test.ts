import { describe, expect, it } from 'vitest'
import { requestsOnceLedTo } from '../../../src/diagnosis/requests/once-led.ts'
import { Evidence } from '../../../src/evidence/evidence.ts'
import type { AccessLogLine } from '../../../src/mesh/access-log.ts'
import { MOMENT } from './rows.ts'

const STOCK = 'outbound|80||stock.shop.svc.cluster.local'
const ORDERS = 'outbound|80||orders.shop.svc.cluster.local'
const TARGET = {
  asked: 'stock',
  ref: { kind: 'Service', namespace: 'shop', name: 'stock' },
  namespace: 'shop',
  name: 'stock',
  hosts: ['stock.shop.svc.cluster.local', 'shop.example.com'],
  services: [],
  pods: [],
}
/** `5 stock, 3 orders`: a second apart, each answered as its cluster's name says. */
const lines = (text: string, path = '/stock'): AccessLogLine[] =>
  text
    .split(', ')
    .flatMap((part) => {
      const [count = '', name = ''] = part.split(' ')
      return Array.from({ length: Number(count) }, () => name)
    })
    .map((name, second) => ({
      at: new Date(MOMENT + second * 1000).toISOString(),
      method: 'GET',
      path,
      authority: 'shop.example.com',
      flags: name === 'none' ? ['NR'] : [],
      code: name === 'stock' ? 200 : name === 'broken' ? 503 : 404,
      ...(name !== 'none' && { upstreamCluster: name === 'orders' ? ORDERS : STOCK }),
    }))
const found = (logged: AccessLogLine[]): number =>
  requestsOnceLedTo(
    TARGET,
    MOMENT - 1,
    new Evidence([{ kind: 'access-log', ok: true, source: 'log', at: '', value: { lines: logged, unreadable: 0 } }]),
    () => true,
  ).length

describe('requests that a gateway led to the target until some moment', () => {
  it.each<[string, AccessLogLine[], number]>([
    ['go to another Service since', lines('6 stock, 4 orders'), 4],
    ['went there before, too', lines('6 stock, 4 orders, 6 stock, 3 orders'), 3],
    ['are shared out between both', lines('1 stock, 1 orders, 2 stock, 1 orders, 1 stock, 2 orders'), 0],
    ['are too few to tell', lines('2 stock, 4 orders'), 0],
    ['were never answered', lines('6 broken, 4 orders'), 0],
    ['are still led to it', lines('6 orders, 6 stock'), 0],
    ['have no route since, which their class knows', lines('6 stock, 4 none'), 0],
    ['ask for another path than those that go elsewhere', [...lines('6 stock'), ...lines('4 orders', '/orders')], 0],
  ])('%s', (_, logged, count) => expect(found(logged)).toBe(count))
})
