import { expect, it } from 'vitest'
import { testCluster, type SelfTestItem } from '../../src/diagnosis/self-test.ts'
import { selfTestText } from '../../src/report/self-test-text.ts'
import { UnseenError, type Clients } from '../../src/evidence/clients/clients.ts'
import { PERMISSIONS } from '../../src/evidence/permissions.ts'
import type { Permission } from '../../src/evidence/reading.ts'

interface Cluster {
  denied?: (permission: Permission) => boolean
  own?: string
  mesh?: string[]
  series?: number
  prometheus?: boolean
  istioctl?: () => Promise<string>
}

function clients({
  denied = () => false,
  own = '1.31.0',
  mesh = ['1.31.0'],
  series = 4,
  prometheus = true,
  istioctl,
}: Cluster): Clients {
  const versions = (args: readonly string[]): Promise<string> =>
    Promise.resolve(
      JSON.stringify({
        clientVersion: { version: own },
        ...(!args.includes('--remote=false') && { meshVersion: mesh.map((version) => ({ Info: { version } })) }),
      }),
    )
  return {
    kubernetes: {
      version: () => Promise.resolve('v1.34.4'),
      allowed: (permission) => Promise.resolve(!denied(permission)),
      list: () => Promise.resolve([]),
      log: () => Promise.resolve(''),
    },
    istioctl: { run: istioctl ?? versions },
    ...(prometheus && {
      prometheus: { query: () => Promise.resolve(series === 0 ? [] : [{ metric: {}, value: series }]) },
    }),
    now: () => new Date(),
  }
}
const items = (cluster: Cluster): Promise<SelfTestItem[]> => testCluster(clients(cluster), new AbortController().signal)
const failures = async (cluster: Cluster): Promise<SelfTestItem[]> => (await items(cluster)).filter(({ ok }) => !ok)

it('asks for every permission, and is content when all is there', async () => {
  const found = await items({})
  expect(found.filter(({ ok }) => !ok)).toEqual([])
  expect(found).toHaveLength(PERMISSIONS.length + 4)
  expect(selfTestText(found)).toContain('Everything needed is there.')
})

it('a permission that is missing: which rule to add, and where', async () => {
  expect(
    await failures({
      denied: ({ verb, resource }) =>
        (resource === 'virtualservices' && verb === 'list') || resource === 'serviceaccounts/token',
    }),
  ).toMatchObject([
    {
      name: 'list virtualservices.networking.istio.io',
      remedy: `Add to the reader's ClusterRole: {apiGroups: ["networking.istio.io"], resources: ["virtualservices"], verbs: ["list"]}`,
    },
    {
      name: 'create serviceaccounts/token default in istio-system',
      remedy: `Add to the reader's Role in istio-system: {apiGroups: [""], resources: ["serviceaccounts/token"], resourceNames: ["default"], verbs: ["create"]}`,
    },
  ])
})

it.each([
  [
    'istioctl without proxy-status -o json',
    { own: '1.26.1', mesh: ['1.26.0'] },
    [{ name: 'istioctl', says: expect.stringContaining('1.27') as unknown }],
  ],
  [
    'more than one minor version apart',
    { own: '1.31.0', mesh: ['1.29.2'] },
    [{ name: 'control plane', says: '1.29.2 is more than one minor version from istioctl 1.31.0' }],
  ],
  ['no istiod', { mesh: [] }, [{ name: 'control plane', says: 'no istiod answered' }]],
  [
    'no istioctl',
    { istioctl: () => Promise.reject(new UnseenError('unavailable', 'istioctl was not found')) },
    [{ name: 'istioctl', says: 'istioctl was not found', remedy: expect.stringContaining('ISTIOCTL') as unknown }],
  ],
  [
    'Prometheus without the series',
    { series: 0 },
    [{ name: 'Prometheus', says: 'answers, but has no istio_requests_total' }],
  ],
] as [string, Cluster, object[]][])('%s fails with a remedy', async (_, cluster, expected) => {
  const found = await failures(cluster)
  expect(found).toMatchObject(expected)
  expect(found.every(({ remedy = '' }) => remedy !== '')).toBe(true)
})

it('one minor version apart is fine, and so is no Prometheus', async () => {
  expect(await failures({ own: '1.31.0', mesh: ['1.30.3'], prometheus: false })).toEqual([])
})

it('asks the istiod that runs in another namespace', async () => {
  const here = clients({})
  const found = await testCluster(
    {
      ...here,
      kubernetes: {
        ...here.kubernetes,
        list: ({ plural }) =>
          Promise.resolve(
            plural === 'pods'
              ? [{ kind: 'Pod', metadata: { namespace: 'mesh-system', name: 'istiod-1', labels: { app: 'istiod' } } }]
              : [],
          ),
      },
      istioctl: {
        run: (args, signal) =>
          args.includes('--remote=false') || args.join(' ').endsWith('--istioNamespace mesh-system')
            ? here.istioctl.run(args, signal)
            : Promise.resolve('{"clientVersion":{"version":"1.31.0"}}'),
      },
    },
    new AbortController().signal,
  )
  expect(found.find(({ name }) => name === 'control plane')).toMatchObject({ ok: true, says: '1.31.0' })
})
