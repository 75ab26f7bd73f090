import { describe, expect, it } from 'vitest'
import { mtlsInForce, passesSidecar } from '../../src/mesh/mutual-tls.ts'
import type { MutualTls, PeerAuthentication, Pod } from '../../src/mesh/objects.ts'

const pod = (namespace: string, annotations: Record<string, string> = {}): Pod => ({
  kind: 'Pod',
  metadata: { namespace, name: 'catalog-1', labels: { app: 'catalog' }, annotations },
})
const policy = (
  where: string,
  spec: NonNullable<PeerAuthentication['spec']>,
  created = '2026-11-24T00:00:00Z',
): PeerAuthentication => {
  const [namespace = '', name = ''] = where.split('/')
  return { kind: 'PeerAuthentication', metadata: { namespace, name, creationTimestamp: created }, spec }
}
const mode = (given: MutualTls['mode']): { mtls: MutualTls } => ({ mtls: { mode: given! } })
const catalog = { selector: { matchLabels: { app: 'catalog' } } }
const chosen = (policies: PeerAuthentication[], port = 3000, namespace = 'shop'): string => {
  const { mode: inForce, policy: from } = mtlsInForce(pod(namespace), port, policies, 'istio-system')
  return `${inForce} ${from === undefined ? '-' : from.metadata.name}`
}

describe('the mode that acts on a pod', () => {
  it('is permissive when no policy speaks of it', () => {
    expect(chosen([])).toBe('PERMISSIVE -')
    expect(
      chosen([
        policy('other/default', mode('STRICT')),
        policy('shop/other', { selector: { matchLabels: { app: 'orders' } }, ...mode('STRICT') }),
      ]),
    ).toBe('PERMISSIVE -')
  })
  it('is the nearest level that says one', () => {
    const mesh = policy('istio-system/mesh', mode('STRICT'))
    const namespace = policy('shop/namespace', mode('DISABLE'))
    const own = policy('shop/own', { ...catalog, ...mode('PERMISSIVE') })
    expect(chosen([mesh])).toBe('STRICT mesh')
    expect(chosen([mesh, namespace])).toBe('DISABLE namespace')
    expect(chosen([mesh, namespace, own])).toBe('PERMISSIVE own')
    expect(chosen([mesh, policy('shop/unset', mode('UNSET')), policy('shop/empty', { ...catalog })])).toBe(
      'STRICT mesh',
    )
  })
  it('is by port only beside a selector', () => {
    expect(
      chosen([policy('shop/own', { ...catalog, ...mode('STRICT'), portLevelMtls: { 3000: { mode: 'DISABLE' } } })]),
    ).toBe('DISABLE own')
    expect(
      chosen([policy('shop/own', { ...catalog, ...mode('STRICT'), portLevelMtls: { 8080: { mode: 'DISABLE' } } })]),
    ).toBe('STRICT own')
    expect(chosen([policy('shop/own', { ...mode('STRICT'), portLevelMtls: { 3000: { mode: 'DISABLE' } } })])).toBe(
      'STRICT own',
    )
  })
  it('is that of the oldest policy of a level', () => {
    expect(
      chosen([
        policy('shop/b', mode('STRICT'), '2026-11-24T02:00:00Z'),
        policy('shop/a', mode('DISABLE'), '2026-11-24T03:00:00Z'),
      ]),
    ).toBe('STRICT b')
  })
  it('is none of a policy with a selector in the root namespace, which istiod leaves out', () => {
    const some = policy('istio-system/some', { ...catalog, ...mode('STRICT') })
    expect(chosen([some])).toBe('PERMISSIVE -')
    expect(chosen([some], 3000, 'istio-system')).toBe('PERMISSIVE -')
    expect(chosen([some, policy('istio-system/mesh', mode('DISABLE'))], 3000, 'istio-system')).toBe('DISABLE mesh')
  })
})

it.each([
  [{}, true],
  [{ excludeInboundPorts: '3000' }, false],
  [{ excludeInboundPorts: '300, 30001' }, true],
  [{ includeInboundPorts: '*' }, true],
  [{ includeInboundPorts: '8080' }, false],
  [{ includeInboundPorts: '8080,3000' }, true],
])('a port with the annotations %j passes the sidecar: %s', (annotations, expected) => {
  const full = Object.fromEntries(
    Object.entries(annotations).map(([key, value]) => [`traffic.sidecar.istio.io/${key}`, value]),
  )
  expect(passesSidecar(pod('shop', full), 3000)).toBe(expected)
})
