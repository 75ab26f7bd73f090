import { describe, expect, it } from 'vitest'
import { linesTo } from '../../../src/checks/facts/traffic-of.ts'
import { Evidence } from '../../../src/evidence/evidence.ts'
import type { Reading } from '../../../src/evidence/reading.ts'
import type { AccessLogLine } from '../../../src/mesh/access-log.ts'
import type { Target } from '../../../src/mesh/target.ts'

const AT = '2026-01-01T00:00:00Z'
const target: Target = {
  asked: 'orders',
  ref: { kind: 'Service', namespace: 'shop', name: 'orders' },
  namespace: 'shop',
  name: 'orders',
  hosts: ['orders.shop.svc.cluster.local', 'shop.example'],
  services: [],
  pods: [{ kind: 'Pod', namespace: 'shop', name: 'orders-1' }],
}

/** How many lines of one pod's log are about the target. */
function counted(containers: readonly string[], entry: Partial<AccessLogLine>, name = 'stock-1'): number {
  const pod = {
    metadata: { namespace: 'shop', name },
    spec: { containers: containers.map((one) => ({ name: one })) },
    status: { podIP: '10.0.0.7' },
  }
  const line = {
    at: AT,
    code: 0,
    flags: ['NR'],
    details: 'filter_chain_not_found',
    serverName: 'shop.example',
    ...entry,
  }
  const about = { source: '', at: AT, ok: true }
  const readings = [
    { ...about, kind: 'pods', value: [pod] },
    {
      ...about,
      kind: 'access-log',
      of: { kind: 'Pod', namespace: 'shop', name },
      value: { lines: [line], unreadable: 0 },
    },
  ]
  const evidence = new Evidence(readings as unknown as Reading[])
  return linesTo(evidence, target, 0).reduce((sum, { lines }) => sum + lines.length, 0)
}

describe('connections that a sidecar turned away, with a server name of the target', () => {
  const WORKLOAD = ['stock', 'istio-proxy']
  it.each<[string, expected: number, containers: string[], Partial<AccessLogLine>, name?: string]>([
    ['are none of its own at the address of another workload', 0, WORKLOAD, { downstreamLocal: '10.0.0.7:3000' }],
    ['are its own on their way out of another workload', 1, WORKLOAD, { downstreamLocal: '10.96.0.9:8080' }],
    ['are its own at its own pod', 1, WORKLOAD, { downstreamLocal: '10.0.0.7:3000' }, 'orders-1'],
    ['are its own at a gateway', 1, ['istio-proxy'], { downstreamLocal: '10.0.0.7:8443' }],
  ])('%s', (_, expected, containers, entry, name) => {
    expect(counted(containers, entry, name)).toBe(expected)
  })
})
