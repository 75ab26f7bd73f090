import { describe, expect, it } from 'vitest'
import { clientTls, isExportedTo, rulesForCaller, rulesInForce } from '../../src/mesh/destination-rules.ts'
import type { DestinationRule } from '../../src/mesh/objects.ts'

const HOST = 'catalog.shop.svc.cluster.local'
const rule = (
  namespace: string,
  name: string,
  spec: Partial<NonNullable<DestinationRule['spec']>> = {},
): DestinationRule => ({ kind: 'DestinationRule', metadata: { namespace, name }, spec: { host: HOST, ...spec } })
const names = (rules: DestinationRule[]): string[] => rules.map(({ metadata }) => metadata.name)

describe('the DestinationRules of a caller', () => {
  const own = rule('web', 'own')
  const service = rule('shop', 'service')
  const root = rule('istio-system', 'root')

  it("are its own namespace's, else the service's, else the mesh's", () => {
    expect(names(rulesForCaller([root, service, own], HOST, 'web', 'istio-system'))).toEqual(['own'])
    expect(names(rulesForCaller([root, service, own], HOST, 'mobile', 'istio-system'))).toEqual(['service'])
    expect(names(rulesForCaller([root, own], HOST, 'mobile', 'istio-system'))).toEqual(['root'])
    expect(names(rulesForCaller([own], HOST, 'mobile', 'istio-system'))).toEqual([])
  })

  it('are those of the service for a gateway in the root namespace, though that has one too', () => {
    expect(names(rulesForCaller([root, service], HOST, 'istio-system', 'istio-system'))).toEqual(['service'])
  })

  it('leave out what is not exported to it, and what a selector keeps at home', () => {
    expect(
      names(rulesForCaller([rule('shop', 'private', { exportTo: ['.'] }), root], HOST, 'web', 'istio-system')),
    ).toEqual(['root'])
    expect(names(rulesForCaller([rule('shop', 'private', { exportTo: ['.'] })], HOST, 'shop', 'istio-system'))).toEqual(
      ['private'],
    )
    expect(
      names(
        rulesForCaller(
          [rule('shop', 'selected', { workloadSelector: { matchLabels: { app: 'a' } } })],
          HOST,
          'web',
          'istio-system',
        ),
      ),
    ).toEqual([])
  })

  it('are the most exact ones, several when they are for the same host', () => {
    const wide = rule('shop', 'wide', { host: '*.shop.svc.cluster.local' })
    expect(
      names(rulesForCaller([wide, service, rule('shop', 'more', { host: 'catalog' })], HOST, 'web', 'istio-system')),
    ).toEqual(['service', 'more'])
    expect(names(rulesForCaller([wide], HOST, 'web', 'istio-system'))).toEqual(['wide'])
    expect(names(rulesInForce([wide, service, root], HOST))).toEqual(['service', 'root'])
  })
})

it.each([
  [undefined, true],
  [[], true],
  [['*'], true],
  [['.'], false],
  [['web'], true],
  [['.', 'web'], true],
  [['mobile'], false],
  [['~'], false],
])('exportTo %j opens it to another namespace: %s', (exportTo, open) => {
  expect(isExportedTo(exportTo, 'shop', 'web')).toBe(open)
})

it('switches TLS off where its settings give no mode', () => {
  expect(clientTls(rule('shop', 'own', { trafficPolicy: { tls: {} } }), 80)).toEqual({ mode: 'DISABLE' })
  expect(clientTls(rule('shop', 'own', { trafficPolicy: { portLevelSettings: [{ port: { number: 80 } }] } }), 80)).toBe(
    undefined,
  )
})
