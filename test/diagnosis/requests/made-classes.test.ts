import { describe, expect, it } from 'vitest'
import { seenClasses } from '../../../src/diagnosis/requests/classes.ts'
import { madeClasses } from '../../../src/diagnosis/requests/made-classes.ts'
import { edited } from './edited.ts'

const FROM = 'unbound-virtual-service/mended'

const GATEWAY = {
  metadata: { name: 'catalog-gateway', namespace: 'istioinaction' },
  spec: {
    selector: { istio: 'ingressgateway' },
    servers: [{ hosts: ['*'], port: { name: 'http', number: 80, protocol: 'HTTP' } }],
  },
}

interface Route {
  match?: object[]
}
const virtualService = (http: Route[], spec: object = {}): object => ({
  metadata: { name: 'catalog', namespace: 'istioinaction' },
  spec: {
    hosts: ['catalog.istioinaction.io'],
    gateways: ['catalog-gateway'],
    http: http.map((one) => ({
      ...one,
      route: [{ destination: { host: 'catalog.istioinaction.svc.cluster.local' } }],
    })),
    ...spec,
  },
})

async function made(options: Parameters<typeof edited>[1]): Promise<string[]> {
  const { evidence, target } = await edited(FROM, { log: () => [], ...options })
  return madeClasses(target, seenClasses(target, evidence).classes, evidence).map(
    ({ caller, question: { method, host, port, path, headers } }) =>
      `${caller?.kind ?? ''} ${method} ${host}${port === undefined ? '' : `:${port}`}${path}${[...headers]
        .map(([name, value]) => ` ${name}=${value}`)
        .join('')}`,
  )
}

const SIDECAR = 'sidecar GET catalog.istioinaction.svc.cluster.local:80/'

describe('requests that nobody was seen to make', () => {
  it.each<[string, object[], string[]]>([
    ['one for a route without a match', [virtualService([{}])], ['ingress GET catalog.istioinaction.io/']],
    [
      'one for each route, as its first match takes it',
      [
        virtualService([
          { match: [{ uri: { exact: '/items' } }, { uri: { prefix: '/v2' } }] },
          { match: [{ uri: { prefix: '/admin' }, method: { exact: 'PUT' } }] },
          {},
        ]),
      ],
      [
        'ingress GET catalog.istioinaction.io/items',
        'ingress PUT catalog.istioinaction.io/admin',
        'ingress GET catalog.istioinaction.io/',
      ],
    ],
    [
      'with the headers that a route asks for',
      [virtualService([{ match: [{ headers: { 'x-tenant': { exact: 'gold' } } }] }])],
      ['ingress GET catalog.istioinaction.io/ x-tenant=gold'],
    ],
    [
      'none made up for a regular expression',
      [virtualService([{ match: [{ uri: { regex: '/items/[0-9]+' } }] }, { match: [{ uri: { prefix: '/items' } }] }])],
      ['ingress GET catalog.istioinaction.io/items'],
    ],
    ['none for a host with a star', [virtualService([{}], { hosts: ['*.istioinaction.io'] })], []],
  ])('are %s', async (_, virtualServices, expected) => {
    const requests = await made({ objects: { 'virtual-services': virtualServices, gateways: [GATEWAY] } })
    expect(requests.filter((one) => !one.startsWith('sidecar'))).toEqual(expected)
  })

  it('are none for a host that was seen at a gateway, and one for each port between sidecars', async () => {
    expect(await made({ log: (lines) => lines.slice(-3) })).toEqual([SIDECAR])
  })

  it('are those of the rules of an HTTPRoute', async () => {
    expect(
      await made({
        objects: {
          'virtual-services': [],
          gateways: [],
          'gateway-api-gateways': [
            {
              metadata: { name: 'shop', namespace: 'istioinaction' },
              spec: {
                listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }],
                addresses: [{ type: 'Hostname', value: 'istio-ingressgateway.istio-system.svc.cluster.local' }],
              },
            },
          ],
          'http-routes': [
            {
              metadata: { name: 'catalog', namespace: 'istioinaction' },
              spec: {
                parentRefs: [{ name: 'shop' }],
                hostnames: ['catalog.istioinaction.io'],
                rules: [
                  {
                    matches: [
                      { path: { type: 'PathPrefix', value: '/items' }, headers: [{ name: 'x-tenant', value: 'gold' }] },
                    ],
                    backendRefs: [{ name: 'catalog', port: 80 }],
                  },
                  {
                    matches: [{ path: { type: 'RegularExpression', value: '/a+' } }],
                    backendRefs: [{ name: 'catalog' }],
                  },
                ],
              },
            },
          ],
        },
      }),
    ).toEqual(['ingress GET catalog.istioinaction.io:80/items x-tenant=gold', SIDECAR])
  })
})
