import { describe, expect, it } from 'vitest'
import {
  fromFqdn,
  gatewayHost,
  hostMatches,
  hostsOverlap,
  serviceHost,
  takenByAny,
  toFqdn,
} from '../../src/mesh/host.ts'

describe('hosts', () => {
  it.each([
    ['catalog', 'catalog.shop.svc.cluster.local'],
    ['catalog.shop', 'catalog.shop'], // istiod completes only names without a dot
    ['catalog.shop.svc.cluster.local', 'catalog.shop.svc.cluster.local'],
    ['*', '*'],
    ['', ''],
    ['*.example.com', '*.example.com'],
  ])('%j in namespace shop is %j', (host, fqdn) => {
    expect(toFqdn(host, 'shop')).toBe(fqdn)
  })

  it('go to a service and back', () => {
    expect(fromFqdn(serviceHost('catalog', 'shop'))).toEqual({ name: 'catalog', namespace: 'shop' })
    expect(fromFqdn(serviceHost('catalog', 'shop', 'mesh.internal'))).toEqual({ name: 'catalog', namespace: 'shop' })
    for (const other of [
      'example.com',
      'catalog.svc.cluster.local',
      'a.b.c.svc.cluster.local',
      '.svc.cluster.local',
      'catalog.shop.svc',
      'catalog.shop.svc.cluster.local.',
    ])
      expect(fromFqdn(other), other).toBeUndefined()
  })

  it.each([
    ['*', 'anything.example.com', true],
    ['catalog.shop', 'catalog.shop', true],
    ['Catalog.Example.com', 'catalog.example.COM', true],
    ['*.example.com', 'shop.example.com', true],
    ['*.example.com', 'a.b.example.com', true],
    ['*.example.com', 'example.com', false],
    ['*.example.com', '.example.com', false],
    ['*.example.com', 'shop.example.org', false],
    ['*.example.com', 'badexample.com', false],
    ['*-shop.example.com', 'my-shop.example.com', true],
    ['catalog', 'catalog.shop', false],
  ])('%j takes %j: %s', (pattern, host, taken) => {
    expect(hostMatches(pattern, host)).toBe(taken)
    expect(takenByAny([pattern])(host)).toBe(taken)
    expect(takenByAny(['other.example.net', pattern, '*.example.net'])(host)).toBe(taken)
  })

  it('no pattern takes no host', () => {
    expect(takenByAny([])('shop.example.com')).toBe(false)
  })

  it.each([
    ['*.example.com', 'shop.example.com', true],
    ['shop.example.com', '*.example.com', true],
    ['*.example.com', '*.shop.example.com', true],
    ['*', '*.example.com', true],
    ['*.example.com', '*.example.org', false],
    ['a.example.com', 'b.example.com', false],
  ])('%j and %j share one: %s', (a, b, shared) => {
    expect(hostsOverlap(a, b)).toBe(shared)
  })

  it("of a Gateway's server may begin with a namespace", () => {
    expect(gatewayHost('shop/*.example.com')).toEqual({ namespace: 'shop', host: '*.example.com' })
    expect(gatewayHost('./a.example.com')).toEqual({ namespace: '.', host: 'a.example.com' })
    expect(gatewayHost('a.example.com')).toEqual({ namespace: '*', host: 'a.example.com' })
  })
})
