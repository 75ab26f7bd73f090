import { expect, it } from 'vitest'
import { blamedIn } from './blamed.ts'

type Changes = NonNullable<Parameters<typeof blamedIn>[0]['changes']>

/** The sidecars answer 503 for a filter that an EnvoyFilter adds, and the gateway's proxy passes that on. */
const limited: Changes = [
  { kind: 'authorization-policies', without: 'istioinaction/catalog-callers' },
  {
    kind: 'envoy-filters',
    with: {
      apiVersion: 'networking.istio.io/v1alpha3',
      kind: 'EnvoyFilter',
      metadata: { name: 'calm', namespace: 'istioinaction', creationTimestamp: '@-600s' },
      spec: {
        configPatches: [
          {
            applyTo: 'HTTP_FILTER',
            match: { context: 'SIDECAR_INBOUND' },
            patch: { operation: 'INSERT_BEFORE', value: { name: 'envoy.filters.http.local_ratelimit' } },
          },
        ],
      },
    },
  },
  {
    kind: 'access-log',
    of: 'Pod istioinaction/*',
    lines: {
      where: { code: 403 },
      into: { code: 503, flags: ['RL'], details: 'local_rate_limited' },
    },
  },
  { kind: 'access-log', of: 'Pod istio-system/*', lines: { where: { code: 403 }, into: { code: 503 } } },
]
const lastIsToCome: Changes = [
  {
    kind: 'access-log',
    of: 'Pod istioinaction/*',
    lines: {
      where: { code: 503 },
      last: 2,
      into: { requestId: null, authority: 'elsewhere.example', at: '@-3600s' },
    },
  },
]
const told = async (name: string, changes: Changes): Promise<string[]> =>
  (await blamedIn({ name, from: 'authorization-denied/ill', changes })).findings.map(
    ({ code, subject }) => `${code} ${subject.kind}`,
  )

const filter = ['MESH0531 EnvoyFilter']

it("a refusal that every sidecar logged is its filter's", async () => {
  expect(await told('all lines are there', limited)).toEqual(filter)
})

it('a refusal that the sidecar had not logged yet when its log was read is none of the application', async () => {
  expect(await told('the last lines are still to come', [...limited, ...lastIsToCome])).toEqual(filter)
})
