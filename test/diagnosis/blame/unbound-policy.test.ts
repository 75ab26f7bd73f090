import { describe, expect, it } from 'vitest'
import type { Case } from '../../../src/diagnosis/blame/lead.ts'
import { unboundPolicies } from '../../../src/diagnosis/blame/unbound-policy.ts'
import { Evidence } from '../../../src/evidence/evidence.ts'
import type { Reading } from '../../../src/evidence/reading.ts'
import type { Pod } from '../../../src/mesh/objects.ts'
import { row } from '../requests/rows.ts'

const pod: Pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'orders-1', namespace: 'shop', labels: { app: 'orders' } },
}
const reading = (kind: Reading['kind'], value: object[]): Reading =>
  ({ kind, ok: true, source: kind, at: '', value }) as unknown as Reading

/** The policies that would allow the requests, were their selectors as they are meant. */
const said = (app: string, rule: object, action?: string, changed?: string): string[] =>
  unboundPolicies(pod, {
    followed: { present: { failures: row('3 rbac') } },
    evidence: new Evidence([
      reading('pods', [pod]),
      reading('virtual-services', []),
      reading('authorization-policies', [
        {
          kind: 'AuthorizationPolicy',
          metadata: {
            name: 'public',
            namespace: 'shop',
            creationTimestamp: '2026-01-01T00:00:00Z',
            managedFields: [{ operation: 'Update', time: changed ?? '2026-01-01T00:00:00Z' }],
          },
          spec: { selector: { matchLabels: { app } }, action, rules: [rule] },
        },
        {
          kind: 'AuthorizationPolicy',
          metadata: { name: 'other', namespace: 'shop', creationTimestamp: '2026-01-01T00:05:00Z' },
          spec: { rules: [] },
        },
      ]),
    ]),
    target: { ref: { kind: 'Service', namespace: 'shop', name: 'orders' }, hosts: [], services: [], pods: [] },
  } as unknown as Case).map(({ subject, why }) => `${subject.name}: ${why}`)

const GETS = { to: [{ operation: { methods: ['GET'] } }] }

describe('a policy that allows, and whose selector a slip keeps from the pod', () => {
  it('is blamed for requests that no other allows', () =>
    expect(said('orderss', GETS)).toEqual([
      'public: it may allow these requests, and acts on nothing: no pod in `shop` has the labels of its selector, `app=orderss`',
    ]))
  it('is blamed where what its rule asks for is not known of them', () =>
    expect(said('orderss', { when: [{ key: 'request.headers[x-public]', values: ['yes'] }] })).toHaveLength(1))
  it('is blamed where its selector, whatever it says, was changed after all other policies', () =>
    expect(said('billing', GETS, undefined, '2026-01-01T00:09:00Z')).toEqual([
      'public: it may allow these requests, and acts on nothing: no pod in `shop` has the labels of its selector, `app=billing`',
    ]))
  it('is not where another policy was changed since', () =>
    expect(said('billing', GETS, undefined, '2026-01-01T00:04:00Z')).toEqual([]))
  it.each([
    ['it acts on the pod', 'orders', GETS, undefined],
    ['it is for other pods', 'billing', GETS, undefined],
    ['its rule surely does not match them', 'orderss', { to: [{ operation: { methods: ['POST'] } }] }, undefined],
    ['it denies', 'orderss', GETS, 'DENY'],
  ])('is not where %s', (_, app, rule, action) => expect(said(app, rule, action)).toEqual([]))
})
