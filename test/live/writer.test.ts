import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { inverseOf } from '../../src/fixes/inverse.ts'
import { grantPermit } from '../../src/fixes/permit.ts'
import {
  versionOf,
  type ApplyWrite,
  type DeleteWrite,
  type Proposal,
  type Version,
  type Write,
} from '../../src/fixes/proposal.ts'
import { validate } from '../../src/fixes/validate.ts'
import { clusterWriter } from '../../src/fixes/writer.ts'
import { openClients } from '../../src/cli/clients.ts'
import type { Clients } from '../../src/evidence/clients/clients.ts'
import type { ClusterWriter, Written } from '../../src/fixes/cluster-writer.ts'
import type { KubernetesObject } from '../../src/mesh/objects.ts'
import type { Ref } from '../../src/mesh/ref.ts'
import { openIdentities, type Identities } from './identities.ts'
import { kubectl, until } from './mesh.ts'

/** Unique: nothing of anybody else's is touched, and what is made here is removed by name. */
const NAME = `writer-${process.pid}`
const API = 'networking.istio.io/v1'
const RULE: Ref = { kind: 'DestinationRule', namespace: NAME, name: 'catalog' }
const FILTER: Ref = { kind: 'EnvoyFilter', namespace: NAME, name: 'headers' }
const APPROVER = { user: `alice@${NAME}.example.com`, groups: ['on-call', `${NAME}:approvers`] }
const BYSTANDER = { user: `bob@${NAME}.example.com`, groups: [] }
const REHEARSAL = { user: `${NAME}:rehearsal`, groups: [] }
const V1 = { name: 'v1', labels: { version: 'v1' } }
const V2 = { name: 'v2', labels: { version: 'v2' } }
const signal = new AbortController().signal

let identities: Identities | undefined
let writer: ClusterWriter
let clients: Clients

const applyAsSomebody = (object: object): Promise<string> => kubectl(['apply', '-f', '-'], JSON.stringify(object))
const destinationRule = (spec: unknown, metadata: object = {}): object => ({
  apiVersion: API,
  kind: 'DestinationRule',
  metadata: { name: 'catalog', namespace: NAME, ...metadata },
  spec,
})

beforeAll(async () => {
  identities = await openIdentities({
    name: NAME,
    users: [APPROVER.user, BYSTANDER.user],
    groups: ['on-call'],
    renamed: true,
  })
  const { kubeconfig } = identities
  clients = openClients({ kubeconfig }, new AbortController())
  writer = clusterWriter({ kubeconfig, clients })
  // The API server takes a moment to hear of the rights and of the policy.
  await until('the rights to be there', 30, async () => {
    await applyAsSomebody(destinationRule({ host: 'catalog' }))
    const write = await setting({ subsets: [V1] })
    const [approver, fenced] = await Promise.all([
      writer.rehearse(write, APPROVER, { force: false, signal }).then(
        () => true,
        () => false,
      ),
      attempt(write, REHEARSAL),
    ])
    return approver && fenced === 'refused'
  })
})
afterAll(() => identities?.close())
beforeEach(async () => {
  await kubectl([
    '-n',
    NAME,
    'delete',
    'destinationrules,virtualservices,envoyfilters,deployments',
    '--all',
    '--ignore-not-found',
  ])
  await applyAsSomebody(
    destinationRule(
      { host: 'catalog', trafficPolicy: { loadBalancer: { simple: 'RANDOM' } } },
      { labels: { app: 'catalog' } },
    ),
  )
})

async function current(ref: Ref = RULE, apiVersion = API): Promise<KubernetesObject> {
  const object = await writer.read(ref, apiVersion, signal)
  if (object === undefined) throw new Error(`${ref.kind} ${ref.name} is not there`)
  return object
}
async function setting(spec: unknown, metadata: object = {}): Promise<ApplyWrite> {
  return {
    verb: 'apply',
    ref: RULE,
    apiVersion: API,
    was: versionOf(await current()),
    manifest: JSON.stringify(destinationRule(spec, metadata)),
  }
}
let changes = 0
const write = (one: Write, as = APPROVER, more: { undoes?: true; change?: string } = {}): Promise<Written> =>
  writer.write(
    grantPermit({
      change: more.change ?? `change-${(changes += 1)}`,
      writes: [one],
      as,
      force: true,
      ...(more.undoes !== undefined && { undoes: true }),
    }),
    0,
    signal,
  )
const attempt = (one: Write, as: { user: string; groups: string[] }): Promise<string> =>
  write(one, as).then(
    () => 'written',
    (error: unknown) => (error as { reason: string }).reason,
  )
const pinned = (inverse: Write, version: Version): Write =>
  inverse.was === 'absent' ? inverse : { ...inverse, was: version }

/** YAML as a person sees it, without what the server counts. */
async function yaml(ref: Ref): Promise<string> {
  const text = await kubectl([
    'get',
    ref.kind,
    ref.name,
    ...(ref.namespace === undefined ? [] : ['-n', ref.namespace]),
    '-o',
    'yaml',
  ])
  return text.replace(/^ {2}(generation|resourceVersion|uid|creationTimestamp): .*\n/gm, '')
}

/** Makes a write and takes it back; the YAML before, between and after. */
async function thereAndBack(one: Write): Promise<{ before: string; between: string; after: string; again: boolean }> {
  const before = await yaml(one.ref)
  const inverse = inverseOf(one, await writer.read(one.ref, one.apiVersion, signal))
  if (inverse === undefined) throw new Error('nothing takes it back')
  const { object } = await write(one)
  const between = object === undefined ? '' : await yaml(one.ref)
  const back = pinned(inverse, object === undefined ? { uid: '', resourceVersion: '' } : versionOf(object))
  const change = `change-${changes}`
  expect(await write(back, APPROVER, { undoes: true, change })).toMatchObject({ fresh: true })
  const after = await yaml(one.ref)
  const { fresh: again } = await write(back, APPROVER, { undoes: true, change })
  return { before, between, after, again }
}

describe('who may write', () => {
  it('an approver, by one of their groups', async () => {
    const { object, fresh } = await write(await setting({ subsets: [V1, V2] }))
    expect(fresh).toBe(true)
    expect(object).toMatchObject({
      metadata: { annotations: { 'mesh-medic/change': `change-${changes}` } },
      spec: { host: 'catalog', subsets: [V1, V2] },
    })
    expect(
      object?.metadata.managedFields?.map(({ manager, operation }) => `${manager ?? ''} ${operation ?? ''}`).sort(),
    ).toEqual(['kubectl-client-side-apply Update', 'mesh-medic Apply'])
  })

  it("somebody without rights is refused in the API server's own words", async () => {
    await expect(write(await setting({ subsets: [V1] }), BYSTANDER)).rejects.toMatchObject({
      reason: 'forbidden',
      message: `destinationrules.networking.istio.io "catalog" is forbidden: User "${BYSTANDER.user}" cannot patch resource "destinationrules" in API group "networking.istio.io" in the namespace "${NAME}"`,
    })
  })

  it('the bot may not use the name of somebody who is not named', async () => {
    await expect(
      write(await setting({ subsets: [V1] }), { user: 'mallory@example.com', groups: [] }),
    ).rejects.toMatchObject({
      reason: 'forbidden',
      message: expect.stringContaining('cannot impersonate resource "users"') as string,
    })
    await expect(
      write(await setting({ subsets: [V1] }), { ...BYSTANDER, groups: ['cluster-admins'] as never[] }),
    ).rejects.toMatchObject({
      reason: 'forbidden',
      message: expect.stringContaining('cannot impersonate resource "groups"') as string,
    })
  })

  it('who rehearses may make dry runs and nothing else', async () => {
    const one = await setting({ subsets: [V1] })
    const before = await yaml(RULE)
    expect(await writer.rehearse(one, REHEARSAL, { force: true, signal })).toMatchObject({ spec: { subsets: [V1] } })
    await expect(write(one, REHEARSAL)).rejects.toMatchObject({
      reason: 'refused',
      message: expect.stringContaining(`${NAME}:rehearsal may only make dry runs`) as string,
    })
    const deletion: DeleteWrite = { verb: 'delete', ref: RULE, apiVersion: API, was: versionOf(await current()) }
    expect(await writer.rehearse(deletion, REHEARSAL, { force: false, signal })).toBeUndefined()
    expect(await attempt(deletion, REHEARSAL)).toBe('refused')
    expect(
      await attempt(
        {
          ...one,
          ref: { ...RULE, name: 'new' },
          was: 'absent',
          manifest: one.manifest.replace('"name":"catalog"', '"name":"new"'),
        },
        REHEARSAL,
      ),
    ).toBe('refused')
    expect(await yaml(RULE)).toBe(before)
  })

  it('the bot itself has no right to write, nor to read secrets', async () => {
    const may = (args: string[]): Promise<string> =>
      kubectl(['auth', 'can-i', ...args, '-n', NAME, '--as', `system:serviceaccount:${NAME}:${NAME}-reader`]).catch(
        () => 'no',
      )
    expect(
      await Promise.all([
        may(['patch', 'destinationrules.networking.istio.io']),
        may(['delete', 'pods']),
        may(['get', 'secrets']),
        may(['impersonate', 'users']),
        may(['impersonate', 'groups/system:masters']),
      ]),
    ).toEqual(['no', 'no', 'no', 'no', 'no'])
  })
})

describe('writing', () => {
  it('again does nothing, also when two do it at once', async () => {
    const one = await setting({ subsets: [V1] })
    const both = await Promise.all([write(one, APPROVER, { change: 'same' }), write(one, APPROVER, { change: 'same' })])
    expect(both.map(({ fresh }) => fresh).sort()).toEqual([false, true])
    const version = versionOf(await current())
    expect(await write(one, APPROVER, { change: 'same' })).toMatchObject({ fresh: false })
    expect(versionOf(await current())).toEqual(version)
  })

  it('makes an object once, whoever tries', async () => {
    const ref = { ...RULE, name: 'cart' }
    const one: ApplyWrite = {
      verb: 'apply',
      ref,
      apiVersion: API,
      was: 'absent',
      manifest: JSON.stringify(destinationRule({ host: 'cart' }, { name: 'cart' })),
    }
    const same = await Promise.all([1, 2, 3].map(() => write(one, APPROVER, { change: 'same' })))
    expect(same.filter(({ fresh }) => fresh)).toHaveLength(1)
    expect(await attempt(one, APPROVER)).toBe('moved')
    await kubectl(['-n', NAME, 'delete', 'destinationrule', 'cart'])
    const others = await Promise.all([1, 2, 3].map(() => attempt(one, APPROVER)))
    expect(others.toSorted()).toEqual(['moved', 'moved', 'written'])
  })

  it('refuses an object that has moved, or is another one', async () => {
    const one = await setting({ subsets: [V1] })
    await applyAsSomebody(destinationRule({ host: 'catalog.example.com' }))
    await expect(write(one)).rejects.toMatchObject({
      reason: 'moved',
      message: `DestinationRule ${NAME}/catalog has changed since this was proposed.`,
    })
    await kubectl(['-n', NAME, 'delete', 'destinationrule', 'catalog'])
    await expect(write(one)).rejects.toMatchObject({
      reason: 'moved',
      message: `DestinationRule ${NAME}/catalog was deleted since this was proposed.`,
    })
    await applyAsSomebody(destinationRule({ host: 'catalog' }))
    await expect(write(one)).rejects.toMatchObject({
      reason: 'moved',
      message: `DestinationRule ${NAME}/catalog was deleted and created again since this was proposed.`,
    })
  })

  it('keeps what an earlier change has set', async () => {
    await write(await setting({ trafficPolicy: { outlierDetection: { consecutive5xxErrors: 3 } } }))
    const { object } = await write(await setting({ subsets: [V1] }))
    expect(object?.spec).toEqual({
      host: 'catalog',
      subsets: [V1],
      trafficPolicy: { loadBalancer: { simple: 'RANDOM' }, outlierDetection: { consecutive5xxErrors: 3 } },
    })
  })

  it("names whose fields they are, and tells a webhook's words", async () => {
    const balanced = await setting({ trafficPolicy: { loadBalancer: { simple: 'ROUND_ROBIN' } } })
    await expect(writer.rehearse(balanced, REHEARSAL, { force: false, signal })).rejects.toMatchObject({
      reason: 'conflict',
      conflicts: [{ manager: 'kubectl-client-side-apply', fields: ['.spec.trafficPolicy.loadBalancer.simple'] }],
    })
    await expect(writer.rehearse(balanced, REHEARSAL, { force: true, signal })).resolves.toMatchObject({
      spec: { trafficPolicy: { loadBalancer: { simple: 'ROUND_ROBIN' } } },
    })
    await expect(
      writer.rehearse(await setting({ subsets: [V1, V1] }), REHEARSAL, { force: false, signal }),
    ).rejects.toMatchObject({
      reason: 'refused',
      message: expect.stringMatching(
        /admission webhook "validation\.istio\.io" denied the request: .*duplicate subset/,
      ) as string,
    })
    await expect(
      writer.rehearse(await setting({ hsot: 'x' }), REHEARSAL, { force: false, signal }),
    ).rejects.toMatchObject({
      reason: 'refused',
      message: expect.stringContaining('.spec.hsot: field not declared in schema') as string,
    })
  })
})

describe('taking back is exact', () => {
  it.each<[string, unknown, object?]>([
    [
      'fields that were absent',
      {
        subsets: [V1, V2],
        trafficPolicy: { tls: { mode: 'ISTIO_MUTUAL' }, outlierDetection: { consecutive5xxErrors: 3 } },
      },
    ],
    [
      "somebody else's value",
      { host: 'catalog.example.com', trafficPolicy: { loadBalancer: { simple: 'ROUND_ROBIN' } } },
    ],
    ['labels and annotations', {}, { labels: { app: 'other', more: 'yes' }, annotations: { 'example.com/note': 'x' } }],
  ])('%s', async (_what, spec, metadata) => {
    const { before, between, after, again } = await thereAndBack(await setting(spec, metadata))
    expect(between).not.toBe(before)
    expect(after).toBe(before)
    expect(again).toBe(false)
  })

  it('of a second change leaves the first', async () => {
    await write(await setting({ subsets: [V1] }))
    const { before, after } = await thereAndBack(await setting({ subsets: [V2], exportTo: ['.'] }))
    expect(after).toBe(before)
    expect(before).toContain('name: v1')
  })

  it('of a label of a namespace', async () => {
    const ref: Ref = { kind: 'Namespace', name: NAME }
    const was = versionOf(await current(ref, 'v1'))
    const { before, between, after } = await thereAndBack({
      verb: 'apply',
      ref,
      apiVersion: 'v1',
      was,
      manifest: JSON.stringify({
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name: NAME, labels: { 'istio-injection': 'enabled' } },
      }),
    })
    expect(between).toContain('istio-injection: enabled')
    expect(after).toBe(before)
  })

  it('of the ports of a Service, which are told apart by their numbers', async () => {
    const service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'catalog', namespace: NAME },
      spec: {
        selector: { app: 'catalog' },
        ports: [
          { port: 80, name: 'web', targetPort: 3000 },
          { port: 81, name: 'other', targetPort: 3001 },
        ],
      },
    }
    await applyAsSomebody(service)
    const ref: Ref = { kind: 'Service', namespace: NAME, name: 'catalog' }
    const was = versionOf(await current(ref, 'v1'))
    const { before, between, after } = await thereAndBack({
      verb: 'apply',
      ref,
      apiVersion: 'v1',
      was,
      manifest: JSON.stringify({
        ...service,
        spec: { ports: [{ port: 80, protocol: 'TCP', targetPort: 3003, appProtocol: 'http' }] },
      }),
    })
    expect(between).toContain('appProtocol: http')
    expect(between).toContain('targetPort: 3001')
    expect(after).toBe(before)
  })

  it('of a deletion: the object is made again, whole', async () => {
    await applyAsSomebody({
      apiVersion: 'networking.istio.io/v1alpha3',
      kind: 'EnvoyFilter',
      metadata: { name: 'headers', namespace: NAME, labels: { team: 'shop' } },
      spec: {
        workloadSelector: { labels: { app: 'catalog' } },
        configPatches: [
          {
            applyTo: 'HTTP_FILTER',
            match: { context: 'SIDECAR_INBOUND' },
            patch: {
              operation: 'INSERT_BEFORE',
              value: {
                name: 'x',
                typed_config: {
                  '@type': 'type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua',
                  inlineCode: 'function envoy_on_request(handle)\nend\n',
                },
              },
            },
          },
        ],
      },
    })
    const { before, after, again } = await thereAndBack({
      verb: 'delete',
      ref: FILTER,
      apiVersion: 'networking.istio.io/v1alpha3',
      was: versionOf(await current(FILTER, 'networking.istio.io/v1alpha3')),
    })
    expect(after).toBe(before)
    expect(again).toBe(false)
  })

  it('of a creation: the object is gone', async () => {
    const ref = { ...RULE, name: 'cart' }
    const one: ApplyWrite = {
      verb: 'apply',
      ref,
      apiVersion: API,
      was: 'absent',
      manifest: JSON.stringify(destinationRule({ host: 'cart' }, { name: 'cart' })),
    }
    const inverse = inverseOf(one, undefined)
    const { object } = await write(one, APPROVER, { change: 'mine' })
    expect(await write(pinned(inverse!, versionOf(object!)), APPROVER, { undoes: true, change: 'mine' })).toEqual({
      fresh: true,
    })
    expect(await writer.read(ref, API, signal)).toBeUndefined()
  })

  it('unless somebody has changed the object since: it is left alone', async () => {
    const one = await setting({ subsets: [V1] })
    const inverse = inverseOf(one, await current())
    const { object } = await write(one, APPROVER, { change: 'mine' })
    await kubectl([
      '-n',
      NAME,
      'patch',
      'destinationrule',
      'catalog',
      '--type=merge',
      '-p',
      '{"spec":{"host":"catalog.example.com"}}',
    ])
    await expect(
      write(pinned(inverse!, versionOf(object!)), APPROVER, { undoes: true, change: 'mine' }),
    ).rejects.toMatchObject({ reason: 'moved' })
    expect((await current()).spec).toMatchObject({ host: 'catalog.example.com', subsets: [V1] })
  })
})

describe('a workload', () => {
  it('is restarted though its status changes all the time', async () => {
    const labels = { app: 'web' }
    const ref: Ref = { kind: 'Deployment', namespace: NAME, name: 'web' }
    await applyAsSomebody({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', namespace: NAME },
      spec: {
        replicas: 1,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: { containers: [{ name: 'web', image: 'docker.io/lab/nothing:none', imagePullPolicy: 'Never' }] },
        },
      },
    })
    const one: ApplyWrite = {
      verb: 'apply',
      ref,
      apiVersion: 'apps/v1',
      was: versionOf(await current(ref, 'apps/v1')),
      manifest: JSON.stringify({
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'web', namespace: NAME },
        spec: {
          template: { metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': '2026-11-24T03:00:00Z' } } },
        },
      }),
    }
    // Another resource version, the same generation: as controllers do with every status.
    await kubectl(['-n', NAME, 'label', 'deployment', 'web', 'looked-at=yes'])
    expect((await current(ref, 'apps/v1')).metadata.resourceVersion).not.toBe((one.was as Version).resourceVersion)
    expect(inverseOf(one, await current(ref, 'apps/v1'))).toBeUndefined()
    expect(await write(one)).toMatchObject({
      fresh: true,
      object: {
        metadata: { generation: 2 },
        spec: {
          replicas: 1,
          template: {
            metadata: { labels, annotations: { 'kubectl.kubernetes.io/restartedAt': '2026-11-24T03:00:00Z' } },
          },
        },
      },
    })
    await until('a pod', 30, async () => (await kubectl(['-n', NAME, 'get', 'pods', '-o', 'name'])) !== '')
    const pod = (await kubectl(['-n', NAME, 'get', 'pods', '-o', 'name'])).split('\n')[0]!.replace('pod/', '')
    const podRef: Ref = { kind: 'Pod', namespace: NAME, name: pod }
    const deletion: DeleteWrite = {
      verb: 'delete',
      ref: podRef,
      apiVersion: 'v1',
      was: versionOf(await current(podRef, 'v1')),
    }
    expect(await write(deletion)).toEqual({ fresh: true })
    expect(await write(deletion)).toEqual({ fresh: false })
  })
})

describe('validation', () => {
  const proposal = (one: Write): Proposal => ({
    act: 'test',
    for: 'MESH0101',
    title: '',
    why: '',
    effect: '',
    risk: { level: 'low', says: '' },
    undo: '',
    writes: [one],
  })
  const options = (): Parameters<typeof validate>[1] => ({
    writer,
    clients,
    policy: { rehearseAs: REHEARSAL, gitops: 'patch' },
    signal,
  })
  const route = (destination: object, more: object = {}): object => ({
    apiVersion: API,
    kind: 'VirtualService',
    metadata: { name: 'catalog', namespace: NAME },
    spec: { hosts: ['catalog'], http: [{ route: [{ destination }] }], ...more },
  })

  it('asks the analyzers of the would-be configuration, by the rights of the bot', async () => {
    await applyAsSomebody({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'catalog', namespace: NAME },
      spec: { selector: { app: 'catalog' }, ports: [{ port: 80, name: 'http' }] },
    })
    // IST0173 wants a pod behind each subset, in any namespace; one that never starts is enough.
    await applyAsSomebody({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'catalog', namespace: NAME, labels: { app: 'catalog', version: 'v1' } },
      spec: { containers: [{ name: 'catalog', image: 'docker.io/lab/nothing:none', imagePullPolicy: 'Never' }] },
    })
    await applyAsSomebody(route({ host: 'catalog', subset: 'v1' }))
    const mended = await validate(proposal(await setting({ subsets: [V1] })), options())
    expect(mended).toMatchObject({
      force: false,
      notes: [
        expect.stringMatching(
          /^istioctl analyze finds nothing new in the changed configuration\. .*IST0101.* disappears?\.$/,
        ),
        `It changes spec.subsets of DestinationRule ${NAME}/catalog, and nothing else.`,
      ],
    })
    expect(mended).not.toHaveProperty('blocked')
    expect(mended.diff).toContain('+  subsets:')

    const ref: Ref = { kind: 'VirtualService', namespace: NAME, name: 'catalog' }
    const worse: ApplyWrite = {
      verb: 'apply',
      ref,
      apiVersion: API,
      was: versionOf(await current(ref)),
      manifest: JSON.stringify(route({ host: 'catalog' }, { gateways: ['nope'] })),
    }
    const { blocked, force, notes } = await validate(proposal(worse), options())
    expect(blocked).toBe(
      `istioctl analyze finds a new error in the changed configuration: IST0101 (VirtualService ${NAME}/catalog): Referenced gateway not found: "nope".`,
    )
    expect(force).toBe(true)
    expect(notes).toContain(
      `Approving takes over fields of VirtualService ${NAME}/catalog from kubectl-client-side-apply: .spec.http.`,
    )
  })
})
