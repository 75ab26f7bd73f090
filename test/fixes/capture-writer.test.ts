import { PassThrough } from 'node:stream'
import { expect, it } from 'vitest'
import { UnseenError } from '../../src/evidence/clients/clients.ts'
import type { PodWithAdded } from '../../src/fixes/capture-pod.ts'
import { captureName } from '../../src/fixes/capture-pod.ts'
import { captureWriter, isCapturing, type RunIn, type SendOwn } from '../../src/fixes/capture-writer.ts'
import type { CaptureWriter } from '../../src/fixes/capturing.ts'
import { grantLeasePermit } from '../../src/fixes/permit.ts'
import type { KubernetesObject } from '../../src/mesh/objects.ts'

const LEASE = 'abcdefghijkmnpqrstuv'
const NAME = captureName(LEASE)
const REF = { kind: 'Pod', namespace: 'shop', name: 'catalog-1' }
const permit = grantLeasePermit({ lease: LEASE, pods: [REF] })
const { signal } = new AbortController()
const ID = 'a'.repeat(64)
const IMAGE = { image: 'tools@sha256:0', pullPolicy: 'IfNotPresent' } as const

interface Cluster {
  pods: PodWithAdded[]
  sent: { method: string; path: string; query: Readonly<Record<string, string>>; body: unknown }[]
  ran: Parameters<RunIn>[0][]
  writer: CaptureWriter
  kubernetes: { list: () => Promise<KubernetesObject[]> }
}

/** A cluster with one pod, in which containers and pods run as soon as they are made; `answers` refuses. */
function cluster(answer: { status: number; text: string } = { status: 201, text: '{}' }): Cluster {
  const pods: PodWithAdded[] = [
    {
      kind: 'Pod',
      metadata: { name: 'catalog-1', namespace: 'shop', uid: 'u1' },
      spec: { containers: [], nodeName: 'n1' },
      status: {
        phase: 'Running',
        containerStatuses: [{ name: 'app', state: { running: {} }, containerID: `containerd://${ID}` } as never],
      },
    },
  ]
  const sent: Cluster['sent'] = []
  const ran: Cluster['ran'] = []
  const kubernetes = { list: () => Promise.resolve(pods) }
  const send: SendOwn = (method, path, { query, body }) => {
    sent.push({ method, path, query, body })
    if (answer.status === 201 && query.dryRun === undefined) {
      if (method === 'MERGE') {
        pods[0]!.spec = { ...pods[0]!.spec!, ephemeralContainers: [{ name: NAME }] }
        pods[0]!.status = { ...pods[0]!.status!, ephemeralContainerStatuses: [{ name: NAME, state: { running: {} } }] }
      }
      if (method === 'POST')
        pods.push({
          ...(body as PodWithAdded),
          metadata: { ...(body as PodWithAdded).metadata, uid: 'u2' },
          status: { containerStatuses: [{ name: 'capture', state: { running: {} } }] },
        })
    }
    if (method === 'DELETE') {
      pods.splice(1)
      return Promise.resolve({ status: 200, text: '{}' })
    }
    return Promise.resolve(answer)
  }
  const runIn: RunIn = (where) => {
    ran.push(where)
    if (where.command.includes('kill -TERM 1'))
      pods[0]!.status = {
        ...pods[0]!.status!,
        ephemeralContainerStatuses: [{ name: NAME, state: { terminated: { exitCode: 0 } } }],
      }
    return Promise.resolve({
      output: new PassThrough(),
      ended: Promise.resolve({ said: '', exitCode: 0 }),
      close: () => undefined,
    })
  }
  return { pods, sent, ran, kubernetes, writer: captureWriter(send, runIn, kubernetes, IMAGE) }
}

const ORDER = { seconds: 5, bytes: 100, tcpdump: ['-i', 'lo'] }

it('a container that may see packets and nothing else is added to that very pod; it is ended, and stays', async () => {
  const { writer, sent, ran, kubernetes } = cluster()
  const wanted = { form: 'container', seconds: 90 } as const
  expect(await writer.refusesCapture(LEASE, REF, wanted, signal)).toBeUndefined()
  expect(await writer.startCapture(permit, REF, wanted, signal)).toBeUndefined()
  expect(sent.map(({ path, query }) => [path, query.dryRun])).toEqual([
    ['/api/v1/namespaces/shop/pods/catalog-1/ephemeralcontainers', 'All'],
    ['/api/v1/namespaces/shop/pods/catalog-1/ephemeralcontainers', undefined],
  ])
  expect(sent[1]?.body).toMatchObject({
    metadata: { uid: 'u1' },
    spec: {
      ephemeralContainers: [
        {
          name: NAME,
          securityContext: {
            runAsUser: 0,
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'], add: ['NET_RAW', 'KILL', 'SETGID', 'SETUID'] },
          },
        },
      ],
    },
  })
  await writer.startCapture(permit, REF, wanted, signal)
  expect(sent).toHaveLength(2)
  await writer.capturePackets(permit, REF, wanted, ORDER, signal)
  expect(ran[0]).toMatchObject({ pod: REF, container: NAME })
  expect(ran[0]?.command.slice(3)).toEqual(['mesh-medic-capture', '5', '100', '-i', 'lo'])
  expect(await isCapturing(kubernetes, LEASE, REF, wanted, signal)).toBe(true)
  await writer.endCapture(permit, REF, wanted, signal)
  expect(await isCapturing(kubernetes, LEASE, REF, wanted, signal)).toBe(false)
})

it("a pod of our own enters the network of the target's container, is ended by the kubelet at the latest, and is deleted", async () => {
  const { writer, sent, ran, kubernetes } = cluster()
  const wanted = { form: 'pod', seconds: 90, namespace: 'own' } as const
  expect(await writer.startCapture(permit, REF, wanted, signal)).toBe('u2')
  expect(sent[0]).toMatchObject({
    method: 'POST',
    path: '/api/v1/namespaces/own/pods',
    body: {
      metadata: { name: NAME },
      spec: { nodeName: 'n1', hostPID: true, activeDeadlineSeconds: 90, automountServiceAccountToken: false },
    },
  })
  await writer.capturePackets(permit, REF, wanted, ORDER, signal)
  expect(ran[0]).toMatchObject({ pod: { namespace: 'own', name: NAME }, container: 'capture' })
  expect(ran[0]?.command[4]).toBe(ID)
  await writer.endCapture(permit, REF, wanted, signal)
  expect(sent.at(-1)).toMatchObject({ method: 'DELETE', body: { preconditions: { uid: 'u2' } } })
  expect(await isCapturing(kubernetes, LEASE, REF, wanted, signal)).toBe(false)
})

it("Pod Security's refusal is an answer; no right is another", async () => {
  const status = (message: string) => JSON.stringify({ kind: 'Status', message })
  const violates = 'pods "catalog-1" is forbidden: violates PodSecurity "baseline:latest": non-default capabilities'
  expect(
    await cluster({ status: 403, text: status(violates) }).writer.refusesCapture(
      LEASE,
      REF,
      { form: 'container', seconds: 9 },
      signal,
    ),
  ).toBe(violates)
  await expect(
    cluster({
      status: 403,
      text: status(
        'pods "catalog-1" is forbidden: User "x" cannot patch resource "pods/ephemeralcontainers" in API group ""',
      ),
    }).writer.startCapture(permit, REF, { form: 'container', seconds: 9 }, signal),
  ).rejects.toMatchObject({ reason: 'forbidden' })
})

it('an image that cannot be pulled is said at once', async () => {
  const { writer, pods } = cluster()
  pods[0]!.spec = { ...pods[0]!.spec!, ephemeralContainers: [{ name: NAME }] }
  pods[0]!.status = {
    ...pods[0]!.status!,
    ephemeralContainerStatuses: [{ name: NAME, state: { waiting: { reason: 'ImagePullBackOff' } } }],
  }
  await expect(writer.startCapture(permit, REF, { form: 'container', seconds: 9 }, signal)).rejects.toThrow(
    'the image tools@sha256:0 could not be pulled on its node (ImagePullBackOff)',
  )
})

it('of a pod whose processes are shared none is ended: the first one is not ours', async () => {
  const { writer, pods, ran } = cluster()
  await writer.startCapture(permit, REF, { form: 'container', seconds: 9 }, signal)
  pods[0]!.spec = { ...pods[0]!.spec!, shareProcessNamespace: true }
  const stop = new AbortController()
  const ending = writer.endCapture(permit, REF, { form: 'container', seconds: 9 }, stop.signal)
  stop.abort(new UnseenError('timeout', 'stop'))
  await expect(ending).rejects.toThrow()
  expect(ran).toEqual([])
})

it('nothing is sent for a pod that the lease is not for, names that are none, or without an image', async () => {
  const { writer, sent } = cluster()
  const other = { ...REF, name: 'other' }
  await expect(writer.startCapture(permit, other, { form: 'container', seconds: 9 }, signal)).rejects.toThrow(TypeError)
  await expect(
    writer.startCapture(permit, REF, { form: 'pod', seconds: 9, namespace: '../x' }, signal),
  ).rejects.toThrow(TypeError)
  await expect(writer.startCapture(permit, REF, { form: 'container', seconds: 1e9 }, signal)).rejects.toThrow(TypeError)
  const none = captureWriter(
    () => Promise.reject(new Error('sent')),
    () => Promise.reject(new Error('ran')),
    cluster().kubernetes,
    undefined,
  )
  await expect(none.startCapture(permit, REF, { form: 'container', seconds: 9 }, signal)).rejects.toThrow(
    'capture.image',
  )
  expect(sent).toEqual([])
})
