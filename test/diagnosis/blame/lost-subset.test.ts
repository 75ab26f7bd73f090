import { describe, expect, it } from 'vitest'
import type { Case } from '../../../src/diagnosis/blame/lead.ts'
import { subsetLost } from '../../../src/diagnosis/blame/lost-subset.ts'
import { Evidence } from '../../../src/evidence/evidence.ts'
import type { Reading } from '../../../src/evidence/reading.ts'
import type { DestinationRule, KubernetesObject } from '../../../src/mesh/objects.ts'
import { MOMENT } from '../requests/rows.ts'

const HOST = 'orders.shop.svc.cluster.local'
const NAMED = `outbound|80|v2|${HOST}`
const at = (seconds: number): string => new Date(MOMENT + seconds * 1000).toISOString()
const reading = (kind: Reading['kind'], value: unknown): Reading =>
  ({ kind, ok: true, source: kind, at: '', value }) as unknown as Reading
const object = (kind: string, made: number, changed: number, spec: object): KubernetesObject => ({
  kind,
  metadata: {
    namespace: 'shop',
    name: 'orders',
    creationTimestamp: at(made),
    managedFields: [{ operation: 'Update', time: at(changed) }],
  },
  spec,
})

interface Seen {
  /** When the rule was made and changed, and the route was changed, in seconds. */
  rule: [made: number, changed: number]
  route: number
  /** When the subset answered a request. */
  answered?: number
  label?: string
}

function blamed({ rule, route, answered, label = 'v1' }: Seen): string[] {
  const evidence = new Evidence([
    reading('services', [{ metadata: { namespace: 'shop', name: 'orders' }, spec: { selector: { app: 'orders' } } }]),
    reading('pods', [{ metadata: { namespace: 'shop', name: 'orders-1', labels: { app: 'orders', version: label } } }]),
    reading('access-log', {
      lines:
        answered === undefined
          ? []
          : [{ at: at(answered), code: 200, flags: [], method: 'GET', upstreamCluster: NAMED }],
      unreadable: 0,
    }),
  ])
  return subsetLost(
    { direction: 'outbound', port: 80, subset: 'v2', host: HOST },
    NAMED,
    {
      routers: [object('VirtualService', 0, route, {})],
      used: [object('DestinationRule', ...rule, { host: HOST }) as DestinationRule],
    },
    { evidence } as unknown as Case,
  ).map(({ subject: { kind, name } }) => `${kind}/${name}`)
}

const RULE = ['DestinationRule/orders']

describe('a DestinationRule that does not define a subset to which a route sends requests', () => {
  it.each<[string, Seen, string[]]>([
    ['lost it, when the subset answered before', { rule: [0, 0], route: 0, answered: -5 }, RULE],
    ['lost it, when it was changed after the route', { rule: [0, 60], route: 0 }, RULE],
    ['lacks it, when there are pods of that name', { rule: [0, 0], route: 0, label: 'v2' }, RULE],
    ['is not to blame when the route was changed last', { rule: [0, 30], route: 60, answered: 20, label: 'v2' }, []],
    ['is not to blame when all were made together, and nothing has that name', { rule: [0, 1], route: 2 }, []],
    ['is not to blame for being made last', { rule: [60, 60], route: 0 }, []],
  ])('%s', (_, seen, expected) => {
    expect(blamed(seen)).toEqual(expected)
  })
})
