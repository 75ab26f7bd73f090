import { describe, expect, it } from 'vitest'
import { httpRulesOnTcp } from '../../../src/diagnosis/blame/http-rules-on-tcp.ts'
import type { Case } from '../../../src/diagnosis/blame/lead.ts'
import { Evidence } from '../../../src/evidence/evidence.ts'
import type { Reading } from '../../../src/evidence/reading.ts'
import type { AuthorizationPolicy, Pod } from '../../../src/mesh/objects.ts'

const pod: Pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'orders-1', namespace: 'shop', labels: { app: 'orders' } },
  spec: { containers: [{ name: 'orders', ports: [{ name: 'web', containerPort: 3000 }] }] },
}
const service = (port: object, changed: string): object => ({
  kind: 'Service',
  metadata: { name: 'orders', namespace: 'shop', creationTimestamp: changed },
  spec: { selector: { app: 'orders' }, ports: [{ port: 80, targetPort: 'web', ...port }] },
})
const policy = (rule: object): AuthorizationPolicy => ({
  kind: 'AuthorizationPolicy',
  metadata: { name: 'readers', namespace: 'shop', creationTimestamp: '2026-01-01T00:00:00Z' },
  spec: { rules: [rule] },
})
const METHODS = { to: [{ operation: { methods: ['GET'] } }] }
const LATER = '2026-01-02T00:00:00Z'
const EARLIER = '2025-12-31T00:00:00Z'

/** Who is blamed, and why. */
const said = (port: object, changed: string, rule: object = METHODS): string[] =>
  httpRulesOnTcp([policy(rule)], pod, 3000, {
    evidence: new Evidence([
      { kind: 'services', ok: true, source: 'services', at: '', value: [service(port, changed)] } as unknown as Reading,
    ]),
  } as unknown as Case).map(({ subject, why }) => `${subject.kind}: ${why}`)

describe('where rules are about requests, and a port is not said to be HTTP', () => {
  it('the Service is blamed that was changed last', () =>
    expect(said({ name: 'web' }, LATER)).toEqual([
      'Service: it does not say that its port for `3000` of `orders-1` is HTTP, so connections are judged as plain TCP, and `readers` asks for `methods`, which only requests have',
    ]))
  it('the policy is, when it was', () =>
    expect(said({ name: 'web' }, EARLIER)).toEqual([
      'AuthorizationPolicy: it asks for `methods`, which only requests have, and port `3000` of `orders-1` is plain TCP for its proxy',
    ]))
  it.each([
    ['by its name', { name: 'http-web' }],
    ['by appProtocol', { name: 'web', appProtocol: 'kubernetes.io/h2c' }],
  ])('nobody is where the port is said to be HTTP %s', (_, port) => expect(said(port, LATER)).toEqual([]))
  it('nobody is where rules are about connections', () =>
    expect(said({ name: 'web' }, LATER, { from: [{ source: { namespaces: ['front'] } }] })).toEqual([]))
})
