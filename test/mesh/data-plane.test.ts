import { describe, expect, it } from 'vitest'
import { asksForAmbient, concernsAmbient, dataPlaneOf } from '../../src/mesh/data-plane.ts'
import type { Namespace, Pod } from '../../src/mesh/objects.ts'

const MODE = 'istio.io/dataplane-mode'
const pod = (
  labels: Record<string, string>,
  annotations: Record<string, string> = {},
  spec: Partial<Pod['spec']> = {},
): Pod => ({
  kind: 'Pod',
  metadata: { namespace: 'shop', name: 'catalog', labels, annotations },
  spec: { containers: [{ name: 'catalog' }], ...spec },
})
const ambient: Namespace = { kind: 'Namespace', metadata: { name: 'shop', labels: { [MODE]: 'ambient' } } }
const plain: Namespace = { kind: 'Namespace', metadata: { name: 'shop' } }
const proxy = { name: 'istio-proxy' }

describe('the data plane of a pod', () => {
  it.each([
    ['none', pod({})],
    ['none', pod({ [MODE]: 'ambient' })],
    ['none', pod({}, { 'ambient.istio.io/redirection': 'pending' })],
    ['ztunnel', pod({}, { 'ambient.istio.io/redirection': 'enabled' })],
    ['sidecar', pod({ [MODE]: 'ambient' }, {}, { containers: [{ name: 'catalog' }, proxy] })],
    ['sidecar', pod({}, {}, { initContainers: [proxy] })],
  ])('is %s by what was noted on it, not by what is asked for', (plane, one) => {
    expect(dataPlaneOf(one)).toBe(plane)
  })
})

describe('ambient mode', () => {
  it.each([
    ['by the namespace', pod({}), ambient, 'namespace'],
    ['by the pod', pod({ [MODE]: 'ambient' }), plain, 'pod'],
    ['not where the pod says no', pod({ [MODE]: 'none' }), ambient, undefined],
    ['not for a pod with a sidecar', pod({}, {}, { containers: [proxy] }), ambient, undefined],
    ['not for a pod in the network of its node', pod({}, {}, { hostNetwork: true }), ambient, undefined],
    ['not when nobody says so', pod({}), plain, undefined],
  ])('is asked for %s', (_, one, namespace, by) => {
    expect(asksForAmbient(one, namespace)).toBe(by)
    expect(concernsAmbient(one, namespace)).toBe(by !== undefined)
  })
})
