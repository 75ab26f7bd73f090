import { describe, expect, it } from 'vitest'
import type { Case } from '../../../src/diagnosis/blame/lead.ts'
import { atGatewayBetween } from '../../../src/diagnosis/blame/signs/gateway-between.ts'
import type { Sign } from '../../../src/diagnosis/blame/signs/sign.ts'
import { Evidence } from '../../../src/evidence/evidence.ts'
import type { Reading } from '../../../src/evidence/reading.ts'

const HOST = 'partner.example.com'
const EGRESS = 'egress.edge.svc.cluster.local'
const reading = (kind: Reading['kind'], value: object[]): Reading =>
  ({ kind, ok: true, source: kind, at: '', value }) as unknown as Reading
const pod = (container: string): object => ({
  kind: 'Pod',
  metadata: { name: 'egress-1', namespace: 'edge', labels: { istio: 'egress' } },
  spec: { containers: [{ name: container }] },
  status: { podIP: '10.0.0.9', phase: 'Running' },
})
const gateway = (mode: string, selector = 'egress'): object => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'Gateway',
  metadata: { name: 'egress', namespace: 'edge' },
  spec: { selector: { istio: selector }, servers: [{ hosts: [HOST], port: { number: 443 }, tls: { mode } }] },
})
const route = {
  apiVersion: 'networking.istio.io/v1',
  kind: 'VirtualService',
  metadata: { name: 'partner', namespace: 'edge' },
  spec: { hosts: [HOST], gateways: ['mesh', 'egress'], http: [] },
}
const rule = (spec: object = {}): object => ({
  kind: 'DestinationRule',
  metadata: { name: 'egress', namespace: 'edge' },
  spec: { host: EGRESS, trafficPolicy: { tls: { mode: 'ISTIO_MUTUAL' } }, ...spec },
})
const service = { kind: 'Service', metadata: { name: 'egress', namespace: 'edge' }, spec: { ports: [{ port: 443 }] } }
const MADE = {
  metadata: {
    filterMetadata: {
      istio: { config: '/apis/networking.istio.io/v1/namespaces/edge/virtual-service/partner' },
    },
  },
}
/** Who is blamed for a request that a sidecar sent to a gateway inside the mesh, and why. */
const said = ({
  gateways = [gateway('ISTIO_MUTUAL')],
  rules = [] as object[],
  flags = ['UC'],
  container = 'istio-proxy',
  kind = 'sidecar',
}): string[] => {
  const evidence = new Evidence([
    reading('pods', [pod(container)]),
    reading('services', [service]),
    reading('service-entries', []),
    reading('gateways', gateways),
    reading('virtual-services', [route]),
    reading('destination-rules', rules),
  ])
  const entry = { upstreamCluster: `outbound|443||${EGRESS}`, upstreamHost: '10.0.0.9:8443', code: 503, flags }
  const trace = {
    caller: { kind },
    callerPod: { metadata: { name: 'client', namespace: 'front' } },
    question: { host: HOST },
    walk: { route: { branches: [{ route: MADE }] } },
    proxy: {},
    evidence,
  }
  return atGatewayBetween(
    { entry, group: [{ entry }] } as unknown as Sign,
    { target: { hosts: [EGRESS, HOST] }, followed: { way: { trace } }, evidence } as unknown as Case,
  ).map(({ subject, why }) => `${subject.kind}: ${why}`)
}

describe('where a sidecar sends requests to a gateway inside the mesh', () => {
  it('the route is blamed that is bound to a Gateway which does not exist', () =>
    expect(said({ gateways: [] })).toEqual([
      expect.stringMatching(/^VirtualService: it is bound to Gateway `edge\/egress`, which does not exist/),
    ]))
  it('the Gateway is, whose selector does not take the pod', () =>
    expect(said({ gateways: [gateway('ISTIO_MUTUAL', 'other')] })).toEqual([
      expect.stringMatching(/^Gateway: it accepts `partner.example.com`, and its selector does not match `egress-1`/),
    ]))
  it('the route is, when no rule says that callers speak mutual TLS', () =>
    expect(said({})).toEqual([expect.stringMatching(/^VirtualService: .*accepts them only by mutual TLS/)]))
  it('the rule is, that says so and has no effect there', () =>
    expect(said({ rules: [rule({ exportTo: ['.'] })] })).toEqual([
      expect.stringMatching(/^DestinationRule: .*has no effect for callers in namespace `front`/),
    ]))

  it.each([
    ['a rule says how to speak', { rules: [rule()] }],
    ['the gateway takes plain text', { gateways: [gateway('SIMPLE')] }],
    ['it was the application that answered', { flags: [] }],
    ['the pod is no gateway', { container: 'egress' }],
    ['the caller is a gateway itself', { kind: 'ingress' }],
  ])('nobody is, when %s', (_, given) => expect(said(given)).toEqual([]))
})
