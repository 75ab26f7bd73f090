import { describe, expect, it } from 'vitest'
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
  ])('a namespace that %s comes before others', async (_, objects) => {
    expect(await ranked(['alpha', 'beta', 'istio-web', 'zoo'], objects)).toEqual(['zoo', 'istio-web', 'alpha', 'beta'])
  })

  it('what lists other hosts singles nobody out', async () => {
    const sidecars = [{ metadata: metadata('zoo'), spec: { egress: [{ hosts: ['*/other.far.svc.cluster.local'] }] } }]
    expect(await ranked(['alpha', 'zoo'], { sidecars })).toEqual(['alpha', 'zoo'])
  })
})
