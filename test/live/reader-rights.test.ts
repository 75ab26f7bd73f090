import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import type { Report } from '../../src/diagnosis/report.ts'
import { unseen } from '../../src/report/telling.ts'
import { SCENARIOS } from '../situation.ts'
import { meshMedic } from './cli.ts'
import { kubectl, until } from './mesh.ts'

/** Unique: nothing of anybody else's is touched, and what is made here is removed by name. */
const NAME = `reader-rights-${process.pid}`
const IMAGE = process.env.MESH_MEDIC_TEST_IMAGE ?? 'docker.io/istioinaction/catalog:latest'
const folder = mkdtempSync(join(tmpdir(), 'mesh-medic-live-'))
const kubeconfig = join(folder, 'kubeconfig')

interface Rule {
  apiGroups: string[]
  resources: string[]
  verbs: string[]
}
interface Manifest {
  kind: string
  metadata: { name: string }
  rules: Rule[]
}

/** The deploy manifests' reader, under this test's own names. */
const reader = (): Manifest[] => {
  const text = readFileSync(join(import.meta.dirname, '..', '..', 'deploy', 'manifests', 'reader.yaml'), 'utf8')
    .replaceAll('mesh-medic-reader', NAME)
    .replaceAll('namespace: mesh-medic', `namespace: ${NAME}`)
  return parseAllDocuments(text).map((document) => document.toJS() as Manifest)
}
const apply = (manifests: readonly Manifest[]): Promise<string> =>
  kubectl(['apply', '-f', '-'], manifests.map((one) => JSON.stringify(one)).join('\n'))

/** The reader's cluster role without one resource, or whole. */
const grantAllBut = (taken?: string): Promise<string> =>
  apply(
    reader()
      .filter(({ kind }) => kind === 'ClusterRole')
      .map((role) => ({
        ...role,
        rules: role.rules
          .map((rule) => ({ ...rule, resources: rule.resources.filter((resource) => resource !== taken) }))
          .filter(({ resources }) => resources.length > 0),
      })),
  )

/** A kubeconfig that holds nothing but the reader's token. */
async function writeKubeconfig(): Promise<void> {
  const token = (await kubectl(['-n', NAME, 'create', 'token', NAME])).trim()
  const {
    clusters: [cluster],
  } = parse(await kubectl(['config', 'view', '--raw', '--minify'])) as { clusters: { name: string }[] }
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [cluster],
      users: [{ name: 'reader', user: { token } }],
      contexts: [{ name: 'reader', context: { cluster: cluster?.name, user: 'reader' } }],
      'current-context': 'reader',
    }),
    { mode: 0o600 },
  )
}

beforeAll(async () => {
  await kubectl(['create', 'namespace', NAME])
  await kubectl(['label', 'namespace', NAME, 'istio-injection=enabled'])
  await apply(reader())
  const workload = ['catalog', 'service']
    .map((name) => readFileSync(join(SCENARIOS, 'manifests', `${name}.yaml`), 'utf8').replaceAll('$IMAGE', IMAGE))
    .join('\n---\n')
  await kubectl(['-n', NAME, 'apply', '-f', '-'], workload)
  await kubectl(['-n', NAME, 'wait', '--for=condition=Ready', 'pod', '-l', 'app=catalog', '--timeout=120s'])
  await writeKubeconfig()
})

afterAll(async () => {
  rmSync(folder, { recursive: true })
  await kubectl(['delete', 'clusterrolebinding,clusterrole', NAME, '--ignore-not-found'])
  await kubectl(['-n', 'istio-system', 'delete', 'rolebinding,role', NAME, '--ignore-not-found'])
  await kubectl(['delete', 'namespace', NAME, '--wait=false'])
})

const diagnose = async (): Promise<{ report: Report; exitCode: number }> =>
  meshMedic(['diagnose', 'catalog', '-n', NAME], { KUBECONFIG: kubeconfig })
/** Rules that the report says are missing. */
const missingRules = (report: Report): string[] => [...new Set(unseen(report).map(({ rule }) => rule ?? ''))]

it("the reader's rights are enough, and none is said to be missing", async () => {
  let report: Report | undefined
  await until('everything to be seen', 30, async () => (({ report } = await diagnose()), report.skipped.length === 0))
  expect(report?.readings.filter(({ ok }) => !ok)).toEqual([])
  expect(report?.verdict).toBe('healthy')
})

it.each([
  ['pods/portforward', '{apiGroups: [""], resources: ["pods/portforward"], verbs: ["create"]}'],
  ['virtualservices', '{apiGroups: ["networking.istio.io"], resources: ["virtualservices"], verbs: ["list"]}'],
  [
    'mutatingwebhookconfigurations',
    '{apiGroups: ["admissionregistration.k8s.io"], resources: ["mutatingwebhookconfigurations"], verbs: ["list"]}',
  ],
])('without %s the report is unclear and says which rule is missing', async (taken, rule) => {
  await grantAllBut(taken)
  try {
    // The API server takes a moment to hear of it.
    let report: Report | undefined
    await until('the rule to be gone', 15, async () => (({ report } = await diagnose()), report.skipped.length > 0))
    expect(report?.verdict).toBe('unclear')
    expect(missingRules(report!)).toEqual([rule])
  } finally {
    await grantAllBut()
  }
})
