import { describe, expect, it } from 'vitest'
import { Evidence } from '../../src/evidence/evidence.ts'
import { clusterDomainOf } from '../../src/mesh/cluster-domain.ts'
import { hostOfService } from '../../src/mesh/host.ts'
import type { Container, Pod } from '../../src/mesh/objects.ts'
import { hostsOf } from '../../src/mesh/routing.ts'
import { trustDomainOf } from '../../src/mesh/trust-domain.ts'

const pod = (...containers: Container[]): Pod => ({ kind: 'Pod', metadata: { name: 'pod' }, spec: { containers } })
const sidecar = {
  name: 'istio-proxy',
  args: ['proxy', 'sidecar', '--domain', '$(POD_NAMESPACE).svc.mesh.example', '--log_as_json'],
}

describe('the domain of Services', () => {
  it.each<[string, Container[], string | undefined]>([
    ['what istiod was told', [{ name: 'discovery', args: ['discovery', '--domain', 'mesh.example'] }], 'mesh.example'],
    ['what istiod was told, in one argument', [{ name: 'discovery', args: ['--domain=mesh.example'] }], 'mesh.example'],
    ['what a sidecar was told', [sidecar], 'mesh.example'],
    [
      "istiod's, when both say one",
      [sidecar, { name: 'discovery', args: ['--domain', 'cluster.local'] }],
      'cluster.local',
    ],
    ['not what an application was told', [{ name: 'catalog', args: ['--domain', 'shop.example.com'] }], undefined],
    [
      'unknown when nobody was told',
      [
        { name: 'discovery', args: ['discovery'] },
        { name: 'istio-proxy', args: ['--domain'] },
      ],
      undefined,
    ],
  ])('is %s', (_, containers, domain) => {
    expect(clusterDomainOf(containers.map((one) => pod(one)))).toBe(domain)
  })

  it('is known to the objects of the evidence, and not written with them', () => {
    const about = { source: '', at: '', ok: true } as const
    const service = { kind: 'Service', metadata: { name: 'catalog', namespace: 'shop' } }
    const virtualService = {
      kind: 'VirtualService',
      metadata: { name: 'catalog', namespace: 'shop' },
      spec: { hosts: ['catalog', 'catalog.example.com'] },
    }
    const evidence = new Evidence([
      { ...about, kind: 'pods', value: [pod(), { ...pod(), spec: { containers: [], initContainers: [sidecar] } }] },
      { ...about, kind: 'services', value: [service] },
      { ...about, kind: 'virtual-services', value: [virtualService] },
    ])
    expect(evidence.clusterDomain).toBe('mesh.example')
    expect(evidence.objects('services').map(hostOfService)).toEqual(['catalog.shop.svc.mesh.example'])
    expect(evidence.objects('virtual-services').map(hostsOf)).toEqual([
      ['catalog.shop.svc.mesh.example', 'catalog.example.com'],
    ])
    expect(JSON.parse(JSON.stringify(evidence.objects('services')))).toEqual([service])
  })
})

it('is not the trust domain', () => {
  const config = (mesh: string) => ({ kind: 'ConfigMap', metadata: { name: 'istio' }, data: { mesh } })
  expect(trustDomainOf(config('trustDomain: shop.example'))).toBe('shop.example')
  for (const none of [undefined, config(''), config('{}'), config('[unreadable')])
    expect(trustDomainOf(none)).toBe('cluster.local')
})
