import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CHANGE_ANNOTATION, WriteError, type ClusterWriter } from '../../src/fixes/cluster-writer.ts'
import { impersonation } from '../../src/fixes/identity.ts'
import { grantLeasePermit, grantPermit, type Permit } from '../../src/fixes/permit.ts'
import { versionOf, type ApplyWrite, type DeleteWrite, type Write } from '../../src/fixes/proposal.ts'
import { clusterWriter } from '../../src/fixes/writer.ts'
import { kubernetesApi } from '../../src/evidence/clients/kubernetes.ts'
import type { KubernetesObject } from '../../src/mesh/objects.ts'
import { forbidden, startApiServer, webhookDenied, type ApiServer, type WriteRequest } from './api-server.ts'

const API = 'networking.istio.io/v1'
const REF = { kind: 'DestinationRule', namespace: 'shop', name: 'catalog' }
const NEW = { ...REF, name: 'cart' }
const ALICE = { user: 'alice@example.com', groups: ['mesh-medic:approvers', 'on-call'] }
const V1 = { name: 'v1', labels: { version: 'v1' } }
const V2 = { name: 'v2', labels: { version: 'v2' } }
const OBJECTS: KubernetesObject[] = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } },
  {
    apiVersion: API,
    kind: 'DestinationRule',
    metadata: { name: 'catalog', namespace: 'shop' },
    spec: { host: 'catalog', subsets: [V1] },
  },
]
const signal = new AbortController().signal

const manifest = (name: string, spec: unknown, metadata: object = {}): string =>
  JSON.stringify({ apiVersion: API, kind: 'DestinationRule', metadata: { name, namespace: 'shop', ...metadata }, spec })

let server: ApiServer
let writer: ClusterWriter
let refused: ((request: WriteRequest) => ReturnType<typeof forbidden> | undefined) | undefined
const ran: string[][] = []

const current = (): KubernetesObject => server.get(REF)!
/** Sets subsets of the DestinationRule as it is now. */
const apply = (more: Partial<ApplyWrite> = {}): ApplyWrite => ({
  verb: 'apply',
  ref: REF,
  apiVersion: API,
  manifest: manifest('catalog', { subsets: [V1, V2] }),
  was: versionOf(current()),
  ...more,
})
const creation = (): ApplyWrite => apply({ ref: NEW, manifest: manifest('cart', { host: 'cart' }), was: 'absent' })
const deletion = (): DeleteWrite => ({ verb: 'delete', ref: REF, apiVersion: API, was: versionOf(current()) })
const permit = (write: Write, more: Partial<Permit> = {}): Permit =>
  grantPermit({ change: 'change-1', writes: [write], as: ALICE, force: true, ...more })
const errorOf = async (promise: Promise<unknown>): Promise<WriteError> => {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(WriteError)
  return error as WriteError
}

beforeEach(async () => {
  refused = undefined
  ran.length = 0
  server = await startApiServer({ objects: OBJECTS, rules: (request) => refused?.(request) })
  const istioctl = { run: (args: readonly string[]) => (ran.push([...args]), Promise.resolve('')) }
  writer = clusterWriter({
    kubeconfig: server.kubeconfig,
    clients: { kubernetes: kubernetesApi({ kubeconfig: server.kubeconfig }), istioctl },
  })
})
afterEach(() => server.stop())

describe('applying', () => {
  it('sets what the manifest holds and nothing else, as the approver, and leaves its mark', async () => {
    const { object, fresh } = await writer.write(permit(apply()), 0, signal)
    expect(fresh).toBe(true)
    expect(object).toEqual(current())
    expect(current()).toMatchObject({
      metadata: { generation: 2, annotations: { [CHANGE_ANNOTATION]: 'change-1' } },
      spec: { host: 'catalog', subsets: [V1, V2] },
    })
    expect(server.writes).toEqual([
      expect.objectContaining({
        ...ALICE,
        verb: 'patch',
        manager: 'mesh-medic',
        force: true,
        dryRun: false,
        landed: true,
      }),
    ])
  })

  it('twice, also by two at once, writes once', async () => {
    const allowed = permit(apply())
    const both = await Promise.all([writer.write(allowed, 0, signal), writer.write(allowed, 0, signal)])
    expect(both.map(({ fresh }) => fresh).sort()).toEqual([false, true])
    expect(await writer.write(allowed, 0, signal)).toEqual({ object: current(), fresh: false })
    expect(server.landed()).toHaveLength(1)
  })

  it('is made although somebody else has put its mark on the object', async () => {
    const allowed = permit(apply())
    const annotations = { [CHANGE_ANNOTATION]: 'change-1' }
    server.put({ ...current(), metadata: { ...current().metadata, annotations } }, 'kubectl-annotate')
    expect(await writer.write(allowed, 0, signal)).toMatchObject({ fresh: true })
    expect(current()).toMatchObject({ spec: { subsets: [V1, V2] } })
  })

  it('is not taken for made where an object of the same name, or other fields, carry the mark in our name', async () => {
    const allowed = permit(apply())
    const { metadata, ...rest } = current()
    const annotations = { [CHANGE_ANNOTATION]: 'change-1' }
    server.put({ ...rest, metadata: { ...metadata, annotations } }, 'mesh-medic')
    expect(await writer.write(allowed, 0, signal)).toMatchObject({ fresh: true })
    expect(current()).toMatchObject({ spec: { subsets: [V1, V2] } })
    server.remove(REF)
    server.put(
      { ...rest, metadata: { name: metadata.name, namespace: metadata.namespace!, annotations } },
      'mesh-medic',
    )
    expect(await errorOf(writer.write(allowed, 0, signal))).toMatchObject({ reason: 'moved' })
  })

  it('says that nothing is known when the answer is lost, and finds the write when asked again', async () => {
    const allowed = permit(apply())
    server.fail({ on: 'write', how: 'lose answer' })
    expect(await errorOf(writer.write(allowed, 0, signal))).toMatchObject({ reason: 'unavailable', sent: true })
    expect(await writer.write(allowed, 0, signal)).toMatchObject({ fresh: false })
    expect(server.landed()).toHaveLength(1)
  })

  it('tells a server that hangs from one that is not there', async () => {
    server.fail({ on: 'write', how: 'hang' })
    expect(await errorOf(writer.write(permit(apply()), 0, AbortSignal.timeout(200)))).toMatchObject({
      reason: 'unavailable',
      sent: true,
      message: 'the API server did not answer in time',
    })
    const rule = apply()
    await server.stop()
    expect(await errorOf(writer.rehearse(rule, ALICE, { force: false, signal }))).toMatchObject({
      reason: 'unavailable',
      sent: false,
    })
    server = await startApiServer()
  })

  it('keeps what an earlier change has set', async () => {
    await writer.write(
      permit(
        apply({
          manifest: manifest(
            'catalog',
            { trafficPolicy: { tls: { mode: 'ISTIO_MUTUAL' } } },
            { labels: { mended: 'yes' } },
          ),
        }),
      ),
      0,
      signal,
    )
    await writer.write(permit(apply(), { change: 'change-2' }), 0, signal)
    expect(current()).toMatchObject({
      metadata: { labels: { mended: 'yes' }, annotations: { [CHANGE_ANNOTATION]: 'change-2' } },
      spec: { host: 'catalog', subsets: [V1, V2], trafficPolicy: { tls: { mode: 'ISTIO_MUTUAL' } } },
    })
  })

  it('is taken back without a mark, once', async () => {
    const before = current()
    const { object } = await writer.write(permit(apply()), 0, signal)
    const back = permit(apply({ manifest: manifest('catalog', { subsets: [V1] }), was: versionOf(object!) }), {
      undoes: true,
    })
    expect(await writer.write(back, 0, signal)).toMatchObject({ fresh: true })
    expect(current().spec).toEqual(before.spec)
    expect(current().metadata).not.toHaveProperty('annotations')
    expect(await writer.write(back, 0, signal)).toMatchObject({ fresh: false })
    expect(server.landed()).toHaveLength(2)
  })

  it('tries again when only the status has changed meanwhile', async () => {
    let touches = 0
    server.meanwhile = () => {
      if (touches++ < 2) server.touch(REF)
    }
    expect(await writer.write(permit(apply()), 0, signal)).toMatchObject({ fresh: true })
    expect(server.writes.map(({ landed }) => landed)).toEqual([false, false, true])
  })

  it.each<[string, () => void]>([
    ['has changed', () => server.put({ ...current(), spec: { host: 'catalog', subsets: [] } }, 'kubectl-edit')],
    ['was deleted', () => server.remove(REF)],
    [
      'was deleted and created again',
      () => {
        server.remove(REF)
        server.put(OBJECTS[1]!)
      },
    ],
  ])('refuses when the object %s, before or at the very moment', async (how, happen) => {
    const write = apply()
    server.meanwhile = () => {
      server.meanwhile = undefined
      happen()
    }
    expect(await errorOf(writer.write(permit(write), 0, signal))).toMatchObject({
      reason: 'moved',
      message: `DestinationRule shop/catalog ${how} since this was proposed.`,
    })
    expect(await errorOf(writer.rehearse(write, ALICE, { force: true, signal }))).toMatchObject({ reason: 'moved' })
    expect(server.landed()).toEqual([])
  })
})

describe('making an object', () => {
  it('where there is none; again does nothing', async () => {
    const allowed = permit(creation())
    expect(await writer.write(allowed, 0, signal)).toMatchObject({
      fresh: true,
      object: { spec: { host: 'cart' }, metadata: { generation: 1 } },
    })
    expect(await writer.write(allowed, 0, signal)).toMatchObject({ fresh: false })
    expect(server.landed()).toEqual([expect.objectContaining({ verb: 'create', force: false })])
  })

  it.each(['before', 'at the very moment'])(
    'refuses when somebody else was faster, %s, whatever they wrote',
    async (when) => {
      const theirs = {
        apiVersion: API,
        kind: 'DestinationRule',
        metadata: { name: 'cart', namespace: 'shop' },
        spec: { host: 'cart' },
      }
      if (when === 'before') server.put(theirs)
      else
        server.meanwhile = () => {
          server.meanwhile = undefined
          server.put(theirs)
        }
      expect(await errorOf(writer.write(permit(creation()), 0, signal))).toMatchObject({
        reason: 'moved',
        message: 'DestinationRule shop/cart was created since this was proposed.',
      })
      expect(server.landed()).toEqual([])
    },
  )

  it('by two at once, once', async () => {
    const allowed = permit(creation())
    const both = await Promise.all([writer.write(allowed, 0, signal), writer.write(allowed, 0, signal)])
    expect(both.map(({ fresh }) => fresh).sort()).toEqual([false, true])
    expect(server.landed()).toHaveLength(1)
  })
})

describe('deleting', () => {
  it('what was seen; again does nothing', async () => {
    const allowed = permit(deletion())
    expect(await writer.write(allowed, 0, signal)).toEqual({ fresh: true })
    expect(await writer.write(allowed, 0, signal)).toEqual({ fresh: false })
    expect(server.landed()).toHaveLength(1)
  })

  it('not what has changed at the very moment', async () => {
    server.meanwhile = () => {
      server.meanwhile = undefined
      server.put({ ...current(), spec: { host: 'other' } })
    }
    expect(await errorOf(writer.write(permit(deletion()), 0, signal))).toMatchObject({ reason: 'moved' })
    expect(current().spec).toEqual({ host: 'other' })
  })

  it('by a rehearsal deletes nothing', async () => {
    expect(await writer.rehearse(deletion(), ALICE, { force: false, signal })).toBeUndefined()
    expect(current()).toBeDefined()
    expect(server.writes).toEqual([expect.objectContaining({ verb: 'delete', dryRun: true })])
  })
})

describe('a rehearsal', () => {
  it('answers what would be, without a mark, and stores nothing', async () => {
    const before = current()
    const object = await writer.rehearse(apply(), ALICE, { force: true, signal })
    expect(object).toMatchObject({ spec: { host: 'catalog', subsets: [V1, V2] } })
    expect(object?.metadata).not.toHaveProperty('annotations')
    expect(current()).toEqual(before)
    expect(server.landed()).toEqual([])
  })

  it('leaves the mark of an earlier change', async () => {
    await writer.write(permit(apply(), { change: 'earlier' }), 0, signal)
    expect(
      (await writer.rehearse(apply({ manifest: manifest('catalog', { subsets: [] }) }), ALICE, { force: true, signal }))
        ?.metadata.annotations,
    ).toEqual({ [CHANGE_ANNOTATION]: 'earlier' })
  })
})

describe('a refusal', () => {
  const ask = (force = false): Promise<WriteError> => errorOf(writer.rehearse(apply(), ALICE, { force, signal }))

  it('names whose fields they are', async () => {
    expect(await ask()).toMatchObject({
      reason: 'conflict',
      conflicts: [{ manager: 'kubectl-client-side-apply', fields: ['.spec.subsets'] }],
    })
    await expect(writer.rehearse(apply(), ALICE, { force: true, signal })).resolves.toBeDefined()
  })

  it.each([
    [
      'the cluster',
      (request: WriteRequest) => forbidden(request),
      'forbidden',
      /^destinationrules\.networking\.istio\.io "catalog" is forbidden: User "alice@example\.com" cannot patch resource "destinationrules" in API group "networking\.istio\.io" in the namespace "shop"$/,
    ],
    [
      'a webhook',
      () => webhookDenied('duplicate subset names: v1'),
      'refused',
      /^admission webhook "validation\.istio\.io" denied the request: configuration is invalid: duplicate subset names: v1$/,
    ],
    [
      'a webhook that answers 403',
      () => ({ code: 403, message: 'admission webhook "policy.example.com" denied the request: not on Fridays' }),
      'refused',
      /not on Fridays/,
    ],
    [
      'an admission policy',
      () => ({
        code: 422,
        reason: 'Invalid',
        message:
          "destinationrules.networking.istio.io \"catalog\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: rehearsals only",
      }),
      'refused',
      /rehearsals only/,
    ],
    [
      'the schema',
      () => ({
        code: 500,
        message:
          'failed to create typed patch object (shop/catalog; networking.istio.io/v1, Kind=DestinationRule): .spec.hsot: field not declared in schema',
      }),
      'refused',
      /field not declared in schema/,
    ],
    [
      'the credentials',
      () => ({ code: 401, message: 'Unauthorized' }),
      'forbidden',
      /refused the credentials: Unauthorized/,
    ],
  ])('of %s comes in its own words', async (_by, rule, reason, words) => {
    refused = rule
    expect(await ask(true)).toMatchObject({ reason, sent: false, message: expect.stringMatching(words) as string })
  })

  it('holds no secret and is not long', async () => {
    refused = () => webhookDenied(`Authorization: Bearer abcdefghijklmnop ${'x'.repeat(2000)}`)
    const { message } = await ask()
    expect(message).not.toContain('abcdefghijklmnop')
    expect(message.length).toBeLessThanOrEqual(600)
  })

  it.each([
    [{ code: 503, message: 'etcdserver: leader changed' }, true],
    [{ code: 504, message: 'Timeout: request did not complete within requested timeout' }, true],
    [{ code: 429, message: 'too many requests' }, false],
    [
      {
        code: 500,
        message: 'Internal error occurred: failed calling webhook "validation.istio.io": connection refused',
      },
      false,
    ],
  ])('that is none: %j', async (how, sent) => {
    server.fail({ on: 'write', how })
    expect(await errorOf(writer.write(permit(apply()), 0, signal))).toMatchObject({ reason: 'unavailable', sent })
  })

  it('of looking is one of writing', async () => {
    const write = apply()
    server.fail({
      on: 'read',
      how: {
        code: 403,
        message:
          'destinationrules.networking.istio.io is forbidden: User "bot" cannot list resource "destinationrules" in API group "networking.istio.io" in the namespace "shop"',
      },
    })
    expect(await errorOf(writer.write(permit(write), 0, signal))).toMatchObject({
      reason: 'forbidden',
      message: expect.stringContaining('could not be read before writing it') as string,
    })
    // What only asks is asked once more.
    server.fail({ on: 'read', how: 'cut', times: 2 })
    expect(await errorOf(writer.write(permit(write), 0, signal))).toMatchObject({ reason: 'unavailable', sent: false })
    expect(server.writes).toEqual([])
  })
})

describe('never sent', () => {
  const silent = async (write: Write): Promise<string> => {
    const { reason, message } = await errorOf(writer.write(permit(write), 0, signal))
    expect(reason).toBe('refused')
    expect(server.writes).toEqual([])
    return message
  }

  it.each([
    [{ kind: 'Secret', namespace: 'shop', name: 'token' }, 'v1', /is not a kind that mesh-medic writes/],
    [
      { kind: 'ClusterRoleBinding', name: 'admin' },
      'rbac.authorization.k8s.io/v1',
      /is not a kind that mesh-medic writes/,
    ],
    [REF, 'networking.istio.io/v1/../v1', /is not a kind that mesh-medic writes/],
    [{ ...REF, name: '../../secrets/token' }, API, /is not a name/],
    [{ ...REF, namespace: 'shop/../kube-system' }, API, /is not a name/],
    [{ kind: 'DestinationRule', name: 'catalog' }, API, /is not a name/],
  ])('%j of %s', async (ref, apiVersion, words) => {
    expect(await silent({ verb: 'delete', ref, apiVersion, was: { uid: 'x', resourceVersion: '1' } })).toMatch(words)
  })

  it.each([
    ['not YAML', 'spec: [', /not YAML/],
    ['no object', 'catalog', /not a Kubernetes object/],
    ['another name', manifest('cart', {}), /another object/],
    ['another namespace', manifest('catalog', {}, { namespace: 'kube-system' }), /another object/],
  ])('a manifest that is %s', async (_what, text, words) => {
    expect(await silent(apply({ manifest: text }))).toMatch(words)
  })

  it('owners, finalizers, status and versions of a manifest', async () => {
    await writer.write(
      permit(
        apply({
          manifest: manifest(
            'catalog',
            { subsets: [V2] },
            { finalizers: ['example.com/never'], ownerReferences: [{ kind: 'Node' }], resourceVersion: '1', uid: 'x' },
          ),
        }),
      ),
      0,
      signal,
    )
    expect(server.writes.map(({ body: { metadata } }) => Object.keys(metadata as object).sort())).toEqual([
      ['annotations', 'name', 'namespace', 'resourceVersion', 'uid'],
    ])
  })

  it.each([
    'system:masters',
    'system:serviceaccount:kube-system:default',
    'System:masters',
    ' system:masters',
    'alice\r\nImpersonate-Group: system:masters',
    '',
  ])('the user or group %j', async (name) => {
    expect(() => impersonation({ user: name, groups: [] })).toThrow(TypeError)
    expect(() => impersonation({ user: 'alice@example.com', groups: ['on-call', name] })).toThrow(TypeError)
    await expect(
      writer.write(permit(apply(), { as: { user: 'alice@example.com', groups: [name] } }), 0, signal),
    ).rejects.toThrow(TypeError)
    expect(server.writes).toEqual([])
  })
})

describe('log levels', () => {
  const POD = { kind: 'Pod', namespace: 'shop', name: 'catalog-7d9f-x2x' }
  const lease = grantLeasePermit({ lease: 'lease-1', pods: [POD] })

  it('are set on the proxy, all at once', async () => {
    await writer.setLogLevels(lease, POD, { http: 'debug', conn_handler: 'info' }, signal)
    expect(ran).toEqual([['proxy-config', 'log', 'catalog-7d9f-x2x.shop', '--level', 'http:debug,conn_handler:info']])
    await writer.setLogLevels(lease, POD, {}, signal)
    expect(ran).toHaveLength(1)
  })

  it('are not set on a pod that was not raised, nor with words that are no level', async () => {
    await expect(writer.setLogLevels(lease, { ...POD, name: 'other' }, { http: 'debug' }, signal)).rejects.toThrow(
      'lease lease-1 is not for Pod shop/other',
    )
    for (const levels of [{ http: 'loud' }, { 'http --reset': 'debug' }, { 'http,admin': 'debug' }])
      await expect(writer.setLogLevels(lease, POD, levels, signal)).rejects.toThrow(TypeError)
    expect(ran).toEqual([])
  })
})
