import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { UnseenError } from '../../src/evidence/clients/clients.ts'
import type { ClusterWriter } from '../../src/fixes/cluster-writer.ts'
import { telemetryFor, type LentAccessLog } from '../../src/fixes/lent-telemetry.ts'
import { grantLeasePermit } from '../../src/fixes/permit.ts'
import { clusterWriter } from '../../src/fixes/writer.ts'
import { kubernetesApi } from '../../src/evidence/clients/kubernetes.ts'
import { startApiServer, type ApiServer } from './api-server.ts'

const WORKLOAD = { kind: 'Deployment', namespace: 'shop', name: 'catalog' }
const WANTED: LentAccessLog = { namespace: 'shop', selector: { app: 'catalog' }, provider: 'envoy' }
const permit = grantLeasePermit({ lease: 'abc', pods: [WORKLOAD] })
const OBJECT = { kind: 'Telemetry', namespace: 'shop', name: 'mesh-medic-abc' }
const signal = new AbortController().signal

let server: ApiServer
let writer: ClusterWriter
beforeEach(async () => {
  server = await startApiServer({ objects: [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } }] })
  const { kubeconfig } = server
  const istioctl = { run: () => Promise.reject(new Error('not asked')) }
  writer = clusterWriter({ kubeconfig, clients: { kubernetes: kubernetesApi({ kubeconfig }), istioctl } })
})
afterEach(() => server.stop())

const on = (wanted = WANTED): Promise<string> => writer.turnOnAccessLog(permit, WORKLOAD, wanted, signal)
const off = (uid?: string): Promise<void> => writer.turnOffAccessLog(permit, WORKLOAD, WANTED, uid, signal)

it('makes the object, and nothing else is written', async () => {
  const uid = await on()
  expect(server.get(OBJECT)).toMatchObject({ ...telemetryFor('abc', WANTED), metadata: { uid } })
  expect(server.writes.map(({ verb, ref, user, manager, body }) => ({ verb, ref, user, manager, body }))).toEqual([
    { verb: 'create', ref: OBJECT, user: 'bot', manager: 'mesh-medic', body: telemetryFor('abc', WANTED) },
  ])
})

it('makes it once: what a former try has made is that one', async () => {
  const uid = await on()
  expect(await on()).toBe(uid)
  expect(server.landed()).toHaveLength(1)
})

it('deletes it, by its UID and as it was read; doing it again does nothing', async () => {
  const uid = await on()
  const { metadata } = server.get(OBJECT)!
  await off(uid)
  expect(server.get(OBJECT)).toBeUndefined()
  expect(server.writes.at(-1)?.body).toMatchObject({
    preconditions: { uid, resourceVersion: metadata.resourceVersion },
  })
  await off(uid)
  expect(server.landed()).toHaveLength(2)
})

describe('an object of its name that is not as it was made', () => {
  it.each([
    ['with another content', { spec: { accessLogging: [] } }],
    ['with metrics beside it', { spec: { ...(telemetryFor('abc', WANTED).spec as object), metrics: [] } }],
    ['without the mark', { metadata: { name: OBJECT.name, namespace: 'shop' } }],
  ])('is left alone: %s', async (_how, other) => {
    server.put({ ...telemetryFor('abc', WANTED), ...other })
    await expect(on()).rejects.toThrow(/is there already, and is not this lease's/)
    await expect(off()).rejects.toThrow(/is not as it was made: it is left alone/)
    expect(server.landed()).toEqual([])
  })

  it('is left alone: made anew with the same content', async () => {
    const uid = await on()
    const object = server.get(OBJECT)!
    server.remove(OBJECT)
    server.put(object)
    await expect(off(uid)).rejects.toThrow(UnseenError)
    expect(server.get(OBJECT)).toBeDefined()
  })
})

it.each<[string, () => Promise<unknown>]>([
  ['another workload', () => writer.turnOnAccessLog(permit, { ...WORKLOAD, name: 'cart' }, WANTED, signal)],
  ['another namespace', () => on({ ...WANTED, namespace: 'kube-system' })],
  ['a namespace that is a path', () => on({ ...WANTED, namespace: '../../api/v1/namespaces' })],
  ['no labels', () => on({ ...WANTED, selector: {} })],
  ['a label that is no name', () => on({ ...WANTED, selector: { 'app}{': 'catalog' } })],
  ['a value that is none', () => on({ ...WANTED, selector: { app: 'catalog\nmetrics: []' } })],
  ['a provider with spaces', () => on({ ...WANTED, provider: 'envoy\n- x' })],
  ['a provider without a name', () => on({ ...WANTED, provider: '' })],
  [
    'a lease that is no name',
    () => writer.turnOnAccessLog(grantLeasePermit({ lease: '../x', pods: [WORKLOAD] }), WORKLOAD, WANTED, signal),
  ],
])('sends nothing for %s', async (_what, act) => {
  await expect(act()).rejects.toThrow(TypeError)
  expect(server.writes).toEqual([])
})
