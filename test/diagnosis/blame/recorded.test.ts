import { describe, expect, it } from 'vitest'
import type { Code } from '../../../src/checks/check.ts'
import { formatRef } from '../../../src/mesh/ref.ts'
import { situations } from '../../situation.ts'
import { blamedIn } from './blamed.ts'

/** What following alone blames in the recorded situations whose requests fail, without any check's word. */
const BLAMED: readonly (readonly [situation: string, code: Code, ...subjects: string[]])[] = [
  ['conflicting-virtual-services', 'MESH0131', 'VirtualService istioinaction/maintenance'],
  ['fault-left-on', 'MESH0131', 'VirtualService istioinaction/catalog'],
  ['gateway-certificate-expired', 'MESH0131', 'Gateway istioinaction/catalog-gateway'],
  ['gateway-certificate-missing', 'MESH0131', 'Gateway istioinaction/catalog-gateway'],
  ['gateway-host-mismatch', 'MESH0131', 'VirtualService istioinaction/catalog'],
  ['gateway-port', 'MESH0131', 'Gateway istioinaction/catalog-gateway'],
  ['mesh-only-virtual-service', 'MESH0131', 'VirtualService istioinaction/catalog'],
  ['timeout-shorter-than-latency', 'MESH0131', 'VirtualService istioinaction/catalog'],
  ['unbound-virtual-service', 'MESH0131', 'VirtualService istioinaction/catalog'],
  ['chapter-10', 'MESH0132', 'VirtualService istioinaction/catalog-v1-v2'],
  ['hidden-subset', 'MESH0132', 'DestinationRule istioinaction/catalog'],
  ['unnamed-port', 'MESH0132', 'VirtualService istioinaction/catalog'],
  ['wrong-host', 'MESH0132', 'VirtualService istioinaction/catalog'],
  ['wrong-port', 'MESH0132', 'VirtualService istioinaction/catalog'],
  ['all-endpoints-ejected', 'MESH0331', 'DestinationRule istioinaction/catalog'],
  ['crashing-application', 'MESH0331', 'Deployment istioinaction/catalog'],
  ['image-not-found', 'MESH0331', 'Deployment istioinaction/catalog'],
  ['not-ready', 'MESH0331', 'Deployment istioinaction/catalog'],
  ['scaled-to-zero', 'MESH0331', 'Deployment istioinaction/catalog'],
  ['selector-matches-nothing', 'MESH0331', 'Service istioinaction/catalog'],
  ['subset-without-pods', 'MESH0331', 'DestinationRule istioinaction/catalog'],
  ['unnamed-target-port', 'MESH0331', 'Service istioinaction/catalog'],
  ['webhook-down', 'MESH0331', 'Deployment istioinaction/catalog', 'Deployment istioinaction/catalog-v2'],
  ['application-errors', 'MESH0431', 'Deployment istioinaction/catalog'],
  ['circuit-breaker-overflow', 'MESH0431', 'DestinationRule istioinaction/catalog'],
  ['localhost-listener', 'MESH0431', 'Deployment istioinaction/catalog'],
  ['port-protocol-mismatch', 'MESH0431', 'Service istioinaction/catalog'],
  ['target-port-not-listening', 'MESH0431', 'Deployment istioinaction/catalog'],
  ['wrong-target-port', 'MESH0431', 'Service istioinaction/catalog'],
  ['allow-nothing', 'MESH0531', 'AuthorizationPolicy istioinaction/allow-nothing'],
  ['authorization-denied', 'MESH0531', 'AuthorizationPolicy istioinaction/catalog-callers'],
  ['mtls-mode-conflict', 'MESH0531', 'DestinationRule istioinaction/catalog'],
  ['plaintext-caller', 'MESH0531', 'Deployment istioinaction/legacy'],
  ['tls-to-plaintext-port', 'MESH0531', 'DestinationRule istioinaction/catalog'],
]

describe('in a recorded situation, following alone blames', () => {
  it.each(BLAMED)('%s: %s %s', async (situation, code, ...subjects) => {
    const { findings } = await blamedIn({ name: situation, from: `${situation}/ill` })
    expect(findings.map((one) => `${one.code} ${formatRef(one.subject)}`).sort()).toEqual(
      subjects.map((subject) => `${code} ${subject}`),
    )
  })

  it.each([
    ['gateway-certificate-missing', 'listeners', 'shop-gateway-'],
    ['gateway-port', 'routes', 'istio-ingressgateway-'],
    ['gateway-host-mismatch', 'routes', 'istio-ingressgateway-'],
    ['chapter-10', 'clusters', 'istio-ingressgateway-'],
    ['subset-without-pods', 'endpoints', 'istio-ingressgateway-'],
    ['allow-nothing', 'listeners', 'catalog-'],
  ])('with the piece of configuration that shows it: %s, %s of %s…', async (situation, kind, pod) => {
    const { findings } = await blamedIn({ name: situation, from: `${situation}/ill` })
    const shown = findings[0]?.because.at(-1)
    expect(shown?.kind).toBe(kind)
    expect(shown?.of?.name.startsWith(pod), shown?.of?.name).toBe(true)
    expect(shown?.source).toContain(`istioctl proxy-config ${kind} ${shown?.of?.name}.`)
  })

  it('is silent where no request fails', async () => {
    for (const situation of ['shadowed-route', 'retry-storm', 'conflicting-selectors']) {
      const { findings, best } = await blamedIn({ name: situation, from: `${situation}/ill` })
      expect([findings, best], situation).toEqual([[], []])
    }
  })

  // A certificate is no object of Istio's, and a slow pod is none that was configured wrong: the checks name them.
  it.each(['certificate-expired', 'duplicate-certificate', 'slow-endpoint'])(
    'nobody for %s: it says where the requests fail',
    async (situation) => {
      const { findings, best } = await blamedIn({ name: situation, from: `${situation}/ill` })
      expect(findings.map((one) => `${one.code} ${formatRef(one.subject)}`)).toEqual([
        'MESH0432 Service istioinaction/catalog',
      ])
      expect(best).toEqual([])
    },
  )

  it('nobody in any healthy twin: no class fails there, none is contradicted', async () => {
    for (const { name } of situations()) {
      const { followed, findings } = await blamedIn({ name, from: `${name}/mended` })
      expect(
        followed.filter(({ outcome }) => outcome === 'fails' || outcome === 'contradicted').map((one) => one.requests),
        name,
      ).toEqual([])
      expect(findings, name).toEqual([])
    }
  }, 60_000)
})
