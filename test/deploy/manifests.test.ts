import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { parseAllDocuments, parse } from 'yaml'
import { VARIABLES } from '../../src/config/variables.ts'
import { PERMISSIONS } from '../../src/evidence/permissions.ts'
import type { Permission } from '../../src/evidence/reading.ts'

const DEPLOY = join(import.meta.dirname, '..', '..', 'deploy')

interface Rule { apiGroups: string[]; resources: string[]; resourceNames?: string[]; verbs: string[] }
interface Manifest { kind: string; metadata: { name: string; namespace?: string }; rules?: Rule[]; spec?: { template?: { spec: PodSpec } } }
interface PodSpec { serviceAccountName: string; securityContext: object; containers: { env: { name: string; value?: string }[]; securityContext: object }[] }

const manifests = readdirSync(join(DEPLOY, 'manifests')).flatMap((file) =>
  parseAllDocuments(readFileSync(join(DEPLOY, 'manifests', file), 'utf8')).map((document) => document.toJS() as Manifest))
const roles = manifests.filter(({ kind }) => kind === 'ClusterRole' || kind === 'Role')

const granted = roles.flatMap(({ metadata: { namespace }, rules = [] }) => rules.flatMap(({ apiGroups, resources, resourceNames = [undefined], verbs }) =>
  apiGroups.flatMap((group) => resources.flatMap((resource) => resourceNames.flatMap((name) => verbs.map((verb): Permission => ({
    verb, group, resource, ...(namespace !== undefined && { namespace }), ...(name !== undefined && { name }),
  })))))))
const texts = (permissions: readonly Permission[]): string[] => permissions.map(({ verb, group, resource, namespace = '-', name = '*' }) => `${verb} ${resource}.${group} ${namespace} ${name}`).sort()

it('the roles grant exactly what is needed', () => {
  expect(texts(granted)).toEqual(texts(PERMISSIONS))
})

it('no Secrets, nothing wild, and nothing is written but what istioctl needs to look', () => {
  expect(granted.filter(({ resource, group, verb }) => resource.startsWith('secrets') || [resource, group, verb].includes('*'))).toEqual([])
  const writes = granted.filter(({ verb }) => !['get', 'list', 'watch'].includes(verb))
  expect(texts(writes)).toEqual(['create pods/portforward. - *', 'create serviceaccounts/token. istio-system default'])
})

it('every rule has its reason above it', () => {
  const lines = readFileSync(join(DEPLOY, 'manifests', 'reader.yaml'), 'utf8').split('\n')
  const blocks = lines.map((line, index) => ({ line, before: lines[index - 1] ?? '' })).filter(({ line }) => line.startsWith('  - { apiGroups'))
  expect(blocks.length).toBeGreaterThan(10)
  for (const { line, before } of blocks) expect(before, line).toMatch(/^ {2}(#|- \{ apiGroups)/)
})

it('the pod is not root, writes nowhere but to its volumes, and takes its secrets by reference', () => {
  const pod = manifests.find(({ kind }) => kind === 'Deployment')!.spec!.template!.spec
  expect(pod).toMatchObject({ serviceAccountName: 'mesh-medic-reader', securityContext: { runAsNonRoot: true } })
  expect(pod.containers[0]!.securityContext).toMatchObject({ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true })
  for (const { name, value } of pod.containers[0]!.env) {
    expect(Object.keys(VARIABLES)).toContain(name)
    if (/TOKEN|SECRET|REDIS/.test(name)) expect(value, name).toBeUndefined()
  }
})

it('compose: Redis keeps what it was given', () => {
  const { services } = parse(readFileSync(join(DEPLOY, 'compose.yaml'), 'utf8')) as { services: { redis: { command: string[] }; bot: { environment: Record<string, string> } } }
  expect(services.redis.command.join(' ')).toContain('--appendonly yes --maxmemory-policy noeviction')
  for (const name of Object.keys(services.bot.environment)) expect(Object.keys(VARIABLES)).toContain(name)
})
