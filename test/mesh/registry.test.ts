import { expect, it } from 'vitest'
import { Registry } from '../../src/mesh/registry.ts'

const registry = new Registry(
  [
    {
      kind: 'Service',
      metadata: { namespace: 'shop', name: 'catalog', annotations: { 'networking.istio.io/exportTo': '., web' } },
      spec: { ports: [{ port: 80 }, { port: 81 }] },
    },
    {
      kind: 'Service',
      metadata: { namespace: 'shop', name: 'outside' },
      spec: { type: 'ExternalName', externalName: 'api.example.com' },
    },
  ],
  [
    {
      kind: 'ServiceEntry',
      metadata: { namespace: 'shop', name: 'wild' },
      spec: { hosts: ['*.example.com', 'pay.example.org'], ports: [{ number: 443 }], exportTo: ['.'] },
    },
  ],
)

it('has a host for every Service and for every host of a ServiceEntry', () => {
  expect(registry.hosts).toEqual([
    'catalog.shop.svc.cluster.local',
    'outside.shop.svc.cluster.local',
    '*.example.com',
    'pay.example.org',
  ])
  expect(registry.of('catalog.shop.svc.cluster.local')).toMatchObject([{ ports: [80, 81], exportTo: ['.', 'web'] }])
  expect(registry.of('outside.shop.svc.cluster.local')).toMatchObject([{ ports: [], external: 'api.example.com' }])
  expect(registry.of('pay.example.org')).toMatchObject([{ ports: [443], exportTo: ['.'] }])
})

it('does not register a host that only a wildcard takes', () => {
  expect(registry.of('api.example.com')).toEqual([])
  expect(registry.wildcardsOver('api.example.com')).toEqual(['*.example.com'])
  expect(registry.wildcardsOver('*.example.com')).toEqual([])
})
