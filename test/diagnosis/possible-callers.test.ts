import { describe, expect, it } from 'vitest'
import { planCallerLogs } from '../../src/diagnosis/plan-callers.ts'
import { possibleCallers } from '../../src/diagnosis/possible-callers.ts'
import { edited } from './requests/edited.ts'

const proxy = (namespace: string) => ({ name: `client-${namespace}`, namespace, types: [] })
const metadata = (namespace: string) => ({ name: 'catalog', namespace })
const HOST = 'catalog.istioinaction.svc.cluster.local'

/** The namespaces of possible callers of the target, best first, in a mesh of these with objects of some. */
async function ranked(namespaces: readonly string[], objects: Record<string, readonly unknown[]> = {}) {
  const { evidence, target } = await edited('chapter-10/mended', {
    objects: { 'proxy-status': namespaces.map(proxy), ...objects },
  })
  return possibleCallers(target, evidence).map(({ namespace }) => namespace)
}

describe('possible callers', () => {
  it("begin with the target's own namespace, then those whose names begin as its does", async () => {
    expect(await ranked(['alpha', 'beta', 'istioinaction-web', 'istioinaction'])).toEqual([
      'istioinaction',
      'istioinaction-web',
      'alpha',
      'beta',
    ])
  })

  it.each<[string, Record<string, readonly unknown[]>]>([
    [
      'has a rule of its own for the target',
      { 'destination-rules': [{ metadata: metadata('zoo'), spec: { host: HOST } }] },
    ],
    [
      'has a Sidecar that lists it',
      { sidecars: [{ metadata: metadata('zoo'), spec: { egress: [{ hosts: [`*/${HOST}`] }] } }] },
    ],
    [
      'is named by a policy of the target',
      {
        'authorization-policies': [
          {
            metadata: metadata('istioinaction'),
            spec: { rules: [{ from: [{ source: { namespaces: ['far', 'zoo'] } }] }] },
          },
        ],
      },
    ],
    [
      'is the namespace of an identity that a policy of the target names',
      {
        'authorization-policies': [
          {
            metadata: metadata('istioinaction'),
            spec: { rules: [{ from: [{ source: { principals: ['cluster.local/ns/zoo/sa/web'] } }] }] },
          },
        ],
      },
    ],
    ['has a caller by what Prometheus counted', { 'traffic-callers': [{ workload: 'client', namespace: 'zoo' }] }],
  ])('a namespace that %s comes before others', async (_, objects) => {
    expect(await ranked(['alpha', 'beta', 'istio-web', 'zoo'], objects)).toEqual(['zoo', 'istio-web', 'alpha', 'beta'])
  })

  it('what lists other hosts singles nobody out', async () => {
    const sidecars = [{ metadata: metadata('zoo'), spec: { egress: [{ hosts: ['*/other.far.svc.cluster.local'] }] } }]
    expect(await ranked(['alpha', 'zoo'], { sidecars })).toEqual(['alpha', 'zoo'])
  })
})

describe('the logs of possible callers', () => {
  const pod = (namespace: string) => ({
    metadata: {
      name: `client-${namespace}`,
      namespace,
      ownerReferences: [{ kind: 'ReplicaSet', name: 'client-6944bc95b5' }],
    },
    spec: { containers: [{ name: 'istio-proxy' }] },
    status: { phase: 'Running', containerStatuses: [{ name: 'istio-proxy', ready: true, state: { running: {} } }] },
  })

  async function logged(namespaces: readonly string[]) {
    const { evidence, target } = await edited('chapter-10/mended', {
      objects: { 'proxy-status': namespaces.map(proxy), pods: namespaces.map(pod) },
    })
    return planCallerLogs(target, evidence).map(({ of }) => of?.namespace)
  }

  it('are read in every namespace, whatever the same chart calls its ReplicaSets there', async () => {
    expect(await logged(['alpha', 'beta'])).toEqual(['alpha', 'beta'])
  })

  it('are read of the likeliest callers when there are too many', async () => {
    const many = Array.from({ length: 20 }, (_, index) => `a${String(index).padStart(2, '0')}`)
    expect((await logged([...many, 'istioinaction-web']))[0]).toBe('istioinaction-web')
  })
})
