import { describe, expect, it } from 'vitest'
import { parseZtunnelConfig } from '../../src/mesh/ztunnel.ts'
import { parseZtunnelLog } from '../../src/mesh/ztunnel-log.ts'

// Of the shape that Istio's sources document: no ztunnel ran where these tests were written.
const workload = {
  uid: 'Kubernetes//Pod/shop/catalog-1',
  workloadIps: ['192.0.2.8'],
  protocol: 'HBONE',
  name: 'catalog-1',
  namespace: 'shop',
  serviceAccount: 'catalog',
  node: 'a',
  status: 'Healthy',
  waypoint: { destination: '/192.0.2.9' },
  authorizationPolicies: ['shop/admin'],
}
const service = {
  name: 'catalog',
  namespace: 'shop',
  hostname: 'catalog.shop.svc.cluster.local',
  vips: ['/198.51.100.1'],
  ports: { 80: 3000 },
  endpoints: {
    'Kubernetes//Pod/shop/catalog-1:192.0.2.8': { workloadUid: workload.uid, service: '', port: { 80: 3000 } },
  },
}
const state = {
  state: 'Up',
  connections: {
    inbound: [{ src: '192.0.2.7:40000', originalDst: null, actualDst: '192.0.2.8:3000', protocol: 'HBONE' }],
    outbound: [
      { src: '192.0.2.8:40001', originalDst: '198.51.100.2:80', actualDst: '192.0.2.10:15008', protocol: 'HBONE' },
    ],
  },
  info: { name: 'catalog-1', namespace: 'shop', trustDomain: '', serviceAccount: 'catalog' },
}
const listed = {
  workloads: [workload],
  services: [service],
  policies: [{ name: 'admin', namespace: 'shop', scope: 'WorkloadSelector', action: 'Deny', rules: [[[{}]]] }],
  certificates: [
    {
      identity: 'spiffe://cluster.local/ns/shop/sa/catalog',
      state: 'Unavailable: signing gRPC error (Unavailable): no answer',
      certChain: [],
      rootCerts: [],
    },
  ],
  workloadState: { 'a-uid': state },
  stagedServices: {},
  config: { proxyMode: 'Shared' },
}
const keyed = {
  ...listed,
  workloads: { '/192.0.2.8': workload },
  services: { 'shop/catalog.shop.svc.cluster.local': service },
}

describe('the configuration of a ztunnel', () => {
  it('is the same whether workloads and services are listed or keyed', () => {
    expect(parseZtunnelConfig(JSON.stringify(keyed))).toEqual(parseZtunnelConfig(JSON.stringify(listed)))
  })

  it('has what is asked of it', () => {
    const read = parseZtunnelConfig(JSON.stringify(listed))
    expect(read.workloads).toEqual([
      {
        uid: workload.uid,
        name: 'catalog-1',
        namespace: 'shop',
        addresses: ['192.0.2.8'],
        protocol: 'HBONE',
        node: 'a',
        waypoint: '/192.0.2.9',
        status: 'Healthy',
        serviceAccount: 'catalog',
        policies: ['shop/admin'],
      },
    ])
    expect(read.services[0]).toMatchObject({ name: 'catalog', workloads: [workload.uid] })
    expect(read.services[0]).not.toHaveProperty('waypoint')
    expect(read.certificates).toEqual([
      {
        identity: 'spiffe://cluster.local/ns/shop/sa/catalog',
        state: 'Unavailable',
        reason: 'signing gRPC error (Unavailable): no answer',
      },
    ])
    expect(read.captured[0]).toEqual({
      name: 'catalog-1',
      namespace: 'shop',
      state: 'Up',
      inbound: [{ source: '192.0.2.7:40000', destination: '192.0.2.8:3000', protocol: 'HBONE' }],
      outbound: [
        { source: '192.0.2.8:40001', asked: '198.51.100.2:80', destination: '192.0.2.10:15008', protocol: 'HBONE' },
      ],
    })
  })

  it.each(['[]', '"text"', '{"configs":[]}', '{"workloads":"none"}'])('is not %s', (text) => {
    expect(() => parseZtunnelConfig(text)).toThrow(SyntaxError)
  })
})

describe('the log of a ztunnel', () => {
  const fields = {
    'src.addr': '192.0.2.7:40000',
    'src.workload': 'client',
    'src.namespace': 'front',
    'dst.addr': '192.0.2.8:15008',
    'dst.hbone_addr': '192.0.2.8:3000',
    'dst.service': 'catalog.shop.svc.cluster.local',
    'dst.workload': 'catalog-1',
    'dst.namespace': 'shop',
    direction: 'outbound',
    duration: '10002ms',
    error: 'connection timed out, maybe a NetworkPolicy is blocking HBONE port 15008: "deadline"',
  }
  const at = '2026-11-30T01:15:43.616123Z'
  const text = `${at}\terror\taccess\tconnection complete\t${Object.entries(fields)
    .map(([key, value]) => `${key}=${key.includes('addr') ? value : JSON.stringify(value)}`)
    .join(' ')}`
  const json = JSON.stringify({ level: 'error', time: at, scope: 'access', message: 'connection complete', ...fields })
  const connection = {
    at,
    direction: 'outbound',
    source: { address: '192.0.2.7:40000', workload: 'client', namespace: 'front' },
    destination: {
      address: '192.0.2.8:15008',
      workload: 'catalog-1',
      namespace: 'shop',
      service: 'catalog.shop.svc.cluster.local',
      inner: '192.0.2.8:3000',
    },
    duration: 10_002,
    error: fields.error,
  }

  it.each([
    ['text', text],
    ['JSON', json],
  ])('says of a connection the same as %s', (_, line) => {
    expect(parseZtunnelLog(`${line}\n`)).toEqual({ connections: [connection], warnings: [] })
  })

  it('has warnings beside connections; what was only opened, and what is no line of a log, are left out', () => {
    const log = [
      `${at}\tdebug\taccess\tconnection opened\tsrc.addr=192.0.2.7:40000 direction="outbound"`,
      `${at}\twarn\taccess\tconnection failed\tsrc.addr=192.0.2.7:40000 dst.addr=192.0.2.8:3000 direction="inbound" error="denied"`,
      `${at}\twarn\txds::client:xds{id=1}\tXDS client connection error: refused, retrying in 1s`,
      `${at}\tinfo\tproxyfactory\tstarted`,
      '{"half": ',
      'thread panicked',
    ].join('\n')
    const read = parseZtunnelLog(log)
    expect(read.connections.map(({ error }) => error)).toEqual(['denied'])
    expect(read.warnings.map(({ message }) => message)).toEqual([
      'XDS client connection error: refused, retrying in 1s',
    ])
  })
})
