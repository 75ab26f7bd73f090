import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { CHECKS } from '../../src/checks/index.ts'
import { openClients } from '../../src/cli/clients.ts'
import { examine } from '../../src/diagnosis/examine.ts'
import type { Report } from '../../src/diagnosis/report.ts'
import { testCluster } from '../../src/diagnosis/self-test.ts'
import { missingPermission } from '../../src/evidence/clients/forbidden.ts'
import type { Ask, Asker } from '../../src/evidence/permissions.ts'
import { ASKED, ASKERS, DECLINED } from '../../src/evidence/permissions.ts'
import type { Permission } from '../../src/evidence/reading.ts'
import { parseTarget } from '../../src/mesh/target-query.ts'
import { unseen } from '../../src/report/telling.ts'
import { SCENARIOS } from '../situation.ts'
import { meshMedic } from './cli.ts'
import { kubectl, until } from './mesh.ts'
import type { Asked } from './recording-proxy.ts'
import { startRecordingProxy } from './recording-proxy.ts'
import type { RequestAttributes } from './request-attributes.ts'

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

/** The reader's cluster role without one resource (`GROUP/PLURAL`), or whole. */
const grantAllBut = (taken?: string): Promise<string> =>
  apply(
    reader()
      .filter(({ kind }) => kind === 'ClusterRole')
      .map((role) => ({
        ...role,
        rules: role.rules
          .map((rule) => ({
            ...rule,
            resources: rule.resources.filter((resource) => `${rule.apiGroups[0] ?? ''}/${resource}` !== taken),
          }))
          .filter(({ resources }) => resources.length > 0),
      })),
  )

const tokenOf = async (account: string): Promise<string> =>
  (await kubectl(['-n', NAME, 'create', 'token', account])).trim()

interface Cluster {
  name: string
  cluster: { server: string; 'insecure-skip-tls-verify'?: boolean }
}

function writeKubeconfig(path: string, cluster: Cluster, user: { token?: string }): void {
  writeFileSync(
    path,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [cluster],
      users: [{ name: 'reader', user }],
      contexts: [{ name: 'reader', context: { cluster: cluster.name, user: 'reader' } }],
      'current-context': 'reader',
    }),
    { mode: 0o600 },
  )
}

/** A kubeconfig that holds nothing but the reader's token. */
async function writeReaderKubeconfig(): Promise<void> {
  const { clusters } = parse(await kubectl(['config', 'view', '--raw', '--minify'])) as {
    clusters: { name: string; cluster: { server: string } }[]
  }
  writeKubeconfig(kubeconfig, clusters[0]!, { token: await tokenOf(NAME) })
}

/** Routes in the mesh and through a gateway, so that describe has something to read. */
const ROUTES = `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: catalog }
spec:
  selector: { istio: ingressgateway }
  servers: [{ port: { number: 80, name: http, protocol: HTTP }, hosts: [${NAME}.example.com] }]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: catalog }
spec:
  hosts: [${NAME}.example.com, catalog]
  gateways: [catalog, mesh]
  http: [{ route: [{ destination: { host: catalog } }] }]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: catalog }
spec: { host: catalog, trafficPolicy: { connectionPool: { tcp: { connectTimeout: 5s } } } }
`

beforeAll(async () => {
  await kubectl(['create', 'namespace', NAME])
  await kubectl(['label', 'namespace', NAME, 'istio-injection=enabled'])
  await apply(reader())
  const workload = ['catalog', 'service']
    .map((name) => readFileSync(join(SCENARIOS, 'manifests', `${name}.yaml`), 'utf8').replaceAll('$IMAGE', IMAGE))
    .join('\n---\n')
  await kubectl(['-n', NAME, 'apply', '-f', '-'], `${workload}\n---\n${ROUTES}`)
  await kubectl(['-n', NAME, 'wait', '--for=condition=Ready', 'pod', '-l', 'app=catalog', '--timeout=120s'])
  await writeReaderKubeconfig()
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

/** What Kubernetes lets everybody do who has a name: read what the API server serves, and ask what they may do. */
const EVERYBODY = ['system:discovery', 'system:basic-user', 'system:public-info-viewer']
interface RuleForAll extends Partial<Rule> {
  verbs: string[]
  nonResourceURLs?: string[]
}

async function allowedToAll(): Promise<(asks: RequestAttributes) => boolean> {
  const { items } = JSON.parse(await kubectl(['get', 'clusterrole', ...EVERYBODY, '-o', 'json'])) as {
    items: { rules: RuleForAll[] }[]
  }
  const rules = items.flatMap((role) => role.rules)
  return (asks) =>
    rules.some(({ verbs, nonResourceURLs = [], apiGroups = [], resources = [] }) =>
      !verbs.includes(asks.verb)
        ? false
        : 'path' in asks
          ? nonResourceURLs.some((url) =>
              url.endsWith('/*') ? asks.path.startsWith(url.slice(0, -1)) : asks.path === url,
            )
          : apiGroups.includes(asks.group) && resources.includes(asks.resource),
    )
}

const isDeclined = (verb: string): boolean => DECLINED.some((one) => one === verb)
const textOf = (asks: RequestAttributes): string =>
  'path' in asks
    ? `${asks.verb} ${asks.path}`
    : `${asks.verb} ${asks.resource}${asks.group === '' ? '' : `.${asks.group}`}${isNamed(asks) ? ` ${asks.name ?? ''} in ${asks.namespace ?? ''}` : ''}`
/** Whether a permission is of one object alone. */
const isNamed = ({ resource }: Permission): boolean => resource === 'serviceaccounts/token'
/** Whether the table grants it. What istioctl watches it lists too. */
const covers = (table: readonly Ask[], asks: Permission): boolean =>
  table.some(
    ({ verb, group, resource, namespace, name }) =>
      (verb === asks.verb || (isDeclined(asks.verb) && verb === 'list')) &&
      group === asks.group &&
      resource === asks.resource &&
      (namespace === undefined || namespace === asks.namespace) &&
      (name === undefined || name === asks.name),
  )

it('nothing is asked for that the table of permissions does not name for who asks, and nothing of it is refused', async () => {
  const proxy = await startRecordingProxy(await tokenOf(NAME))
  try {
    const path = join(folder, 'recorded')
    writeKubeconfig(path, { name: 'recorded', cluster: { server: proxy.url, 'insecure-skip-tls-verify': true } }, {})
    const clients = openClients({ kubeconfig: path, istioctl: process.env.ISTIOCTL }, new AbortController())
    const signal = AbortSignal.timeout(150_000)
    const forAll = await allowedToAll()
    const wrong = new Set<string>()
    const seen = new Map<Asker, number>()
    const compare = (asker: Asker, asked: readonly Asked[]): void => {
      seen.set(asker, (seen.get(asker) ?? 0) + asked.length)
      for (const { asks, status, refusal = '' } of asked) {
        if (status === 403 && !isDeclined(asks.verb)) wrong.add(`${asker} was refused: ${textOf(asks)}`)
        // The API server's own words tell whether requests are read here as it reads them.
        const said = missingPermission(refusal)
        if (said !== undefined && !('path' in asks)) expect(asks).toMatchObject(said)
        if (!forAll(asks) && ('path' in asks || !covers(ASKED[asker], asks)))
          wrong.add(`${asker} asked for what its table lacks: ${textOf(asks)}`)
      }
    }

    const report = await examine(parseTarget('catalog', NAME), clients, CHECKS, { signal, descriptions: true })
    const failed = (await testCluster(clients, signal)).filter(({ ok }) => !ok)
    const all = proxy.taken()
    const isIstioctl = ({ userAgent }: Asked): boolean => userAgent.startsWith('istioctl')
    compare(
      'mesh-medic',
      all.filter((one) => !isIstioctl(one)),
    )
    expect(all.some(isIstioctl)).toBe(true)
    expect(report.readings.filter(({ ok }) => !ok)).toEqual([])
    expect(failed).toEqual([])

    const [pod] = report.target.pods
    const file = join(folder, 'would-be.yaml')
    writeFileSync(file, ROUTES)
    const typed = report.plan.flatMap(({ command }) =>
      command.startsWith('istioctl ') ? [command.split(' ').slice(1)] : [],
    )
    const commands = [
      ...typed,
      ['analyze', '-n', NAME, file, '-o', 'json'],
      ['proxy-config', 'log', `${pod?.name ?? ''}.${NAME}`],
      ['version', '-o', 'json'],
    ]
    for (const args of commands) {
      const asker = ASKERS.find((one) => one === `istioctl ${args[0] === 'experimental' ? args[1]! : args[0]!}`)
      if (asker === undefined) throw new Error(`no table says what istioctl ${args.join(' ')} asks for`)
      await clients.istioctl.run(args, signal)
      compare(asker, proxy.taken())
    }
    expect([...wrong]).toEqual([])
    for (const asker of ASKERS) expect(seen.get(asker) ?? 0, asker).toBeGreaterThan(0)
  } finally {
    await proxy.close()
  }
})

/** What is taken away; what is then not read; what the verdict can be without it. */
const MISSING: [string, { rule: string; unread: readonly string[]; verdict: Report['verdict'] }][] = [
  [
    '/pods/portforward',
    {
      rule: '{apiGroups: [""], resources: ["pods/portforward"], verbs: ["create"]}',
      unread: ['clusters', 'endpoints', 'listeners', 'proxy-status', 'routes', 'secrets'],
      verdict: 'unclear',
    },
  ],
  [
    'networking.istio.io/virtualservices',
    {
      rule: '{apiGroups: ["networking.istio.io"], resources: ["virtualservices"], verbs: ["list"]}',
      unread: ['analyzer-messages', 'virtual-services'],
      verdict: 'unclear',
    },
  ],
  [
    'admissionregistration.k8s.io/mutatingwebhookconfigurations',
    {
      rule: '{apiGroups: ["admissionregistration.k8s.io"], resources: ["mutatingwebhookconfigurations"], verbs: ["list"]}',
      unread: ['analyzer-messages', 'proxy-status'],
      verdict: 'unclear',
    },
  ],
  [
    '/nodes',
    {
      rule: '{apiGroups: [""], resources: ["nodes"], verbs: ["list"]}',
      unread: ['analyzer-messages'],
      verdict: 'healthy',
    },
  ],
  [
    'gateway.networking.k8s.io/httproutes',
    {
      rule: '{apiGroups: ["gateway.networking.k8s.io"], resources: ["httproutes"], verbs: ["list"]}',
      unread: ['analyzer-messages', 'http-routes'],
      verdict: 'unclear',
    },
  ],
  [
    'gateway.networking.k8s.io/grpcroutes',
    {
      rule: '{apiGroups: ["gateway.networking.k8s.io"], resources: ["grpcroutes"], verbs: ["list"]}',
      unread: ['analyzer-messages', 'grpc-routes'],
      verdict: 'unclear',
    },
  ],
  [
    'gateway.networking.k8s.io/referencegrants',
    {
      rule: '{apiGroups: ["gateway.networking.k8s.io"], resources: ["referencegrants"], verbs: ["list"]}',
      unread: ['reference-grants'],
      verdict: 'unclear',
    },
  ],
]

it.each(MISSING)(
  'without %s no more than what it serves is unread, and the report says which rule is missing',
  async (taken, { rule, unread, verdict }) => {
    if (taken.startsWith('gateway.networking.k8s.io/'))
      await kubectl(['get', 'customresourcedefinition', 'httproutes.gateway.networking.k8s.io'])
    await grantAllBut(taken)
    try {
      // The API server takes a moment to hear of it.
      let report: Report | undefined
      await until('the rule to be gone', 15, async () => (({ report } = await diagnose()), report.skipped.length > 0))
      expect(report?.verdict).toBe(verdict)
      expect([...new Set(report?.readings.flatMap(({ ok, kind }) => (ok ? [] : [kind])))].sort()).toEqual(unread)
      expect(missingRules(report!)).toEqual([rule])
    } finally {
      await grantAllBut()
      // The API server takes a moment to hear of this too.
      await until('the rule to be back', 15, async () => (await diagnose()).report.skipped.length === 0)
    }
  },
)
