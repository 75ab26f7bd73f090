import { describe, expect, it } from 'vitest'
import { findTarget, type TargetHelp } from '../../src/alerts/find-target.ts'
import { alertWith, sourceOfRule } from './payload.ts'

const found = (labels: Record<string, string>, help: TargetHelp = {}) =>
  findTarget(alertWith(labels), 'team-shop', help)
const target = (labels: Record<string, string>, help?: TargetHelp) => {
  const { text, namespace, rank } = found(labels, help).target ?? {}
  return [text, namespace, rank].filter((one) => one !== undefined).join(' ')
}

describe('rank 1: what is said outright', () => {
  const mapping = [
    { alertname: 'CheckoutSlow', target: 'checkout.{{namespace}}' },
    { receiver: 'team-shop', labels: { kind: 'web' }, target: 'deploy/web.shop' },
  ]
  it('mesh_target, before everything else', () => {
    expect(
      target({ mesh_target: 'deploy/web.shop', destination_service: 'catalog.shop.svc.cluster.local' }, { mapping }),
    ).toBe('deploy/web.shop 1')
  })
  it('as an annotation too', () => {
    expect(findTarget(alertWith({}, { annotations: { mesh_target: 'web.shop' } }), '').target?.text).toBe('web.shop')
  })
  it('a mapping with a template', () => {
    expect(target({ alertname: 'CheckoutSlow', namespace: 'shop' }, { mapping })).toBe('checkout.shop 1')
  })
  it('a mapping whose label is missing is not used, and that is said', () => {
    const { target: none, tried } = found({ alertname: 'CheckoutSlow' }, { mapping })
    expect(none).toBeUndefined()
    expect(tried[0]).toMatchObject({ rank: 1, why: 'the mapping to checkout.{{namespace}} needs the label namespace' })
  })
  it('all of a mapping must fit', () => {
    expect(target({ kind: 'web' }, { mapping })).toBe('deploy/web.shop 1')
    expect(target({ kind: 'job' }, { mapping })).toBe('')
  })
})

describe("rank 2: Istio's labels", () => {
  it('a host of a Service, of whatever domain', () => {
    expect(target({ destination_service: 'catalog.shop.svc.mesh.example' })).toBe('catalog.shop 2')
  })
  it('another host', () => {
    expect(target({ destination_service: 'api.example.com' })).toBe('api.example.com 2')
  })
  it('name and namespace; workload and namespace; canonical service', () => {
    expect(target({ destination_service_name: 'catalog', destination_service_namespace: 'shop' })).toBe(
      'catalog.shop 2',
    )
    expect(target({ destination_workload: 'catalog-v2', destination_workload_namespace: 'shop' })).toBe(
      'deploy/catalog-v2.shop 2',
    )
    expect(target({ destination_canonical_service: 'catalog', destination_workload_namespace: 'shop' })).toBe(
      'catalog.shop 2',
    )
  })
  it('what Istio does not know is no target', () => {
    expect(
      target({
        destination_service: 'unknown',
        destination_service_name: 'PassthroughCluster',
        destination_service_namespace: 'unknown',
      }),
    ).toBe('')
  })
  it('its caller and its symptom', () => {
    expect(
      found({
        destination_service: 'catalog.shop.svc.cluster.local',
        source_workload: 'web',
        source_workload_namespace: 'front',
        response_flags: 'UH',
        response_code: '503',
        reporter: 'source',
      }),
    ).toMatchObject({
      target: { caller: 'web.front' },
      symptom: { flags: ['UH'], codes: ['503'] },
    })
  })
  it('before the labels of kube-prometheus, which may be the scraped proxy', () => {
    expect(
      target({
        destination_service: 'catalog.shop.svc.cluster.local',
        namespace: 'front',
        pod: 'web-5d8f9c7b6d-x2v4k',
      }),
    ).toBe('catalog.shop 2')
  })
})

describe('rank 3: kube-prometheus', () => {
  it('a pod of a Deployment is its Deployment; any other pod is itself', () => {
    expect(found({ namespace: 'shop', pod: 'catalog-5d8f9c7b6d-x2v4k' }).target).toMatchObject({
      text: 'deploy/catalog.shop',
      pod: 'catalog-5d8f9c7b6d-x2v4k',
    })
    expect(target({ namespace: 'shop', pod: 'db-0' })).toBe('pod/db-0 shop 3')
  })
  it('a workload before a pod', () => {
    expect(
      target({
        namespace: 'shop',
        deployment: 'catalog',
        pod: 'kube-state-metrics-7d9f8c5b4d-abcde',
        job: 'kube-state-metrics',
      }),
    ).toBe('deploy/catalog.shop 3')
    expect(target({ namespace: 'shop', statefulset: 'db' })).toBe('db.shop 3')
    expect(target({ namespace: 'shop', horizontalpodautoscaler: 'catalog' })).toBe('deploy/catalog.shop 3')
  })
  it('exported labels are the true ones: namespace and pod are the exporter', () => {
    expect(
      found({
        job: 'kube-state-metrics',
        namespace: 'monitoring',
        pod: 'kube-state-metrics-7d9f8c5b4d-bbcdf',
        exported_namespace: 'shop',
        exported_pod: 'catalog-5d8f9c7b6d-x2v4k',
      }).target,
    ).toMatchObject({ text: 'deploy/catalog.shop', pod: 'catalog-5d8f9c7b6d-x2v4k' })
    expect(target({ namespace: 'monitoring', pod: 'kube-state-metrics-0', exported_namespace: 'shop' })).toBe('')
  })
  it("an exporter's own pod is no target", () => {
    expect(target({ job: 'kube-state-metrics', namespace: 'monitoring', pod: 'kube-state-metrics-0' })).toBe('')
  })
})

it("rank 4: a Service, unless it is the exporter's", () => {
  expect(target({ service: 'catalog', namespace: 'shop', job: 'catalog' })).toBe('catalog.shop 4')
  expect(target({ service: 'kube-state-metrics', namespace: 'monitoring', job: 'kube-state-metrics' })).toBe('')
  expect(
    target({
      exported_service: 'catalog',
      exported_namespace: 'shop',
      service: 'kube-state-metrics',
      namespace: 'monitoring',
      job: 'kube-state-metrics',
    }),
  ).toBe('catalog.shop 4')
})

it("rank 5: Envoy's clusters, also with semicolons; a cluster of Kubernetes is none", () => {
  expect(found({ cluster_name: 'outbound|80|v2|catalog.shop.svc.cluster.local' }).target).toMatchObject({
    text: 'catalog.shop:80',
    subset: 'v2',
    rank: 5,
  })
  expect(target({ envoy_cluster_name: 'outbound;80;;catalog.shop.svc.cluster.local;' })).toBe('catalog.shop:80 5')
  expect(target({ cluster_name: 'eks-production' })).toBe('')
  expect(target({ cluster_name: 'inbound|3000||' })).toBe('')
  expect(target({ cluster: 'outbound|80|v2|catalog.shop.svc.cluster.local' })).toBe('catalog.shop:80 5')
  expect(target({ cluster: 'production' })).toBe('')
})

it('rank 6: a probed URL, without its query', () => {
  expect(target({ instance: 'https://shop.example.com/items?token=secret' })).toBe('https://shop.example.com/items 6')
  expect(target({ instance: '10.0.0.7:9090' })).toBe('')
})

describe('rank 7: objectives', () => {
  const rules = [
    {
      name: 'slo:sli_error:ratio_rate5m',
      query:
        'sum(rate(istio_requests_total{destination_service_name="catalog",destination_service_namespace="shop",response_code=~"5.."}[5m]))',
      labels: { sloth_id: 'shop-catalog-availability' },
    },
    {
      name: 'other',
      query: 'x{destination_service_name="web",destination_service_namespace="shop"}',
      labels: { sloth_id: 'other' },
    },
  ]
  const labels = {
    sloth_id: 'shop-catalog-availability',
    sloth_service: 'catalog',
    sloth_slo: 'availability',
    sloth_severity: 'page',
  }
  it('of sloth, by the rules with its id', () => {
    expect(target(labels, { rules })).toBe('catalog.shop 7')
  })
  it('without rules it is said that they were not read', () => {
    expect(found(labels).tried.find(({ rank }) => rank === 7)?.why).toContain('needs the rules of a Prometheus')
  })
  it('of pyrra, whose alerts keep the matchers of the indicator', () => {
    expect(
      target({
        slo: 'catalog-errors',
        severity: 'critical',
        exhaustion: '2d',
        destination_service_name: 'catalog',
        destination_service_namespace: 'shop',
      }),
    ).toBe('catalog.shop 2')
    expect(
      target(
        { slo: 'catalog-errors' },
        {
          rules: [
            {
              name: 'a',
              labels: { slo: 'catalog-errors' },
              query: 'x{destination_workload="catalog",destination_workload_namespace="shop"}',
            },
          ],
        },
      ),
    ).toBe('deploy/catalog.shop 7')
  })
})

describe('rank 8: the expression, where the labels were summed away', () => {
  const of = (expression: string) =>
    findTarget(
      alertWith({ alertname: 'CatalogErrors', severity: 'page' }, { generatorUrl: sourceOfRule(expression) }),
      '',
    )
  it('a hand-written rule without `by`', () => {
    expect(
      of(
        'sum(rate(istio_requests_total{destination_service_name="catalog",destination_service_namespace="shop",response_code=~"5..",reporter="source"}[5m])) / sum(rate(istio_requests_total{destination_service_name="catalog",destination_service_namespace="shop"}[5m])) > 0.05',
      ),
    ).toMatchObject({
      target: { text: 'catalog.shop', rank: 8 },
      symptom: { codes: ['5..'] },
    })
  })
  it('one that reads several says so', () => {
    expect(
      of(
        'a{destination_service="x.shop.svc.cluster.local"} + a{destination_service="y.shop.svc.cluster.local"}',
      ).tried.at(-1)?.why,
    ).toContain('reads several: destination_service x.shop.svc.cluster.local and y.shop.svc.cluster.local')
  })
  it('flags of the expression', () => {
    expect(of('x{destination_service="x.shop.svc.cluster.local",response_flags=~"UH|UF"}').symptom.flags).toEqual([
      'UF',
      'UH',
    ])
  })
})

describe('hostile labels', () => {
  it.each(['--all; rm -rf /', '<!channel>.shop', '$(id).shop', 'Catalog.shop', '../../etc.shop', 'x'.repeat(5000)])(
    '%s is no target',
    (value) => {
      const { target: none, tried } = found({ destination_service: value, mesh_target: value })
      expect(none).toBeUndefined()
      expect(tried).toHaveLength(8)
    },
  )
  it('names of every object', () => {
    expect(
      found(JSON.parse('{"__proto__": "x", "constructor": "y", "toString": "z"}') as Record<string, string>).target,
    ).toBeUndefined()
  })
})

it('what was tried is in the order of the ranks, each with why', () => {
  expect(found({ alertname: 'Watchdog', severity: 'none' }).tried.map(({ rank, why }) => [rank, why])).toEqual([
    [1, 'none is configured'],
    [2, 'no such label'],
    [3, 'no namespace'],
    [4, 'no service with a namespace'],
    [5, 'no such label'],
    [6, 'no such label'],
    [7, 'no such label'],
    [8, 'no generatorURL'],
  ])
})
