import { describe, expect, it } from 'vitest'
import { chooseProvider, providersIn } from '../../src/leases/access-logs/choose-provider.ts'

const file = (name: string, logFormat?: unknown, path = '/dev/stdout'): Record<string, unknown> => ({
  name,
  envoyFileAccessLog: { path, ...(logFormat !== undefined && { logFormat }) },
})
const AGE = '%COMMON_DURATION(US_CX_END:US_TX_BEG:ms)%'
const ID = '%UPSTREAM_CONNECTION_ID%'
const CONNECTIONS = file('connections', { labels: { age: AGE, id: ID } })
const mesh = (...extensionProviders: unknown[]): Record<string, unknown> => ({ extensionProviders })
const names = (...given: Parameters<typeof providersIn>): string[] => providersIn(...given).map(({ name }) => name)

describe('the providers of a mesh configuration', () => {
  it("are Istio's own where it names none", () => {
    expect(providersIn({})).toEqual([{ name: 'envoy', connections: [], isJson: false }])
    expect(providersIn({ accessLogEncoding: 'JSON' })).toMatchObject([{ name: 'envoy', isJson: true }])
    expect(providersIn({ accessLogFormat: `{"age": "${AGE}"}` })).toMatchObject([
      { connections: ['COMMON_DURATION(US_CX_END:US_TX_BEG'], isJson: true },
    ])
  })

  it('are those that print to the output of the proxy', () => {
    const other = { name: 'otel', envoyOtelAls: { service: 'otel', port: 4317 } }
    expect(names(mesh(other, file('a'), file('to-a-file', undefined, '/var/log/x'), file('b', { text: ID })))).toEqual([
      'a',
      'b',
      'envoy',
    ])
  })

  it("are without Istio's own where another has its name, in whatever case", () => {
    expect(names(mesh({ name: 'Envoy', prometheus: {} }, CONNECTIONS))).toEqual(['connections'])
    expect(names(mesh({ name: 'envoy', envoyOtelAls: {} }))).toEqual([])
  })

  it.each([
    [{ extensionProviders: 'none' }],
    [mesh(null, 7, { name: 4 }, file('two words'), file('x\ny'), file('a'.repeat(101)))],
    [mesh({ name: 'odd', envoyFileAccessLog: 'yes' })],
  ])('are none of what is no provider: %j', (config) => {
    expect(names(config)).toEqual(['envoy'])
  })
})

describe('the provider is', () => {
  it('the one whose format tells most of connections, where all proxies know that', () => {
    const age = file('age', { text: `${AGE}\n` })
    expect(chooseProvider(mesh(age, CONNECTIONS), ['1.31.0', '1.25.3'])).toMatchObject({
      name: 'connections',
      isJson: true,
      note: 'its format has the age of the connection and the id of the connection',
    })
  })

  it.each([
    ['of an older release', ['1.31.0', '1.24.6']],
    ['of a release that is not known', ['1.31.0', undefined]],
    ['of a build without a number', ['dev']],
    ['that nobody knows', []],
  ])("Istio's own with proxies %s, and why is said", (_which, versions) => {
    const chosen = chooseProvider(mesh(CONNECTIONS), versions)
    expect(chosen.name).toBe('envoy')
    expect(chosen.note).toContain('which not all of these proxies are known to understand (Istio 1.25)')
  })

  it("Istio's own, where no other tells more", () => {
    expect(chooseProvider(mesh(file('json', { labels: { at: '%START_TIME%' } })), ['1.31.0'])).toEqual({
      name: 'envoy',
      connections: [],
      isJson: false,
    })
  })

  it('the one that was named', () => {
    expect(chooseProvider(mesh(CONNECTIONS), ['1.20.0'], 'connections').name).toBe('connections')
    expect(() => chooseProvider(mesh(CONNECTIONS), [], 'conections')).toThrow(
      'The mesh configuration has no provider "conections" that prints access logs',
    )
  })

  it('none, where there is none', () => {
    expect(() => chooseProvider(mesh({ name: 'envoy', envoyOtelAls: {} }), [])).toThrow(/no provider that prints/)
  })
})
