import { describe, expect, it } from 'vitest'
import { parseJsonDocuments, parseProxyStatus } from '../../src/mesh/proxy-status.ts'

const type = (name: string): string => `type.googleapis.com/envoy.${name}`
/** One istiod's document, as istioctl 1.31 prints it. */
const document = (istiod: string, version: string, resources: unknown[]): string =>
  JSON.stringify(
    {
      versionInfo: '2026-11-24T00:45:01Z/5',
      resources,
      typeUrl: 'istio.io/debug',
      nonce: 'x',
      controlPlane: {
        identifier: JSON.stringify({
          Component: 'istiod',
          ID: istiod,
          Info: { version, revision: 'eed52ebb66ad', golang_version: 'go1.26.8' },
        }),
      },
    },
    null,
    4,
  )
const proxy = (id: string, ...genericXdsConfigs: unknown[]): unknown => ({
  '@type': type('service.status.v3.ClientConfig'),
  node: { id, metadata: { ISTIO_VERSION: '1.31.0' } },
  genericXdsConfigs,
})
const synced = {
  typeUrl: type('config.cluster.v3.Cluster'),
  configStatus: 'SYNCED',
  lastUpdated: '2026-11-24T00:45:01.958680955Z',
}

describe('the status of proxies', () => {
  it('is read from every istiod', () => {
    const text = `${document('istiod-1', '1.31.0', [proxy('catalog-1.shop', synced)])}\n${document('istiod-2', '1.30.3', [proxy('orders-1.shop', synced)])}\n`
    expect(parseProxyStatus(text)).toEqual([
      {
        name: 'catalog-1',
        namespace: 'shop',
        version: '1.31.0',
        istiod: 'istiod-1',
        istiodVersion: '1.31.0',
        types: [{ type: 'CDS', status: 'SYNCED', lastUpdated: '2026-11-24T00:45:01.958680955Z' }],
      },
      {
        name: 'orders-1',
        namespace: 'shop',
        version: '1.31.0',
        istiod: 'istiod-2',
        istiodVersion: '1.30.3',
        types: [{ type: 'CDS', status: 'SYNCED', lastUpdated: '2026-11-24T00:45:01.958680955Z' }],
      },
    ])
  })
  it('is empty for an istiod that no proxy is connected to', () => {
    expect(parseProxyStatus(document('istiod-1', '1.31.0', []))).toEqual([])
    expect(parseProxyStatus('')).toEqual([])
  })
  it('names the types by their short names, and unknown ones by the last of theirs', () => {
    const types = [
      'config.cluster.v3.Cluster',
      'config.listener.v3.Listener',
      'config.route.v3.RouteConfiguration',
      'config.endpoint.v3.ClusterLoadAssignment',
      'config.core.v3.TypedExtensionConfig',
      'extensions.transport_sockets.tls.v3.Secret',
    ]
    const [one] = parseProxyStatus(
      document('i', '1', [proxy('a.b', ...types.map((name) => ({ typeUrl: type(name), configStatus: 'SYNCED' })))]),
    )
    expect(one?.types.map((entry) => entry.type)).toEqual(['CDS', 'LDS', 'RDS', 'EDS', 'ECDS', 'Secret'])
  })
  it('keeps STALE and NOT_SENT, and the text of an ERROR', () => {
    const details = 'Error adding/updating listener(s) virtualInbound: value must be greater than 0s\n'
    const [one] = parseProxyStatus(
      document('i', '1', [
        proxy(
          'a.b',
          {
            typeUrl: type('config.listener.v3.Listener'),
            configStatus: 'ERROR',
            lastUpdated: '2026-11-24T00:45:01Z',
            errorState: { lastUpdateAttempt: '2026-11-24T00:45:01Z', details },
          },
          { typeUrl: type('config.cluster.v3.Cluster'), configStatus: 'STALE', lastUpdated: '2026-11-24T00:45:01Z' },
          { typeUrl: type('config.route.v3.RouteConfiguration'), configStatus: 'NOT_SENT' },
          {},
        ),
      ]),
    )
    expect(one?.types).toEqual([
      { type: 'LDS', status: 'ERROR', lastUpdated: '2026-11-24T00:45:01Z', error: details },
      { type: 'CDS', status: 'STALE', lastUpdated: '2026-11-24T00:45:01Z' },
      { type: 'RDS', status: 'NOT_SENT' },
      { type: '', status: 'UNKNOWN' },
    ])
  })
  it.each([
    ['catalog-55d5974664-xffdp.shop', 'catalog-55d5974664-xffdp', 'shop'],
    ['web.v2-1.shop', 'web.v2-1', 'shop'],
    ['sidecar~10.1.0.7~catalog-1.shop~shop.svc.cluster.local', 'catalog-1', 'shop'],
    [
      'router~10.1.0.8~istio-ingressgateway-1.istio-system~istio-system.svc.cluster.local',
      'istio-ingressgateway-1',
      'istio-system',
    ],
    ['alone', 'alone', ''],
  ])('takes the node id %s apart', (id, name, namespace) => {
    expect(parseProxyStatus(document('i', '1', [proxy(id)]))[0]).toMatchObject({ name, namespace })
  })
  it('is not found in text of another kind', () => {
    for (const text of [
      'NAME   CLUSTER   CDS',
      'Error: no running Istio pods',
      '{"resources":[',
      `${document('i', '1', [])}  trailing`,
    ])
      expect(() => parseProxyStatus(text), text).toThrow(SyntaxError)
  })
})

describe('JSON documents one after another', () => {
  it('are told apart, whatever their strings hold', () => {
    expect(parseJsonDocuments('{"a":"}{\\"]["}\n[1,{"b":"\\\\"}]{}')).toEqual([{ a: '}{"][' }, [1, { b: '\\' }], {}])
  })
  it('are not guessed when cut off', () => {
    expect(() => parseJsonDocuments('{"a":1}{"b":"')).toThrow(/cut off/)
    expect(() => parseJsonDocuments('{"a":1}}')).toThrow(SyntaxError)
  })
})
