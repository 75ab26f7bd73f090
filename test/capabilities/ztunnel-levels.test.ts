import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { logLevels } from '../../src/capabilities/log-levels.ts'
import { raise } from '../../src/capabilities/raise-log-levels.ts'
import type { RunRequest } from '../../src/capabilities/index.ts'
import type { Clients } from '../../src/evidence/clients/clients.ts'
import { ASK_ONLY } from '../../src/fixes/policy.ts'
import { READ_ONLY } from '../../src/fixes/read-only.ts'
import { clusterWriter } from '../../src/fixes/writer.ts'
import { putBack } from '../../src/leases/put-back.ts'
import { listLeases } from '../../src/leases/lease-record.ts'
import type { KubernetesObject, Pod } from '../../src/mesh/objects.ts'
import type { Records } from '../../src/store/records.ts'
import { createRun, type RunRecord } from '../../src/store/runs.ts'
import { startApiServer, type ApiServer } from '../fixes/api-server.ts'
import { NEVER } from '../leases/house.ts'
import { ZtunnelStandIn } from '../leases/ztunnel-stand-in.ts'
import { memoryRecords } from '../store/memory-records.ts'
import { capabilityDeps } from './deps.ts'
import { FakeThread } from './fake-thread.ts'

const running = { state: { running: { startedAt: '2026-11-24T00:00:00Z' } } }
const ambientPod = (name: string, namespace: string, node = 'worker'): Pod => ({
  kind: 'Pod',
  metadata: {
    name,
    namespace,
    uid: `uid-${name}`,
    labels: { app: name },
    annotations: { 'ambient.istio.io/redirection': 'enabled' },
  },
  spec: { nodeName: node, containers: [{ name: 'app' }] },
  status: { phase: 'Running' },
})
const ztunnelPod = (name: string, node: string): Pod => ({
  kind: 'Pod',
  metadata: { name, namespace: 'istio-system', uid: `uid-${name}`, labels: { app: 'ztunnel' } },
  spec: { nodeName: node, containers: [{ name: 'istio-proxy' }] },
  status: { phase: 'Running', containerStatuses: [{ name: 'istio-proxy', ...running }] },
})
const sidecarPod: Pod = {
  kind: 'Pod',
  metadata: { name: 'old', namespace: 'shop', uid: 'uid-old', labels: { app: 'old' } },
  spec: { nodeName: 'worker', containers: [{ name: 'app' }, { name: 'istio-proxy' }] },
  status: { phase: 'Running', containerStatuses: [{ name: 'istio-proxy', ...running }] },
}
const PODS = [
  ambientPod('catalog', 'shop'),
  ambientPod('billing', 'money'),
  ambientPod('far', 'shop', 'other'),
  sidecarPod,
  ztunnelPod('ztunnel-here', 'worker'),
  ztunnelPod('ztunnel-there', 'other'),
]
const service = (name: string): KubernetesObject => ({
  kind: 'Service',
  metadata: { name, namespace: 'shop' },
  spec: { selector: { app: name } },
})

const SERVICES = ['catalog', 'old'].map(service)
const NAMESPACES: KubernetesObject[] = ['shop', 'money', 'istio-system'].map((name) => ({
  kind: 'Namespace',
  metadata: { name },
}))

let server: ApiServer
let ztunnel: ZtunnelStandIn
let records: Records
let clients: Clients
beforeEach(async () => {
  server = await startApiServer()
  ztunnel = new ZtunnelStandIn()
  records = memoryRecords()
  clients = {
    now: () => new Date(),
    kubernetes: {
      list: ({ plural }, { namespace, fields, labels }) => {
        const all = { pods: PODS, services: SERVICES, namespaces: NAMESPACES }[plural] ?? []
        const [field, value] = fields?.split('=') ?? []
        return Promise.resolve(
          (all as (Pod & KubernetesObject)[]).filter(
            ({ metadata, spec }) =>
              (namespace === undefined || metadata.namespace === namespace) &&
              (labels === undefined || labels === `app=${metadata.labels?.app ?? ''}`) &&
              (field !== 'metadata.name' || metadata.name === value) &&
              (field !== 'spec.nodeName' || spec?.nodeName === value),
          ),
        )
      },
      log: () => Promise.resolve(''),
      allowed: () => Promise.resolve(true),
      version: () => Promise.resolve('v1.34.0'),
    },
    istioctl: { run: () => Promise.reject(new Error('istioctl is not asked')) },
    portForward: await ztunnel.listen(),
  }
})
afterEach(async () => {
  await ztunnel.close()
  await server.stop()
})

const deps = (ztunnels: boolean) =>
  capabilityDeps(records, {
    clients,
    checks: [],
    openThread: () => new FakeThread(),
    policy: { ...ASK_ONLY, leases: { proxies: 5, minutes: 15, ztunnels } },
    writer: { ...READ_ONLY, ...clusterWriter({ clients, kubeconfig: server.kubeconfig }) },
  }).deps
const asked = <R extends RunRequest>(request: R): Promise<RunRecord<R>> =>
  createRun(records, { request, asker: { user: 'U_ONCALL' }, channel: 'C_MESH', thread: '1.1' })
const RAISE: Extract<RunRequest, { kind: 'raise-log-levels' }> = {
  kind: 'raise-log-levels',
  text: 'catalog',
  namespace: 'shop',
  raise: { levels: { access: 'debug' }, ztunnel: true },
}
const SERVES = 'ztunnel-here serves every workload of node worker that is in ambient mode: 2 pods of money, shop'

describe('log levels of the ztunnels that serve a target', () => {
  it('are not raised unless the configuration says so', async () => {
    await expect(raise.work(deps(false), await asked(RAISE), new FakeThread(), NEVER)).rejects.toThrow(
      'Log levels of ztunnels are not raised here: each ztunnel serves every workload of its node, and it was never tried on a real one.',
    )
    expect(ztunnel.asked).toEqual([])
  })

  it('are raised on those of its nodes, and the lease says whom that concerns', async () => {
    await raise.work(deps(true), await asked(RAISE), new FakeThread(), NEVER)
    const [lease] = await listLeases(records)
    expect(lease).toMatchObject({
      kind: 'ztunnel-levels',
      state: 'raised',
      notes: [SERVES],
      proxies: [{ pod: { name: 'ztunnel-here' }, state: 'raised' }],
    })
    expect(ztunnel.levels).toContain('access=debug')
    // Also by a bot that may not raise any more.
    await putBack(deps(false), lease!.id, { why: 'time' }, NEVER)
    expect(ztunnel.levels).not.toContain('access')
  })

  it('are shown, also where they may not be raised', async () => {
    const request = { kind: 'log-levels' as const, text: 'catalog', namespace: 'shop', ztunnel: true }
    expect(await logLevels.work(deps(false), await asked(request), new FakeThread(), NEVER)).toMatchObject({
      proxies: [{ pod: { name: 'ztunnel-here' }, levels: { '*': 'info' }, serves: SERVES }],
    })
  })

  it('are those of a ztunnel that is named itself', async () => {
    const request = { kind: 'log-levels' as const, text: 'pod/ztunnel-there', namespace: 'istio-system', ztunnel: true }
    expect(await logLevels.work(deps(false), await asked(request), new FakeThread(), NEVER)).toMatchObject({
      proxies: [{ pod: { name: 'ztunnel-there' } }],
    })
  })

  it.each([
    ['old', 'shop', true, 'No pod of old in shop is served by a ztunnel.'],
    ['catalog', 'shop', undefined, 'No pod of catalog in shop has a sidecar.'],
    [
      'pod/ztunnel-here',
      'istio-system',
      undefined,
      'ztunnel-here in istio-system is a ztunnel, which serves every workload of its node.',
    ],
  ])('%s in %s, --ztunnel %s: %s', async (text, namespace, ofZtunnels, why) => {
    const request = { kind: 'log-levels' as const, text, namespace, ...(ofZtunnels && { ztunnel: ofZtunnels }) }
    await expect(logLevels.work(deps(true), await asked(request), new FakeThread(), NEVER)).rejects.toThrow(why)
  })
})
