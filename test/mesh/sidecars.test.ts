import { describe, expect, it } from 'vitest'
import type { Pod, Sidecar } from '../../src/mesh/objects.ts'
import { showsHost, sidecarFor } from '../../src/mesh/sidecars.ts'

const pod = (namespace: string, labels: Record<string, string>): Pod => ({
  kind: 'Pod',
  metadata: { name: 'client', namespace, labels },
  spec: { containers: [] },
})
const sidecar = (namespace: string, name: string, spec: NonNullable<Sidecar['spec']> = {}): Sidecar => ({
  kind: 'Sidecar',
  metadata: { name, namespace },
  spec,
})

describe('sidecarFor', () => {
  const own = sidecar('shop', 'own', { workloadSelector: { labels: { app: 'client' } } })
  const near = sidecar('shop', 'default')
  const root = sidecar('istio-system', 'default')
  const elsewhere = sidecar('orders', 'default')

  it("takes the one that selects the pod over the namespace's", () =>
    expect(sidecarFor(pod('shop', { app: 'client' }), [root, near, own], 'istio-system')).toBe(own))
  it("takes the namespace's over the mesh's", () =>
    expect(sidecarFor(pod('shop', { app: 'other' }), [root, own, near], 'istio-system')).toBe(near))
  it("takes the mesh's when there is none nearer", () =>
    expect(sidecarFor(pod('shop', { app: 'other' }), [root, elsewhere, own], 'istio-system')).toBe(root))
  it('takes none of another namespace', () =>
    expect(sidecarFor(pod('shop', {}), [elsewhere], 'istio-system')).toBeUndefined())
})

describe('showsHost', () => {
  const catalog = 'catalog.shop.svc.cluster.local'
  it.each([
    [[], true],
    [['*/*'], true],
    [['./*'], true],
    [['shop/*'], true],
    [[`shop/${catalog}`], true],
    [[`./${catalog}`], true],
    [['shop/*.shop.svc.cluster.local'], true],
    [['istio-system/*'], false],
    [['shop/orders.shop.svc.cluster.local'], false],
    [['~/*'], false],
    [['istio-system/*', 'shop/*'], true],
  ])('%j: %s', (hosts, expected) =>
    expect(
      showsHost(sidecar('shop', 'default', hosts.length === 0 ? {} : { egress: [{ hosts }] }), catalog, 'shop'),
    ).toBe(expected),
  )
  const listeners = [
    { port: { number: 80 }, hosts: ['elsewhere/*'] },
    { port: { number: 8080 }, hosts: ['shop/*'] },
  ]
  it.each([
    ['by the listener for that port alone', [...listeners, { hosts: ['*/*'] }], 80, false],
    ['by another one for another port', [...listeners, { hosts: ['~/*'] }], 8080, true],
    ['by the one for all ports at any other', [...listeners, { hosts: ['*/*'] }], 9000, true],
    ['at no other, when there is none for all', listeners, 9000, false],
    ['at some port, when none is asked for', listeners, undefined, true],
  ])('shows a host %s', (_, egress, port, expected) =>
    expect(showsHost(sidecar('shop', 'default', { egress }), catalog, 'shop', port)).toBe(expected),
  )
  it('counts the namespace of the Sidecar itself for a dot', () =>
    expect(showsHost(sidecar('orders', 'default', { egress: [{ hosts: ['./*'] }] }), catalog, 'shop')).toBe(false))
})
