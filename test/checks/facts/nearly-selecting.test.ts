import { expect, it } from 'vitest'
import { nearlySelecting } from '../../../src/checks/facts/nearly-selecting.ts'
import { Evidence } from '../../../src/evidence/evidence.ts'
import type { Reading } from '../../../src/evidence/reading.ts'
import type { KubernetesObject, Pod } from '../../../src/mesh/objects.ts'

const pod = (name: string, labels: Record<string, string>): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'shop', labels },
})
const orders = pod('orders-1', { app: 'orders', version: 'v1' })
const evidence = new Evidence([
  {
    kind: 'pods',
    ok: true,
    source: 'pods',
    at: '',
    value: [orders, pod('stock-1', { app: 'stock' })],
  } as unknown as Reading,
])
const isNear = (matchLabels: Record<string, string>, namespace = 'shop'): boolean => {
  const policy: KubernetesObject<{ selector: { matchLabels: Record<string, string> } }> = {
    apiVersion: 'security.istio.io/v1',
    kind: 'AuthorizationPolicy',
    metadata: { name: 'policy', namespace },
    spec: { selector: { matchLabels } },
  }
  return nearlySelecting([policy], orders, evidence).length === 1
}

it.each([
  ['a value spelt otherwise', { app: 'orderss' }],
  ['a label spelt otherwise', { apps: 'orders' }],
  ['one of two', { app: 'orders', version: 'v2' }],
])('%s keeps a selector from a pod', (_, labels) => expect(isNear(labels)).toBe(true))

it.each([
  ['no selector', {}],
  ['one that matches', { app: 'orders' }],
  ['one for other pods', { app: 'stock' }],
  ['one for pods that are not there', { app: 'billing' }],
  ['one of two that is for others', { app: 'orders', tier: 'front' }],
])('%s is none that a slip keeps from a pod', (_, labels) => expect(isNear(labels)).toBe(false))

it('counts in the namespace of the pod only', () => expect(isNear({ app: 'orderss' }, 'front')).toBe(false))
