import { describe, expect, it } from 'vitest'
import type { Case } from '../../../src/diagnosis/blame/lead.ts'
import { ruleWithoutEffect } from '../../../src/diagnosis/blame/signs/protocol.ts'
import type { Sign } from '../../../src/diagnosis/blame/signs/sign.ts'
import { Evidence } from '../../../src/evidence/evidence.ts'
import type { Reading } from '../../../src/evidence/reading.ts'

const HOST = 'egress.edge.svc.cluster.local'
const reading = (kind: Reading['kind'], value: object[]): Reading =>
  ({ kind, ok: true, source: kind, at: '', value }) as unknown as Reading
const service = (name: string): object => ({
  kind: 'Service',
  metadata: { name, namespace: 'edge' },
  spec: { ports: [] },
})
const rule = (host: string, spec: object = {}): object => ({
  kind: 'DestinationRule',
  metadata: { name: 'egress', namespace: 'edge' },
  spec: { host, trafficPolicy: { tls: { mode: 'ISTIO_MUTUAL' } }, ...spec },
})
const said = (rules: object[], services: object[] = [service('egress')]): string[] =>
  ruleWithoutEffect(
    { entry: { upstreamCluster: `outbound|443||${HOST}`, code: 503, flags: ['UC'] }, group: [{}] } as unknown as Sign,
    {
      target: { hosts: [HOST] },
      followed: { way: { trace: { callerPod: { metadata: { name: 'client', namespace: 'front' } } } } },
      evidence: new Evidence([
        reading('services', services),
        reading('service-entries', []),
        reading('destination-rules', rules),
      ]),
    } as unknown as Case,
  ).map(({ why }) => why)

describe('a rule that says how to speak to a host, and has no effect for its caller', () => {
  it('is exported to others only', () =>
    expect(said([rule(HOST, { exportTo: ['.'] })])).toEqual([
      expect.stringContaining('has no effect for callers in namespace `front`'),
    ]))
  it('is for a host that nobody registers and that is nearest', () =>
    expect(said([rule(`${HOST}s`)])).toEqual([
      expect.stringContaining(
        `it says how to speak to \`${HOST}s\`, which is not registered, and \`${HOST}\` is nearest`,
      ),
    ]))

  it.each<[string, object[], object[]]>([
    ['acts', [rule(HOST)], [service('egress')]],
    [
      'is for another Service that exists',
      [rule('egres.edge.svc.cluster.local')],
      [service('egress'), service('egres')],
    ],
    ['is for a host far from it', [rule('orders.shop.svc.cluster.local')], [service('egress')]],
    ['says nothing of TLS', [rule(`${HOST}s`, { trafficPolicy: {} })], [service('egress')]],
  ])('is none when it %s', (_, rules, services) => expect(said(rules, services)).toEqual([]))
})
