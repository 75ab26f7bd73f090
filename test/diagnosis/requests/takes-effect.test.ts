import { describe, expect, it } from 'vitest'
import { blamedIn } from '../blame/blamed.ts'

const HOST = 'catalog.istioinaction.io'

/** A route that asks for a header, changed three seconds before the look; requests of which no log tells the headers were answered at some moment. */
const answeredAt = async (at: string): Promise<string[]> => {
  const { followed } = await blamedIn({
    name: 'a route that asks for a header',
    from: 'unbound-virtual-service/mended',
    changes: [
      {
        kind: 'routes',
        of: 'Pod istio-system/istio-ingressgateway-*',
        merge: {
          name: 'http.8080',
          into: {
            virtualHosts: [
              {
                name: `${HOST}:80`,
                domains: [HOST],
                routes: [
                  {
                    match: { prefix: '/', headers: [{ name: 'x-user', stringMatch: { exact: 'tester' } }] },
                    route: { cluster: 'outbound|80||catalog.istioinaction.svc.cluster.local', timeout: '0s' },
                  },
                ],
              },
            ],
          },
        },
      },
      {
        kind: 'virtual-services',
        merge: {
          name: 'istioinaction/catalog',
          into: { metadata: { managedFields: [{ manager: 'kubectl', operation: 'Update', time: '@-3s' }] } },
        },
      },
      {
        kind: 'access-log',
        of: 'Pod istio-system/istio-ingressgateway-*',
        lines: { where: { authority: HOST }, into: { at, code: 200, flags: [], details: 'via_upstream' } },
      },
    ],
  })
  return followed
    .filter(({ requests: { caller } }) => caller?.kind === 'ingress')
    .map(({ outcome, isDoubtful }) => `${outcome}${isDoubtful === true ? ', doubtful' : ''}`)
}

describe('a route that lately asks for a header', () => {
  it('is contradicted by requests that are answered since', async () => {
    expect(await answeredAt('@-0s')).toEqual(['contradicted'])
  })

  it('is not by those of the second in which it was changed: the target is not healthy', async () => {
    expect(await answeredAt('@-2s')).toEqual(['unknown, doubtful'])
  })
})
