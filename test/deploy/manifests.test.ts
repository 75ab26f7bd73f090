import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { parseAllDocuments, parse } from 'yaml'
import { readerManifest } from '../../scripts/reader-manifest.ts'
import { RESERVED_NAMES } from '../../src/fixes/identity.ts'
import { captureContainer } from '../../src/fixes/capture-pod.ts'
import { LEASE_ANNOTATION, telemetryFor } from '../../src/fixes/lent-telemetry.ts'
import { WRITABLE } from '../../src/fixes/writable-kinds.ts'
import { policyOf } from '../../src/config/policy.ts'
import { VARIABLES } from '../../src/config/variables.ts'
import { ASKED, CAPTURE_PERMISSIONS, OPERATOR_PERMISSIONS, PERMISSIONS } from '../../src/evidence/permissions.ts'
import type { Permission } from '../../src/evidence/reading.ts'
import { defined } from '../../src/mesh/defined.ts'

const DEPLOY = join(import.meta.dirname, '..', '..', 'deploy')

interface Rule {
  apiGroups: string[]
  resources: string[]
  resourceNames?: string[]
  verbs: string[]
}
interface Subject {
  kind: string
  name: string
  namespace?: string
}
interface Manifest {
  kind: string
  metadata: { name: string; namespace?: string }
  rules?: Rule[]
  roleRef?: { name: string }
  subjects?: Subject[]
  spec?: {
    template?: { spec: PodSpec }
    matchConditions?: { expression: string }[]
    validations?: { expression: string }[]
    policyName?: string
    validationActions?: string[]
    failurePolicy?: string
  }
}
interface PodSpec {
  serviceAccountName: string
  securityContext: object
  containers: { env: { name: string; value?: string }[]; securityContext: object }[]
}

const { rehearseAs: REHEARSAL } = policyOf({})
const textOf = (file: string): string => readFileSync(join(DEPLOY, 'manifests', file), 'utf8')
const manifestsIn = (file: string): Manifest[] =>
  parseAllDocuments(textOf(file)).map((document) => document.toJS() as Manifest)
const manifests = readdirSync(join(DEPLOY, 'manifests')).flatMap(manifestsIn)

const grantedBy = (file: string): Permission[] =>
  manifestsIn(file).flatMap(({ metadata: { namespace }, rules = [] }) =>
    rules.flatMap(({ apiGroups, resources, resourceNames = [undefined], verbs }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) =>
          resourceNames.flatMap((name) =>
            verbs.map((verb): Permission => ({
              verb,
              group,
              resource,
              ...defined({ namespace, name }),
            })),
          ),
        ),
      ),
    ),
  )
const granted = grantedBy('reader.yaml')
const given = grantedBy('writer.yaml')
const texts = (permissions: readonly Permission[]): string[] =>
  permissions
    .map(
      ({ verb, group, resource, namespace = '-', name = '*' }) => `${verb} ${resource}.${group} ${namespace} ${name}`,
    )
    .sort()

it('no other file grants anything', () => {
  expect(manifests.flatMap(({ rules = [] }) => rules).length).toBe(
    ['reader.yaml', 'writer.yaml', 'operator.yaml'].flatMap(manifestsIn).flatMap(({ rules = [] }) => rules).length,
  )
})

it('the roles grant exactly what is needed', () => {
  expect(texts(granted)).toEqual(texts(PERMISSIONS))
})

it('the reader is as the table of permissions makes it: npm run reader-manifest', async () => {
  await expect(readerManifest()).toMatchFileSnapshot(join(DEPLOY, 'manifests', 'reader.yaml'))
})

it('every permission is there once, with who asks for it and what for', () => {
  expect(new Set(texts(PERMISSIONS)).size).toBe(PERMISSIONS.length)
  for (const permission of PERMISSIONS) {
    expect(permission.askedBy.length).toBeGreaterThan(0)
    for (const asker of permission.askedBy) expect(texts(ASKED[asker])).toContain(texts([permission])[0])
    expect(permission.why).toMatch(/^(mesh-medic|istioctl \S+).*: \w/)
  }
})

it('where the cluster has the Gateway API, the analyzers may read its objects', () => {
  for (const resource of ['gateways', 'grpcroutes', 'httproutes'])
    expect(texts(granted)).toContain(`list ${resource}.gateway.networking.k8s.io - *`)
})

it('no Secrets, nothing wild, and nothing is written but what istioctl needs to look', () => {
  expect(
    granted.filter(
      ({ resource, group, verb }) => resource.startsWith('secrets') || [resource, group, verb].includes('*'),
    ),
  ).toEqual([])
  const writes = granted.filter(({ verb }) => !['get', 'list', 'watch'].includes(verb))
  expect(texts(writes)).toEqual(['create pods/portforward. - *', 'create serviceaccounts/token. istio-system default'])
})

it('approvers may write exactly the kinds that fixes write', () => {
  expect(texts(given.filter(({ verb }) => verb !== 'impersonate'))).toEqual(
    texts(WRITABLE.flatMap(({ group, plural, verbs }) => verbs.map((verb) => ({ verb, group, resource: plural })))),
  )
})

it("the bot may act in named people's names alone, none of them Kubernetes' own", () => {
  const impersonated = given.filter(({ verb }) => verb === 'impersonate')
  expect(texts(impersonated)).toEqual([
    `impersonate groups. - mesh-medic:approvers`,
    `impersonate users. - ${REHEARSAL.user}`,
  ])
  expect(impersonated.filter(({ name }) => name === undefined || RESERVED_NAMES.test(name))).toEqual([])
  const bound = manifestsIn('writer.yaml').flatMap(({ roleRef, subjects = [] }) =>
    subjects.map(({ kind, name, namespace }) => [roleRef?.name, kind, namespace, name]),
  )
  const pod = manifests.find(({ kind }) => kind === 'Deployment')!.spec!.template!.spec
  expect(bound).toEqual([
    ['mesh-medic-impersonator', 'ServiceAccount', 'mesh-medic', pod.serviceAccountName],
    ['mesh-medic-approver', 'Group', undefined, 'mesh-medic:approvers'],
    ['mesh-medic-approver', 'User', undefined, REHEARSAL.user],
  ])
})

it("operators have the bot write what leases of access logs ask for, in the bot's own name", () => {
  expect(texts(grantedBy('operator.yaml'))).toEqual(texts(OPERATOR_PERMISSIONS))
  const pod = manifests.find(({ kind }) => kind === 'Deployment')!.spec!.template!.spec
  expect(
    manifestsIn('operator.yaml').flatMap(({ roleRef, subjects = [] }) => subjects.map((one) => [roleRef?.name, one])),
  ).toEqual([
    ['mesh-medic-operator', { kind: 'ServiceAccount', name: pod.serviceAccountName, namespace: 'mesh-medic' }],
  ])
})

it('captures have rights of their own, off unless their file is applied', () => {
  expect(texts(grantedBy('../capture.yaml'))).toEqual(texts(CAPTURE_PERMISSIONS))
  const pod = manifests.find(({ kind }) => kind === 'Deployment')!.spec!.template!.spec
  const bound = manifestsIn('../capture.yaml').flatMap(({ subjects = [] }) => subjects)
  expect(bound).toEqual(
    [1, 2].map(() => ({ kind: 'ServiceAccount', name: pod.serviceAccountName, namespace: 'mesh-medic' })),
  )
})

it('the bot adds and enters only containers of its captures, which may do nothing but see packets', () => {
  const policies = manifestsIn('../capture.yaml').filter(({ kind }) => kind === 'ValidatingAdmissionPolicy')
  expect(policies.map(({ spec }) => spec)).toMatchObject(
    [
      ['UPDATE', 'pods/ephemeralcontainers'],
      ['CONNECT', 'pods/exec'],
    ].map(([operation, resource]) => ({
      failurePolicy: 'Fail',
      matchConditions: [
        { expression: `request.userInfo.username == 'system:serviceaccount:mesh-medic:mesh-medic-reader'` },
      ],
      matchConstraints: { resourceRules: [{ operations: [operation], resources: [resource] }] },
    })),
  )
  const bindings = manifestsIn('../capture.yaml').filter(({ kind }) => kind === 'ValidatingAdmissionPolicyBinding')
  expect(bindings.map(({ spec }) => spec)).toMatchObject(
    policies.map(({ metadata }) => ({ policyName: metadata.name, validationActions: ['Deny'] })),
  )
  const { name } = captureContainer('x', { form: 'container', seconds: 1 }, { image: 'x', pullPolicy: 'Never' }) as {
    name: string
  }
  for (const { spec } of policies)
    expect(JSON.stringify(spec?.validations)).toContain(`startsWith('${name.slice(0, -1)}')`)
})

it('the bot is kept to Telemetry objects of its leases alone, and to access logs in them', () => {
  const [policy, binding] = manifestsIn('operator.yaml').filter(({ kind }) =>
    kind.startsWith('ValidatingAdmissionPolicy'),
  )
  expect(policy?.spec).toMatchObject({
    failurePolicy: 'Fail',
    matchConditions: [
      { expression: `request.userInfo.username == 'system:serviceaccount:mesh-medic:mesh-medic-reader'` },
    ],
    matchConstraints: {
      resourceRules: [
        {
          apiGroups: ['telemetry.istio.io'],
          apiVersions: ['*'],
          operations: ['CREATE', 'UPDATE', 'DELETE'],
          resources: ['telemetries'],
        },
      ],
    },
  })
  const [names, contents] = policy?.spec?.validations ?? []
  const { metadata, spec } = telemetryFor('x', { namespace: 'shop', selector: { app: 'catalog' }, provider: 'envoy' })
  for (const part of [metadata.name.slice(0, -1), LEASE_ANNOTATION]) expect(names?.expression).toContain(`'${part}'`)
  for (const field of Object.keys(spec as object)) expect(contents?.expression).toContain(`has(object.spec.${field})`)
  expect(binding?.spec).toEqual({ policyName: policy?.metadata.name, validationActions: ['Deny'] })
})

it('who rehearses is kept to dry runs', () => {
  const [policy, binding] = manifestsIn('writer.yaml').filter(({ kind }) =>
    kind.startsWith('ValidatingAdmissionPolicy'),
  )
  expect(policy?.spec).toMatchObject({
    failurePolicy: 'Fail',
    matchConditions: [{ expression: `request.userInfo.username == '${REHEARSAL.user}'` }],
    validations: [{ expression: 'has(request.dryRun) && request.dryRun' }],
    matchConstraints: {
      resourceRules: [{ apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*/*'] }],
    },
  })
  expect(binding?.spec).toEqual({ policyName: policy?.metadata.name, validationActions: ['Deny'] })
})

it.each(['reader.yaml', 'writer.yaml'])('every rule of %s has its reason above it', (file) => {
  const lines = textOf(file).split('\n')
  const blocks = lines
    .map((line, index) => ({ line, before: lines[index - 1] ?? '' }))
    .filter(({ line }) => /^ {2}- (\{ )?apiGroups/.test(line))
  expect(blocks.length).toBeGreaterThan(10)
  for (const { line, before } of blocks) expect(before, line).toMatch(/^ {2}(#|- \{ apiGroups)/)
})

it('the pod is not root, writes nowhere but to its volumes, and takes its secrets by reference', () => {
  const pod = manifests.find(({ kind }) => kind === 'Deployment')!.spec!.template!.spec
  expect(pod).toMatchObject({ serviceAccountName: 'mesh-medic-reader', securityContext: { runAsNonRoot: true } })
  expect(pod.containers[0]!.securityContext).toMatchObject({
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
  })
  for (const { name, value } of pod.containers[0]!.env) {
    expect(Object.keys(VARIABLES)).toContain(name)
    if (/TOKEN|SECRET|REDIS/.test(name)) expect(value, name).toBeUndefined()
  }
})

it('compose: Redis keeps what it was given', () => {
  const { services } = parse(readFileSync(join(DEPLOY, 'compose.yaml'), 'utf8')) as {
    services: { redis: { command: string[] }; bot: { environment: Record<string, string>; volumes: string[] } }
  }
  expect(services.redis.command.join(' ')).toContain('--appendonly yes --maxmemory-policy noeviction')
  for (const name of Object.keys(services.bot.environment)) expect(Object.keys(VARIABLES)).toContain(name)
  // What it mounts as its configuration is there, and is one.
  expect(services.bot.volumes).toContain('${MESH_MEDIC_CONFIG:-./mesh-medic.yaml}:/config/mesh-medic.yaml:ro')
  policyOf(parse(readFileSync(join(DEPLOY, 'mesh-medic.yaml'), 'utf8')) as Parameters<typeof policyOf>[0])
})

it('nobody connects to the bot but for its health and with alerts, and it connects to nothing but what it needs', () => {
  interface Rule {
    from?: unknown
    to?: unknown
    ports: { port: number }[]
  }
  const [policy, ...others] = manifestsIn('network.yaml') as unknown as {
    kind: string
    metadata: { namespace: string }
    spec: { podSelector: { matchLabels: object }; policyTypes: string[]; ingress: Rule[]; egress: Rule[] }
  }[]
  expect([policy?.kind, policy?.metadata.namespace, others]).toEqual(['NetworkPolicy', 'mesh-medic', []])
  const { podSelector, policyTypes, ingress, egress } = policy!.spec
  const deployment = manifests.find(({ kind }) => kind === 'Deployment') as unknown as {
    spec: {
      template: {
        metadata: { labels: object }
        spec: { containers: { ports: { name: string; containerPort: number }[] }[] }
      }
    }
  }
  const { metadata, spec } = deployment.spec.template
  expect(metadata.labels).toMatchObject(podSelector.matchLabels)
  expect(policyTypes).toEqual(['Ingress', 'Egress'])
  const health = spec.containers[0]!.ports.find(({ name }) => name === 'health')!.containerPort
  expect(ingress.flatMap(({ ports }) => ports.map(({ port }) => port))).toEqual([health])
  // Only of the API server and Slack it is not known where they are.
  expect(egress.filter(({ to }) => to === undefined).flatMap(({ ports }) => ports.map(({ port }) => port))).toEqual([
    443, 6443,
  ])
  expect(egress.flatMap(({ ports }) => ports.map(({ port }) => port)).sort((a, b) => a - b)).toEqual([
    53, 53, 443, 6379, 6443, 9090, 9093, 20001,
  ])
})

it('every base image can be pinned by its digest when the image is built', () => {
  const lines = readFileSync(join(DEPLOY, 'Dockerfile'), 'utf8').split('\n')
  const from = lines.flatMap((line) => /^FROM (\S+)/.exec(line)?.[1] ?? [])
  expect(from.length).toBeGreaterThan(2)
  for (const image of from) {
    const name = /^\$\{(\w+)\}$/.exec(image)?.[1]
    expect(lines.some((line) => line.startsWith(`ARG ${name ?? ''}=`))).toBe(true)
  }
})
