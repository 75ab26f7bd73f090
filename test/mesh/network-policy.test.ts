import { describe, expect, it } from 'vitest'
import type { Direction } from '../../src/mesh/network-policy.ts'
import { keepingOut, restricts } from '../../src/mesh/network-policy.ts'
import type { NetworkPolicy, Pod } from '../../src/mesh/objects.ts'

const pod = (namespace: string, name: string): Pod => ({
  kind: 'Pod',
  metadata: { namespace, name, labels: { app: name } },
  spec: { containers: [{ name, ports: [{ name: 'http', containerPort: 3000 }] }] },
})
const catalog = pod('shop', 'catalog')
const policy = (spec: NetworkPolicy['spec']): NetworkPolicy => ({
  kind: 'NetworkPolicy',
  metadata: { namespace: 'shop', name: 'one' },
  ...(spec !== undefined && { spec }),
})
const isOut = (spec: NetworkPolicy['spec'], caller: Pod, port = 3000): boolean =>
  keepingOut([policy(spec)], catalog, 'Ingress', { pod: caller, address: '192.0.2.7' }, { port, pod: catalog }).length >
  0

const front = pod('front', 'client')
const near = pod('shop', 'client')
const all = { podSelector: {} }

describe('a NetworkPolicy', () => {
  it.each<[string, NetworkPolicy['spec'], Direction, boolean]>([
    ['is about incoming connections unless it says otherwise', all, 'Ingress', true],
    ['is not about outgoing ones without rules for them', all, 'Egress', false],
    ['is about outgoing ones when it has rules for them', { ...all, egress: [] }, 'Egress', true],
    ['is about what it says', { ...all, policyTypes: ['Egress'] }, 'Ingress', false],
    ['is about the pods it selects', { podSelector: { matchLabels: { app: 'other' } } }, 'Ingress', false],
    [
      'selects by expressions',
      { podSelector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['catalog'] }] } },
      'Ingress',
      true,
    ],
    [
      'selects what lacks a label',
      { podSelector: { matchExpressions: [{ key: 'app', operator: 'DoesNotExist' }] } },
      'Ingress',
      false,
    ],
  ])('%s', (_, spec, direction, expected) => {
    expect(restricts(policy(spec), catalog, direction)).toBe(expected)
  })

  it.each<[string, NetworkPolicy['spec'], Pod, number, boolean]>([
    ['without rules lets nobody in', all, near, 3000, true],
    ['with an empty rule lets everybody in', { ...all, ingress: [{}] }, front, 3000, false],
    ['names pods of its own namespace', { ...all, ingress: [{ from: [{ podSelector: {} }] }] }, near, 3000, false],
    ['does not mean those of others by it', { ...all, ingress: [{ from: [{ podSelector: {} }] }] }, front, 3000, true],
    [
      'names namespaces by the label that all have',
      {
        ...all,
        ingress: [{ from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'front' } } }] }],
      },
      front,
      3000,
      false,
    ],
    [
      'takes both selectors of one entry together',
      {
        ...all,
        ingress: [{ from: [{ namespaceSelector: {}, podSelector: { matchLabels: { app: 'other' } } }] }],
      },
      front,
      3000,
      true,
    ],
    ['names a port by number', { ...all, ingress: [{ ports: [{ port: 8080 }] }] }, front, 3000, true],
    [
      'names a port by the name a container gives it',
      { ...all, ingress: [{ ports: [{ port: 'http' }] }] },
      front,
      3000,
      false,
    ],
    [
      'names a range of ports',
      { ...all, ingress: [{ ports: [{ port: 15000, endPort: 15010 }] }] },
      front,
      15_008,
      false,
    ],
    [
      'does not mean TCP by UDP',
      { ...all, ingress: [{ ports: [{ port: 3000, protocol: 'UDP' }] }] },
      front,
      3000,
      true,
    ],
    ['names addresses', { ...all, ingress: [{ from: [{ ipBlock: { cidr: '192.0.2.0/24' } }] }] }, front, 3000, false],
    [
      'leaves out of them what it says',
      { ...all, ingress: [{ from: [{ ipBlock: { cidr: '192.0.2.0/24', except: ['192.0.2.7/32'] } }] }] },
      front,
      3000,
      true,
    ],
  ])('%s', (_, spec, caller, port, expected) => {
    expect(isOut(spec, caller, port)).toBe(expected)
  })

  it('is joined by others: one that lets a connection through is enough', () => {
    const end = { pod: front }
    const both = [policy(all), policy({ ...all, ingress: [{}] })]
    expect(keepingOut(both, catalog, 'Ingress', end, { port: 3000 })).toEqual([])
    expect(keepingOut([policy(all), policy(all)], catalog, 'Ingress', end, { port: 3000 })).toHaveLength(2)
  })
})
