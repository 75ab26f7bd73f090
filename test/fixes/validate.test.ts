import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ClusterWriter } from '../../src/fixes/cluster-writer.ts'
import type { Policy } from '../../src/fixes/policy.ts'
import { versionOf, type ApplyWrite, type Proposal, type Write } from '../../src/fixes/proposal.ts'
import { validate, type Validation } from '../../src/fixes/validate.ts'
import { clusterWriter } from '../../src/fixes/writer.ts'
import { UnseenError } from '../../src/evidence/clients/clients.ts'
import { kubernetesApi } from '../../src/evidence/clients/kubernetes.ts'
import type { KubernetesObject, Metadata } from '../../src/mesh/objects.ts'
import {
  forbidden,
  startApiServer,
  webhookDenied,
  type ApiServer,
  type Refusal,
  type WriteRequest,
} from './api-server.ts'

const API = 'networking.istio.io/v1'
const NAMESPACE = 'wtest'
const VIRTUAL_SERVICE = { kind: 'VirtualService', namespace: NAMESPACE, name: 'catalog' }
const RULE = { kind: 'DestinationRule', namespace: NAMESPACE, name: 'catalog' }
const signal = new AbortController().signal
const REHEARSAL = { user: 'mesh-medic:rehearsal', groups: [] }

/** As istioctl 1.31 said on the lab: of the namespace as it was, and with each of these files beside it. */
const recorded = (name: string): string => readFileSync(join(import.meta.dirname, 'analyze', `${name}.json`), 'utf8')

let server: ApiServer
let writer: ClusterWriter
let refused: ((request: WriteRequest) => Refusal | undefined) | undefined
let said: string | Error
const ran: { args: readonly string[]; text: string | undefined }[] = []

const istioctl = {
  run: (args: readonly string[]): Promise<string> => {
    const file = args.find((one) => one.endsWith('.yaml'))
    ran.push({ args, text: file === undefined ? undefined : readFileSync(file, 'utf8') })
    if (said instanceof Error) return Promise.reject(said)
    return Promise.resolve(file === undefined ? recorded('now') : said)
  },
}

const virtualService = (metadata: Partial<Metadata> = {}): KubernetesObject => ({
  apiVersion: API,
  kind: 'VirtualService',
  metadata: { name: 'catalog', namespace: NAMESPACE, ...metadata },
  spec: { hosts: ['catalog'], http: [{ route: [{ destination: { host: 'catalog', subset: 'v1' } }] }] },
})
const manifest = (kind: string, spec: unknown): string =>
  JSON.stringify({ apiVersion: API, kind, metadata: { name: 'catalog', namespace: NAMESPACE }, spec })
const addSubsets = (): ApplyWrite => ({
  verb: 'apply',
  ref: RULE,
  apiVersion: API,
  was: 'absent',
  manifest: manifest('DestinationRule', { host: 'catalog', subsets: [{ name: 'v1', labels: { version: 'v1' } }] }),
})
const bindGateway = (): ApplyWrite => ({
  verb: 'apply',
  ref: VIRTUAL_SERVICE,
  apiVersion: API,
  was: versionOf(server.get(VIRTUAL_SERVICE)!),
  manifest: manifest('VirtualService', { gateways: ['nope'] }),
})
const proposal = (...writes: [Write, ...Write[]]): Proposal => ({
  act: 'test',
  for: 'MESH0101',
  title: '',
  why: '',
  effect: '',
  risk: { level: 'low', says: '' },
  undo: '',
  writes,
})
const ask = (write: Write, gitops: Policy['gitops'] = 'patch', ...more: Write[]): Promise<Validation> =>
  validate(proposal(write, ...more), {
    writer,
    clients: { istioctl },
    policy: { rehearseAs: REHEARSAL, gitops },
    signal,
  })

beforeEach(async () => {
  refused = undefined
  ran.length = 0
  said = recorded('with-subsets')
  server = await startApiServer({ objects: [virtualService()], rules: (request) => refused?.(request) })
  writer = clusterWriter({
    kubeconfig: server.kubeconfig,
    clients: { kubernetes: kubernetesApi({ kubeconfig: server.kubeconfig }), istioctl },
  })
})
afterEach(async () => {
  expect(server.landed()).toEqual([])
  await server.stop()
})

describe('a proposal that is well', () => {
  it('has a diff, and says what the analyzers find', async () => {
    expect(await ask(addSubsets())).toEqual({
      force: false,
      notes: ['istioctl analyze finds nothing new in the changed configuration. IST0101 disappears.'],
      diff: `--- /dev/null\n+++ b/DestinationRule ${NAMESPACE}/catalog\n@@ -0,0 +1,11 @@\n+apiVersion: ${API}\n+kind: DestinationRule\n+metadata:\n+  name: catalog\n+  namespace: ${NAMESPACE}\n+spec:\n+  host: catalog\n+  subsets:\n+  - name: v1\n+    labels:\n+      version: v1\n`,
    })
    expect(server.writes).toEqual([expect.objectContaining({ user: 'mesh-medic:rehearsal', groups: [], dryRun: true })])
  })

  it('is analyzed as the API server would keep it, in a file that is gone afterwards', async () => {
    await ask(bindGateway())
    const [now, then] = ran.toSorted((a, b) => a.args.length - b.args.length)
    expect(now?.args).toEqual(['analyze', '-n', NAMESPACE, '-o', 'json'])
    expect(then?.args.slice(0, 3)).toEqual(['analyze', '-n', NAMESPACE])
    expect(then?.text).toContain('- nope')
    expect(then?.text).toContain('subset: v1')
    expect(existsSync(then?.args.find((one) => one.endsWith('.yaml')) ?? '')).toBe(false)
  })

  it('is shown write by write', async () => {
    const { diff } = await ask(addSubsets(), 'patch', bindGateway())
    expect(diff.match(/^\+\+\+ .*$/gm)).toEqual([
      `+++ b/DestinationRule ${NAMESPACE}/catalog`,
      `+++ b/VirtualService ${NAMESPACE}/catalog`,
    ])
    expect(server.writes).toHaveLength(2)
    expect(ran.filter(({ text }) => text?.includes('---\n') === true)).toHaveLength(1)
  })

  it('that deletes shows what goes', async () => {
    const validation = await ask({
      verb: 'delete',
      ref: VIRTUAL_SERVICE,
      apiVersion: API,
      was: versionOf(server.get(VIRTUAL_SERVICE)!),
    })
    expect(validation).toMatchObject({
      force: false,
      diff: expect.stringContaining('+++ /dev/null') as string,
      notes: ['istioctl analyze cannot analyze a deletion; the checks after the change will cover it.'],
    })
    expect(validation).not.toHaveProperty('blocked')
  })
})

describe('a change that is hidden', () => {
  it('may not be approved, and says where it is and how long', async () => {
    const routes = (value: string): unknown => ({
      http: [
        { headers: { request: { set: { authorization: value } } }, route: [{ destination: { host: 'catalog' } }] },
      ],
    })
    const validation = await ask({
      ...bindGateway(),
      manifest: manifest('VirtualService', routes('Bearer swapped-it')),
    })
    expect(validation.blocked).toContain(
      `A value that changes is hidden here as a secret: spec.http[0].headers.request.set.authorization (17 characters) of VirtualService ${NAMESPACE}/catalog.`,
    )
    expect(validation.diff).not.toContain('swapped')
    expect(validation.diff).toContain('[redacted: 17 characters that change]')
  })
})

describe('fields of others', () => {
  it('are named, and need force', async () => {
    const write: ApplyWrite = {
      ...bindGateway(),
      manifest: manifest('VirtualService', { hosts: ['catalog', 'shop.example.com'] }),
    }
    const validation = await ask(write)
    expect(validation).toMatchObject({
      force: true,
      notes: [
        `Approving takes over fields of VirtualService ${NAMESPACE}/catalog from kubectl-client-side-apply: .spec.hosts.`,
        expect.any(String),
        `It changes spec.hosts[1] of VirtualService ${NAMESPACE}/catalog, and nothing else.`,
      ],
    })
    expect(validation).not.toHaveProperty('blocked')
    expect(validation.diff).toContain('+  - shop.example.com')
  })
})

describe('nobody may approve', () => {
  it('what the analyzers find a new error in', async () => {
    said = recorded('with-unknown-gateway')
    const { blocked, notes } = await ask(bindGateway())
    expect(blocked).toBe(
      `istioctl analyze finds a new error in the changed configuration: IST0101 (VirtualService ${NAMESPACE}/catalog): Referenced gateway not found: "nope".`,
    )
    expect(notes).toEqual([
      expect.stringContaining('IST0132'),
      'It changes spec.gateways of VirtualService wtest/catalog, and nothing else.',
    ])
  })

  it('what a webhook refuses; its words are told, and the wish is shown', async () => {
    refused = () => webhookDenied('duplicate subset names: v1')
    const { blocked, diff } = await ask(bindGateway())
    expect(blocked).toBe(
      'The API server would refuse it: admission webhook "validation.istio.io" denied the request: configuration is invalid: duplicate subset names: v1.',
    )
    expect(diff).toContain('+  - nope')
    expect(diff).not.toContain('-  hosts')
    expect(ran).toEqual([])
  })

  it('what cannot be rehearsed, and says what would work', async () => {
    refused = forbidden
    expect((await ask(bindGateway())).blocked).toMatch(
      /^mesh-medic may not make a dry run on VirtualService wtest\/catalog: virtualservices\.networking\.istio\.io "catalog" is forbidden: User "mesh-medic:rehearsal" cannot patch .*writer\.yaml/,
    )
  })

  it('what would change nothing', async () => {
    expect(
      (await ask({ ...bindGateway(), manifest: manifest('VirtualService', { hosts: ['catalog'] }) })).blocked,
    ).toBe('It would change nothing: the objects already look like this.')
  })

  it('what GitOps owns, unless the configuration lets it', async () => {
    server.put(
      virtualService({
        annotations: { 'argocd.argoproj.io/tracking-id': 'shop:networking.istio.io/VirtualService:wtest/catalog' },
      }),
    )
    const says =
      'VirtualService wtest/catalog belongs to Argo CD (application shop), which reverts it at its next sync if self-heal is on, and marks it out of sync otherwise.'
    expect(await ask(bindGateway())).toMatchObject({
      notes: expect.arrayContaining([says]) as string[],
      blocked: `${says} Download the patch and make the change in the source that Argo CD deploys from.`,
    })
    const allowed = await ask(bindGateway(), 'apply')
    expect(allowed.notes).toContain(says)
    expect(allowed).not.toHaveProperty('blocked')
  })
})

describe('but may', () => {
  it('what a warning is new of: it is a note', async () => {
    said = recorded('with-unknown-host')
    const validation = await ask(addSubsets())
    expect(validation.notes).toEqual([
      expect.stringMatching(
        /^istioctl analyze has a new message for the changed configuration: IST0174 \(DestinationRule wtest\/catalog\): The host nowhere/,
      ),
    ])
    expect(validation).not.toHaveProperty('blocked')
  })

  it('what the analyzers could not look at: that is a note', async () => {
    said = new UnseenError('timeout', 'istioctl did not finish in time')
    const validation = await ask(addSubsets())
    expect(validation.notes).toEqual([
      'istioctl analyze could not check the changed configuration: istioctl did not finish in time.',
    ])
    expect(validation).not.toHaveProperty('blocked')
  })

  it('what the analyzers never answer about: nobody waits for them longer than for another look', async () => {
    const silent = (_: readonly string[], until: AbortSignal): Promise<string> =>
      new Promise((_, reject) =>
        until.addEventListener('abort', () => reject(new UnseenError('timeout', 'istioctl did not finish in time'))),
      )
    const validation = await validate(proposal(addSubsets()), {
      writer,
      clients: { istioctl: { run: silent } },
      policy: { rehearseAs: REHEARSAL, gitops: 'patch' },
      signal,
      stepTimeout: 50,
    })
    expect(validation.notes).toEqual([
      'istioctl analyze could not check the changed configuration: istioctl did not finish in time.',
    ])
    expect(validation).not.toHaveProperty('blocked')
  })

  it('a restart of what GitOps owns: no repository holds it', async () => {
    const DEPLOYMENT = { kind: 'Deployment', namespace: NAMESPACE, name: 'catalog' }
    const deployment = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'catalog', namespace: NAMESPACE, labels: { 'app.kubernetes.io/managed-by': 'Helm' } },
      spec: { replicas: 1, template: { metadata: { labels: { app: 'catalog' } } } },
    }
    server.put(deployment)
    const restart = (annotations: object): ApplyWrite => ({
      verb: 'apply',
      ref: DEPLOYMENT,
      apiVersion: 'apps/v1',
      was: versionOf(server.get(DEPLOYMENT)!),
      manifest: JSON.stringify({
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'catalog', namespace: NAMESPACE },
        spec: { template: { metadata: { annotations } } },
      }),
    })
    const validation = await ask(restart({ 'kubectl.kubernetes.io/restartedAt': '2026-11-24T03:00:00Z' }))
    expect(validation).not.toHaveProperty('blocked')
    expect(validation.notes[0]).toContain('belongs to Helm')
    expect(
      await ask(
        restart({ 'kubectl.kubernetes.io/restartedAt': '2026-11-24T03:00:00Z', 'sidecar.istio.io/inject': 'true' }),
      ),
    ).toHaveProperty('blocked')
  })
})

describe('is not answered', () => {
  it('when the object has moved', async () => {
    const write = bindGateway()
    server.put({ ...virtualService(), spec: { hosts: ['other'] } }, 'kubectl-edit')
    await expect(ask(write)).rejects.toMatchObject({ reason: 'moved' })
  })

  it('when the API server does not answer', async () => {
    server.fail({ on: 'write', how: 'cut', dryRuns: true })
    await expect(ask(bindGateway())).rejects.toMatchObject({ reason: 'unavailable' })
  })
})
