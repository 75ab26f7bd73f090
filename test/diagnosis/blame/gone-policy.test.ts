import { describe, expect, it } from 'vitest'
import { policyGone } from '../../../src/diagnosis/blame/gone-policy.ts'
import type { Case } from '../../../src/diagnosis/blame/lead.ts'
import type { Request } from '../../../src/checks/facts/requests-to.ts'
import { Evidence } from '../../../src/evidence/evidence.ts'
import type { Reading } from '../../../src/evidence/reading.ts'
import { MOMENT, row } from '../requests/rows.ts'

const SHOP = { kind: 'Service', namespace: 'shop', name: 'orders' }
const CHANGED = new Date(MOMENT).toISOString()
const reading = (kind: Reading['kind'], value: object[]): Reading =>
  ({ kind, ok: true, source: kind, at: '', value }) as unknown as Reading
const evidence = new Evidence([
  reading('services', [{ metadata: { name: 'orders', namespace: 'shop', creationTimestamp: CHANGED } }]),
])
const POD = { kind: 'Pod', namespace: 'shop', name: 'orders-1' }
const withPolicy = (seconds: number): Evidence =>
  new Evidence([
    ...evidence.readings,
    reading('pods', [{ kind: 'Pod', metadata: { name: 'orders-1', namespace: 'shop', labels: {} } }]),
    reading('authorization-policies', [
      {
        metadata: {
          name: 'one',
          namespace: 'shop',
          creationTimestamp: new Date(MOMENT - seconds * 1000).toISOString(),
        },
        spec: {},
      },
    ]),
  ])
/** A row of requests that went over connections which were first used a number of seconds after the moment. */
const over = (text: string, begun: number): Request[] => {
  const requests = row(text).map((one) => ({ ...one, entry: { ...one.entry, upstreamLocal: '10.0.0.1:40000' } }))
  const [first] = requests
  if (first === undefined) return []
  const opened = { ...first.entry, at: new Date(MOMENT + begun * 1000).toISOString() }
  const log = { ...first.log, value: { lines: [opened, ...requests.map(({ entry }) => entry)], unreadable: 0 } }
  return requests.map((one) => ({ ...one, log }))
}
const blamed = (text: string | Request[], seen = evidence): string[] =>
  policyGone({
    followed: { requests: { requests: typeof text === 'string' ? row(text) : text } },
    target: { ref: SHOP, namespace: 'shop', name: 'orders', hosts: [], services: [SHOP], pods: [POD] },
    evidence: seen,
  } as unknown as Case).map(({ subject: { kind, name } }) => `${kind}/${name}`)

describe('a policy that allowed requests is gone', () => {
  it.each<[string, string, string[]]>([
    ['they were allowed since the last change, then refused', '5 ok, 5 rbac', ['Service/orders']],
    ['connections from before were allowed a while longer', '5 ok, 2 rbac, 1 ok, 4 rbac', ['Service/orders']],
    ['they were refused from the last change on', '-5 ok, 5 rbac', []],
    ['some were refused all along', '1 ok, 1 rbac, 5 ok, 5 rbac', []],
    ['they are allowed again', '5 ok, 5 rbac, 3 ok', []],
  ])('when %s', (_, text, expected) => expect(blamed(text)).toEqual(expected))

  it('not when a policy was changed that may not have acted yet', () => {
    expect(blamed('5 ok, 5 rbac', withPolicy(10))).toEqual([])
    expect(blamed('5 ok, 5 rbac', withPolicy(100))).toEqual(['Service/orders'])
  })

  it('when the policy that was changed had come to act on connections made since', () => {
    expect(blamed(over('5 ok, 5 rbac', 0), withPolicy(30))).toEqual(['Service/orders'])
    expect(blamed(over('5 ok, 5 rbac', -40), withPolicy(30))).toEqual([])
    expect(blamed(over('5 ok, 5 rbac', 0), withPolicy(10))).toEqual([])
  })
})
