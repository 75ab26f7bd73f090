import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WriteError, type ClusterWriter } from '../../src/fixes/cluster-writer.ts'
import { inverseOf, whyNoInverse } from '../../src/fixes/inverse.ts'
import { grantPermit } from '../../src/fixes/permit.ts'
import { versionOf, type ApplyWrite, type Write } from '../../src/fixes/proposal.ts'
import { clusterWriter } from '../../src/fixes/writer.ts'
import { kubernetesApi } from '../../src/evidence/clients/kubernetes.ts'
import type { KubernetesObject } from '../../src/mesh/objects.ts'
import { startApiServer, type ApiServer } from './api-server.ts'
import { defined } from '../../src/mesh/defined.ts'

const NETWORKING = 'networking.istio.io/v1'
const AS = { user: 'alice@example.com', groups: [] }
const signal = new AbortController().signal

/** What is there before, and what is set. */
interface Case {
  what: string
  before: { spec?: unknown; metadata?: Partial<KubernetesObject['metadata']> }
  set: { spec?: unknown; metadata?: object }
}

const V1 = { name: 'v1', labels: { version: 'v1' } }
const CASES: readonly Case[] = [
  { what: 'a field that was absent', before: { spec: { host: 'catalog' } }, set: { spec: { subsets: [V1] } } },
  {
    what: 'fields deep inside maps that were absent',
    before: { spec: { host: 'catalog' } },
    set: { spec: { trafficPolicy: { tls: { mode: 'ISTIO_MUTUAL' }, outlierDetection: { consecutive5xxErrors: 3 } } } },
  },
  {
    what: 'a value of somebody else',
    before: { spec: { host: 'catalog', trafficPolicy: { tls: { mode: 'DISABLE' } } } },
    set: { spec: { trafficPolicy: { tls: { mode: 'ISTIO_MUTUAL' } } } },
  },
  {
    what: 'a list of somebody else, which is one value',
    before: { spec: { host: 'catalog', subsets: [V1, { name: 'v2' }] } },
    set: { spec: { subsets: [V1] } },
  },
  {
    what: 'a field beside others in the same map',
    before: { spec: { host: 'catalog', trafficPolicy: { loadBalancer: { simple: 'RANDOM' } } } },
    set: { spec: { trafficPolicy: { tls: { mode: 'SIMPLE' } } } },
  },
  {
    what: 'labels and annotations',
    before: { spec: { host: 'catalog' }, metadata: { labels: { app: 'x' }, annotations: { team: 'shop' } } },
    set: { metadata: { labels: { app: 'y', more: 'z' } } },
  },
  {
    what: 'texts that look like something else',
    before: {
      spec: {
        host: '0o17',
        workloadSelector: {
          matchLabels: { y: 'yes', no: '1e3', '0x1': 'null', date: '2026-01-01', colon: 'a: b # c\n' },
        },
      },
    },
    set: {
      spec: {
        host: 'catalog',
        workloadSelector: { matchLabels: { y: 'no', no: '2', '0x1': '3', date: '4', colon: '5' } },
      },
    },
  },
  {
    what: 'a value of another sort',
    before: { spec: { host: 'catalog', trafficPolicy: 'none' } },
    set: { spec: { trafficPolicy: { tls: { mode: 'SIMPLE' } } } },
  },
]

let server: ApiServer
let writer: ClusterWriter
const REF = { kind: 'DestinationRule', namespace: 'shop', name: 'catalog' }
const objectOf = ({ spec, metadata }: Case['before']): KubernetesObject => ({
  apiVersion: NETWORKING,
  kind: 'DestinationRule',
  metadata: { name: 'catalog', namespace: 'shop', ...metadata },
  ...defined({ spec }),
})
const manifest = ({ spec, metadata }: Case['set']): string =>
  JSON.stringify({
    apiVersion: NETWORKING,
    kind: 'DestinationRule',
    metadata: { name: 'catalog', namespace: 'shop', ...metadata },
    ...defined({ spec }),
  })
const applyNow = (set: Case['set']): ApplyWrite => ({
  verb: 'apply',
  ref: REF,
  apiVersion: NETWORKING,
  was: versionOf(server.get(REF)!),
  manifest: manifest(set),
})

/** An object without what the server counts. */
const plain = (object: KubernetesObject | undefined): unknown => {
  if (object === undefined) return undefined
  const {
    managedFields: _fields,
    resourceVersion: _version,
    generation: _generation,
    creationTimestamp: _created,
    uid: _uid,
    ...metadata
  } = object.metadata
  return { ...object, metadata }
}

/** Makes a write as it is approved, and answers what takes it back, for the object as it is then. */
async function make(write: Write, change = 'change-1'): Promise<Write | undefined> {
  const inverse = inverseOf(write, await writer.read(write.ref, write.apiVersion, signal))
  const { object } = await writer.write(grantPermit({ change, writes: [write], as: AS, force: true }), 0, signal)
  return inverse === undefined || (inverse.verb === 'apply' && inverse.was === 'absent')
    ? inverse
    : { ...inverse, was: versionOf(object!) }
}
const takeBack = (inverse: Write, change = 'change-1'): Promise<{ fresh: boolean }> =>
  writer.write(grantPermit({ change, writes: [inverse], as: AS, force: true, undoes: true }), 0, signal)

beforeEach(async () => {
  server = await startApiServer()
  writer = clusterWriter({
    kubeconfig: server.kubeconfig,
    clients: {
      kubernetes: kubernetesApi({ kubeconfig: server.kubeconfig }),
      istioctl: { run: () => Promise.resolve('') },
    },
  })
})
afterEach(() => server.stop())

describe('taking back', () => {
  it.each(CASES)('$what', async ({ before, set }) => {
    server.put(objectOf(before))
    const was = plain(server.get(REF))
    const inverse = await make(applyNow(set))
    expect(plain(server.get(REF))).not.toEqual(was)
    expect(await takeBack(inverse!)).toMatchObject({ fresh: true })
    expect(plain(server.get(REF))).toEqual(was)
    expect(await takeBack(inverse!)).toMatchObject({ fresh: false })
  })

  it('one of two changes of the same object leaves the other', async () => {
    server.put(objectOf({ spec: { host: 'catalog' } }))
    await make(applyNow({ spec: { subsets: [V1] }, metadata: { labels: { mended: 'yes' } } }), 'first')
    const was = plain(server.get(REF))
    const inverse = await make(
      applyNow({ spec: { subsets: [], trafficPolicy: { tls: { mode: 'SIMPLE' } } } }),
      'second',
    )
    await takeBack(inverse!, 'second')
    expect(plain(server.get(REF))).toEqual(was)
    expect(was).toMatchObject({
      metadata: { labels: { mended: 'yes' }, annotations: { 'mesh-medic/change': 'first' } },
    })
  })

  it('an object that was made: it is deleted', async () => {
    const inverse = await make({
      verb: 'apply',
      ref: REF,
      apiVersion: NETWORKING,
      was: 'absent',
      manifest: manifest({ spec: { host: 'catalog' } }),
    })
    expect(inverse).toMatchObject({ verb: 'delete', ref: REF })
    expect(await takeBack(inverse!)).toEqual({ fresh: true })
    expect(server.get(REF)).toBeUndefined()
    expect(await takeBack(inverse!)).toEqual({ fresh: false })
  })

  it('an object that was deleted: it is made again, whole', async () => {
    server.put(
      objectOf({
        spec: { host: 'catalog', subsets: [V1] },
        metadata: { labels: { app: 'x' }, annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}' } },
      }),
    )
    const was = plain(server.get(REF))
    const inverse = await make({ verb: 'delete', ref: REF, apiVersion: NETWORKING, was: versionOf(server.get(REF)!) })
    expect(server.get(REF)).toBeUndefined()
    expect(await takeBack(inverse!)).toMatchObject({ fresh: true })
    expect(plain(server.get(REF))).toEqual(was)
    expect(await takeBack(inverse!)).toMatchObject({ fresh: false })
  })

  it('not when somebody has changed the object since', async () => {
    server.put(objectOf({ spec: { host: 'catalog' } }))
    const inverse = await make(applyNow({ spec: { subsets: [V1] } }))
    server.put({ ...server.get(REF)!, spec: { host: 'other' } })
    await expect(takeBack(inverse!)).rejects.toMatchObject({ reason: 'moved' })
    expect(server.get(REF)?.spec).toEqual({ host: 'other' })
  })

  it('not before a later change, even one that sets a label alone', async () => {
    server.put(objectOf({ spec: { host: 'catalog' } }))
    const first = await make(applyNow({ spec: { subsets: [V1] } }), 'first')
    const second = await make(applyNow({ metadata: { labels: { mended: 'yes' } } }), 'second')
    await expect(takeBack(first!, 'first')).rejects.toMatchObject({
      reason: 'moved',
      message: 'DestinationRule shop/catalog was changed by a later change of mesh-medic: undo that one first.',
    })
    await takeBack(second!, 'second')
    expect(await takeBack(first!, 'first')).toMatchObject({ fresh: true })
    expect(plain(server.get(REF))).toEqual(objectOf({ spec: { host: 'catalog' } }))
  })

  it('nothing of which is left: nothing is written', async () => {
    server.put(objectOf({ spec: { host: 'catalog' } }))
    const inverse = await make(applyNow({ spec: { subsets: [V1] } }))
    server.put(objectOf({ spec: { host: 'catalog' } }), 'argocd-controller')
    expect(await takeBack(inverse!)).toMatchObject({ fresh: false })
  })

  it('not when the object is gone before the write', () => {
    const write: Write = {
      verb: 'apply',
      ref: REF,
      apiVersion: NETWORKING,
      was: { uid: 'x', resourceVersion: '1' },
      manifest: manifest({ spec: {} }),
    }
    expect(() => inverseOf(write, undefined)).toThrow(WriteError)
  })
})

describe('a list whose items have names', () => {
  it('gets back only the items that were set', () => {
    const before: KubernetesObject = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'catalog', namespace: 'shop', uid: 'u', resourceVersion: '7' },
      spec: {
        ports: [
          { port: 80, protocol: 'TCP', name: 'web', targetPort: 3000 },
          { port: 81, protocol: 'TCP', name: 'other', targetPort: 3001 },
        ],
      },
    }
    const set = JSON.stringify({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'catalog', namespace: 'shop' },
      spec: { ports: [{ port: 80, name: 'http-web', appProtocol: 'http' }] },
    })
    const inverse = inverseOf(
      {
        verb: 'apply',
        ref: { kind: 'Service', namespace: 'shop', name: 'catalog' },
        apiVersion: 'v1',
        was: { uid: 'u', resourceVersion: '7' },
        manifest: set,
      },
      before,
    )
    expect(inverse).toMatchObject({ verb: 'apply', manifest: expect.stringContaining('"web"') as string })
    expect(inverse).not.toMatchObject({ manifest: expect.stringMatching(/other|appProtocol|targetPort/) as string })
  })
})

describe('nothing takes back', () => {
  const was = { uid: 'u', resourceVersion: '7' }
  const DEPLOYMENT = { kind: 'Deployment', namespace: 'shop', name: 'catalog' }
  const restart = (template: unknown): Write => ({
    verb: 'apply',
    ref: DEPLOYMENT,
    apiVersion: 'apps/v1',
    was,
    manifest: JSON.stringify({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'catalog', namespace: 'shop' },
      spec: { template },
    }),
  })
  const before: KubernetesObject = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { ...DEPLOYMENT, ...was },
    spec: {},
  }

  it('a restart', () => {
    const write = restart({
      metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': '2026-11-24T03:00:00Z' } },
    })
    expect(whyNoInverse(write)).toBe('The restart of Deployment shop/catalog cannot be undone: the old pods are gone.')
    expect(inverseOf(write, before)).toBeUndefined()
  })

  it('a pod', () => {
    const pod: Write = {
      verb: 'delete',
      ref: { kind: 'Pod', namespace: 'shop', name: 'catalog-1' },
      apiVersion: 'v1',
      was,
    }
    expect(whyNoInverse(pod)).toContain('The pod catalog-1 cannot be brought back')
    expect(inverseOf(pod, { kind: 'Pod', metadata: { name: 'catalog-1', namespace: 'shop', ...was } })).toBeUndefined()
  })

  it('but all else', () => {
    const write = restart({
      metadata: {
        annotations: { 'kubectl.kubernetes.io/restartedAt': '2026-11-24T03:00:00Z' },
        labels: { 'sidecar.istio.io/inject': 'true' },
      },
    })
    expect(whyNoInverse(write)).toBeUndefined()
    expect(inverseOf(write, before)).toMatchObject({ verb: 'apply' })
  })
})
