import { describe, expect, it } from 'vitest'
import { blame } from '../../../src/diagnosis/blame/blame.ts'
import { endpointLeads } from '../../../src/diagnosis/blame/destination.ts'
import type { Case } from '../../../src/diagnosis/blame/lead.ts'
import { unregistered } from '../../../src/diagnosis/blame/signs/endpoints.ts'
import type { Sign } from '../../../src/diagnosis/blame/signs/sign.ts'
import type { Trace } from '../../../src/diagnosis/follow/trace.ts'
import { followEvery } from '../../../src/diagnosis/requests/follow-every.ts'
import { resolveTarget } from '../../../src/diagnosis/resolve-target.ts'
import { Evidence } from '../../../src/evidence/evidence.ts'
import type { Reading } from '../../../src/evidence/reading.ts'
import type { AccessLogLine } from '../../../src/mesh/access-log.ts'
import { formatRef } from '../../../src/mesh/ref.ts'
import { parseTarget } from '../../../src/mesh/target-query.ts'
import { replay } from '../../replay.ts'

type Lists = Partial<Record<Reading['kind'], readonly object[]>>

/** How many lines about the host are the earlier ones. */
const EARLIER = 4

/** What is blamed for a host outside the recorded mesh whose callers are blocked there, with objects added and lines of their logs changed. */
async function blamedFor(
  host: string,
  added: Lists,
  line: Partial<AccessLogLine> = {},
  earlier: Partial<AccessLogLine> = line,
): Promise<{ target: string; blamed: string[]; standings: string[] }> {
  const { readings } = await replay('blocked-outbound/ill')
  let told = 0
  const evidence = new Evidence(
    readings.map((reading): Reading => {
      if (!reading.ok) return reading
      if (reading.kind === 'access-log')
        return {
          ...reading,
          value: {
            ...reading.value,
            lines: reading.value.lines.map((one) =>
              one.authority === host ? { ...one, ...((told += 1) <= EARLIER ? earlier : line) } : one,
            ),
          },
        }
      const more = added[reading.kind]
      return more === undefined || !Array.isArray(reading.value)
        ? reading
        : ({ ...reading, value: [...(reading.value as unknown[]), ...more] } as unknown as Reading)
    }),
  )
  const target = resolveTarget(parseTarget(host, 'istioinaction'), evidence)
  const { followed } = await followEvery(target, evidence, { at: '2026-01-01T00:00:00Z' })
  const { findings } = blame(
    followed.filter(({ outcome }) => outcome === 'fails'),
    target,
    evidence,
  )
  return {
    target: formatRef(target.ref),
    blamed: findings.map(({ subject }) => formatRef(subject)),
    standings: findings.map(({ standing }) => standing),
  }
}

const HOST = 'api.example.com'
const made = (kind: string, name: string, spec: object): object => ({
  kind,
  metadata: { name, namespace: 'istioinaction', creationTimestamp: '2020-01-01T00:00:00Z' },
  spec,
})
const RULE = made('DestinationRule', 'api', { host: HOST, trafficPolicy: { tls: { mode: 'SIMPLE' } } })
const ENTRY = made('ServiceEntry', 'api', {
  hosts: [HOST],
  resolution: 'DNS',
  ports: [{ number: 80, name: 'http', protocol: 'HTTP' }],
  endpoints: [{ address: 'outside.istioinaction.svc.cluster.local' }],
})
const OUTSIDE = {
  kind: 'Service',
  metadata: { name: 'outside', namespace: 'istioinaction' },
  spec: { clusterIP: '10.96.0.77', selector: { app: 'outside' }, ports: [{ port: 80 }] },
}
const ARRIVED: Partial<AccessLogLine> = {
  code: 503,
  flags: ['UF'],
  details: 'upstream_reset_before_response_started{remote_connection_failure}',
  upstreamHost: '10.96.0.77:80',
  upstreamCluster: `outbound|80||${HOST}`,
  routeName: 'default',
}

describe('for a host outside, following blames', () => {
  it('the rule that names it, when nobody registers it any more', async () => {
    expect(await blamedFor(HOST, { 'destination-rules': [RULE] })).toMatchObject({
      target: 'DestinationRule istioinaction/api',
      blamed: ['DestinationRule istioinaction/api'],
    })
  })

  it('that rule too, when its callers may call anything and the proxy passed them on', () => {
    const reading = (kind: Reading['kind'], value: object[]): Reading =>
      ({ kind, ok: true, source: kind, at: '', value }) as unknown as Reading
    const trace = {
      caller: { kind: 'sidecar' },
      callerPod: { metadata: { name: 'client', namespace: 'istioinaction' } },
      question: { host: HOST },
      sent: { port: 80, connection: { port: 80 } },
    }
    const blamed = (entries: object[]): string[] =>
      unregistered(
        { entry: { upstreamCluster: 'PassthroughCluster' } } as Sign,
        {
          followed: { way: { trace } },
          evidence: new Evidence([
            reading('services', []),
            reading('service-entries', entries),
            reading('destination-rules', [RULE]),
          ]),
        } as unknown as Case,
      ).map(({ subject }) => formatRef(subject))
    expect(blamed([])).toEqual(['DestinationRule istioinaction/api'])
    expect(blamed([ENTRY])).toEqual([])
  })

  it('the workload that is scaled to 0 behind the Service that its entry leads to', async () => {
    const idle = {
      kind: 'Deployment',
      metadata: { name: 'outside', namespace: 'istioinaction' },
      spec: { replicas: 0, template: { metadata: { labels: { app: 'outside' } } } },
    }
    const { blamed } = await blamedFor(
      HOST,
      { 'service-entries': [ENTRY], services: [OUTSIDE], deployments: [idle] },
      ARRIVED,
    )
    expect(blamed).toEqual(['Deployment istioinaction/outside'])
  })

  it.each<[string, services: object[], expected: string]>([
    ['the Service that its entry leads to, when it is gone', [], 'Service istioinaction/outside'],
    [
      'the entry that misspells the Service it leads to',
      [{ ...OUTSIDE, metadata: { ...OUTSIDE.metadata, name: 'outsid' } }],
      'ServiceEntry istioinaction/api',
    ],
  ])('%s', (_, services, expected) => {
    const reading = (kind: Reading['kind'], value: object[]): Reading =>
      ({ kind, ok: true, source: kind, at: '', value }) as unknown as Reading
    const evidence = new Evidence([reading('services', services), reading('service-entries', [ENTRY])])
    const leads = endpointLeads(`outbound|80||${HOST}`, {} as Trace, { evidence } as Case)
    expect(leads.map(({ subject }) => formatRef(subject))).toEqual([expected])
  })

  it('the entry, when callers give up before a connection to where it leads stands', async () => {
    const waiting: Partial<AccessLogLine> = {
      ...ARRIVED,
      code: 0,
      flags: ['DC'],
      details: 'downstream_remote_disconnect',
      upstreamHost: '10.96.0.77:8080',
    }
    const answered: Partial<AccessLogLine> = { ...ARRIVED, code: 200, flags: [], details: 'via_upstream' }
    const objects = { 'service-entries': [ENTRY], services: [OUTSIDE] }
    expect((await blamedFor(HOST, objects, waiting, answered)).blamed).toEqual(['ServiceEntry istioinaction/api'])
  })

  it.each([
    ['is scaled to 0', 0, 'Deployment istioinaction/outside'],
    ['has other labels', 1, 'ServiceEntry istioinaction/api'],
  ])('the workload or the entry that selects it, when the one %s', async (_, replicas, blamed) => {
    const entry = made('ServiceEntry', 'api', {
      hosts: [HOST],
      resolution: 'STATIC',
      ports: [{ number: 80, name: 'http', protocol: 'HTTP' }],
      workloadSelector: { labels: { app: 'outside' } },
    })
    const workload = {
      kind: 'Deployment',
      metadata: { name: 'outside', namespace: 'istioinaction' },
      spec: { replicas, template: { metadata: { labels: { app: replicas === 0 ? 'outside' : 'other' } } } },
    }
    const { upstreamHost, ...gone } = ARRIVED
    const empty: Partial<AccessLogLine> = { ...gone, flags: ['UH'], details: 'no_healthy_upstream' }
    expect((await blamedFor(HOST, { 'service-entries': [entry], deployments: [workload] }, empty)).blamed).toEqual([
      blamed,
    ])
  })

  it('the entry that has neither endpoints nor a selector of workloads', () => {
    const reading = (kind: Reading['kind'], value: object[]): Reading =>
      ({ kind, ok: true, source: kind, at: '', value }) as unknown as Reading
    const entry = made('ServiceEntry', 'api', { hosts: [HOST], resolution: 'STATIC' })
    const evidence = new Evidence([reading('services', []), reading('service-entries', [entry])])
    const leads = endpointLeads(`outbound|80||${HOST}`, {} as Trace, { evidence } as Case)
    expect(leads.map(({ why }) => why)).toEqual([`it gives \`${HOST}\` no endpoints, and selects no workloads`])
  })

  const machine = (year: number, spec: object, labels: object = { app: 'outside' }): object => ({
    kind: 'WorkloadEntry',
    metadata: { name: 'machine', namespace: 'istioinaction', creationTimestamp: `${year}-01-01T00:00:00Z` },
    spec: { labels, ...spec },
  })
  it.each<[string, machine: object, line: Partial<AccessLogLine>, expected: string]>([
    [
      'the WorkloadEntry that it selects and that gives a name which does not resolve',
      machine(2021, { address: 'machine.example.org' }),
      { flags: ['UH'], details: 'no_healthy_upstream' },
      'WorkloadEntry istioinaction/machine',
    ],
    [
      'the entry that was changed after the WorkloadEntry it selects',
      machine(2019, { address: 'machine.example.org' }),
      { flags: ['UH'], details: 'no_healthy_upstream' },
      'ServiceEntry istioinaction/api',
    ],
    [
      'the WorkloadEntry that was given other labels',
      machine(2021, { address: '192.0.2.7' }, { app: 'other' }),
      { flags: ['UH'], details: 'no_healthy_upstream' },
      'WorkloadEntry istioinaction/machine',
    ],
    [
      'the WorkloadEntry that gives an address where nobody answers',
      machine(2021, { address: '192.0.2.7' }),
      { flags: ['UF'], upstreamHost: '192.0.2.7:80' },
      'WorkloadEntry istioinaction/machine',
    ],
    [
      'the entry, when no WorkloadEntry was changed since',
      machine(2019, { address: '192.0.2.7' }),
      { flags: ['UF'], upstreamHost: '192.0.2.7:80' },
      'ServiceEntry istioinaction/api',
    ],
    [
      'the Service that a WorkloadEntry leads to, when it is gone',
      machine(2021, { address: 'gone.istioinaction.svc.cluster.local' }),
      { flags: ['UH'], details: 'no_healthy_upstream' },
      'Service istioinaction/gone',
    ],
  ])('%s', async (_, one, line, expected) => {
    const entry = made('ServiceEntry', 'api', {
      hosts: [HOST],
      resolution: 'DNS',
      ports: [{ number: 80, name: 'http', protocol: 'HTTP' }],
      workloadSelector: { labels: { app: 'outside' } },
    })
    const { upstreamHost, ...gone } = ARRIVED
    const objects = { 'service-entries': [entry], 'workload-entries': [one] }
    const { blamed } = await blamedFor(HOST, objects, { ...gone, ...line })
    expect(blamed).toEqual([expected])
  })

  it.each([
    [2021, 'observed'],
    [2100, 'live'],
  ])('on failures that were seen since a WorkloadEntry was changed (%i): %s', async (year, standing) => {
    const entry = made('ServiceEntry', 'api', { hosts: [HOST], workloadSelector: { labels: { app: 'outside' } } })
    const objects = { 'service-entries': [entry], 'workload-entries': [machine(year, { address: '192.0.2.7' })] }
    const { upstreamHost, ...gone } = ARRIVED
    expect((await blamedFor(HOST, objects, { ...gone, flags: ['UH'] })).standings).toEqual([standing])
  })

  it('the entry that declares TLS for a port to which callers speak plain text, of which their proxy logs an address alone', async () => {
    const entry = made('ServiceEntry', 'api', {
      hosts: [HOST],
      addresses: ['240.240.0.1'],
      resolution: 'DNS',
      ports: [{ number: 80, name: 'https', protocol: 'HTTPS' }],
    })
    const closed: Partial<AccessLogLine> = {
      code: 0,
      flags: ['UH'],
      upstreamCluster: 'BlackHoleCluster',
      downstreamLocal: '240.240.0.1:80',
      authority: undefined,
      method: undefined,
      path: undefined,
    } as unknown as Partial<AccessLogLine>
    expect((await blamedFor(HOST, { 'service-entries': [entry] }, closed)).blamed).toEqual([
      'ServiceEntry istioinaction/api',
    ])
  })

  it('the rule that originates TLS, when the certificate of the other end is not accepted', async () => {
    const refused: Partial<AccessLogLine> = {
      ...ARRIVED,
      failure: 'TLS_error:|268435581:SSL_routines:CERTIFICATE_VERIFY_FAILED',
    }
    const objects = { 'service-entries': [ENTRY], services: [OUTSIDE], 'destination-rules': [RULE] }
    expect((await blamedFor(HOST, objects, refused)).blamed).toEqual(['DestinationRule istioinaction/api'])
  })

  it('the rule whose host is misspelt, so that no TLS is originated', async () => {
    const misspelt = {
      ...made('DestinationRule', 'api', { host: 'api.exampel.com', trafficPolicy: { tls: { mode: 'SIMPLE' } } }),
      metadata: { name: 'api', namespace: 'istioinaction', creationTimestamp: '2021-01-01T00:00:00Z' },
    }
    const closed: Partial<AccessLogLine> = {
      ...ARRIVED,
      flags: ['UC'],
      details: 'upstream_reset_before_response_started{connection_termination}',
    }
    const objects = { 'service-entries': [ENTRY], services: [OUTSIDE], 'destination-rules': [misspelt] }
    expect((await blamedFor(HOST, objects, closed)).blamed).toEqual(['DestinationRule istioinaction/api'])
  })

  it.each([
    ['has no such port any more', { ports: [{ port: 81 }] }],
    ['leads to a port on which nothing listens', { ports: [{ port: 80, targetPort: 81 }] }],
  ])('the Service that the entry leads to, when it %s', async (_, spec) => {
    const service = {
      ...OUTSIDE,
      metadata: { ...OUTSIDE.metadata, creationTimestamp: '2021-01-01T00:00:00Z' },
      spec: { ...OUTSIDE.spec, ...spec },
    }
    const workload = {
      kind: 'Deployment',
      metadata: { name: 'outside', namespace: 'istioinaction' },
      spec: { replicas: 1, template: { metadata: { labels: { app: 'outside' } } } },
    }
    const pod = {
      kind: 'Pod',
      metadata: { name: 'outside-1', namespace: 'istioinaction', labels: { app: 'outside' } },
      status: { podIP: '10.9.9.9', phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
    }
    const objects = { 'service-entries': [ENTRY], services: [service], deployments: [workload], pods: [pod] }
    expect((await blamedFor(HOST, objects, ARRIVED)).blamed).toEqual(['Service istioinaction/outside'])
  })

  it('the newer of entry and rule, when the other end speaks something else', async () => {
    const spoken: Partial<AccessLogLine> = {
      ...ARRIVED,
      code: 502,
      flags: ['UPE'],
      details: 'upstream_reset_before_response_started{protocol_error}',
    }
    expect((await blamedFor(HOST, { 'service-entries': [ENTRY], services: [OUTSIDE] }, spoken)).blamed).toEqual([
      'ServiceEntry istioinaction/api',
    ])
  })
})
