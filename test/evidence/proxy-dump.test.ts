import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { inCamelCase } from '../../src/evidence/envoy-json.ts'
import { parseProxyDump } from '../../src/evidence/proxy-dump.ts'
import { parseSecretDump, secretsIn } from '../../src/evidence/secret-dump.ts'

/** What one proxy's admin interface answered, and what istioctl printed of the same proxy; each cut to a few objects. */
const { configDump, clusters, istioctl } = JSON.parse(
  readFileSync(join(import.meta.dirname, 'fixtures', 'proxy-dump.json'), 'utf8'),
) as {
  configDump: object
  clusters: object
  istioctl: Record<'listeners' | 'routes' | 'clusters' | 'endpoints', { name?: string }[]> & { secret: object }
}

const dumped = () => parseProxyDump([JSON.stringify(configDump), JSON.stringify(clusters)])
const byName = (list: readonly unknown[]): unknown[] =>
  (list as { name?: string }[]).toSorted((a, b) => (a.name ?? '').localeCompare(b.name ?? '', 'en'))

it.each(['listeners', 'routes', 'clusters'] as const)('one look tells the %s that istioctl prints', async (kind) => {
  expect(istioctl[kind].length).toBeGreaterThan(1)
  expect(byName((await dumped())[kind])).toEqual(byName(istioctl[kind]))
})

it('one look tells the endpoints that istioctl prints; only their counters have gone on', async () => {
  const settled = (list: readonly unknown[]): unknown =>
    JSON.parse(JSON.stringify(byName(list), (key, value: unknown) => (key === 'stats' ? undefined : value)))
  expect(istioctl.endpoints.length).toBeGreaterThan(1)
  expect(settled((await dumped()).endpoints)).toEqual(settled(istioctl.endpoints))
})

it('one look tells the certificates that istioctl prints, and keeps no key, not even a blotted one', async () => {
  const { secret } = await dumped()
  expect(secretsIn(secret)).toEqual(parseSecretDump(JSON.stringify(istioctl.secret)))
  expect(secretsIn(secret).flatMap(({ certificates }) => certificates).length).toBeGreaterThan(1)
  expect(JSON.stringify(secret)).not.toContain('rivate')
})

it('says when the configuration last changed, by the youngest of its parts', async () => {
  const times = [...JSON.stringify(configDump).matchAll(/"last_updated":"([^"]+)"/g)].map(([, at]) => at)
  const { changedAt } = await dumped()
  expect(times).toContain(changedAt)
})

it('names of maps and free JSON stay as they are', () => {
  expect(
    inCamelCase({
      typed_per_filter_config: { my_filter: { max_size: 1 } },
      metadata: { filter_metadata: { my_meta: { some_key: 1 } } },
      rules: { policies: { a_policy: { url_path: 'x' } } },
      policies: [{ name_of: 1 }],
      access_log: { json_format: { response_code: '%X%' } },
      transport_socket_matches: [{ match: { tls_mode: 'istio' }, transport_socket: { typed_config: {} } }],
      match: { case_sensitive: true },
      config: { '@type': 'type.googleapis.com/udpa.type.v1.TypedStruct', type_url: 'x', value: { a_b: 1 } },
    }),
  ).toEqual({
    typedPerFilterConfig: { my_filter: { maxSize: 1 } },
    metadata: { filterMetadata: { my_meta: { some_key: 1 } } },
    rules: { policies: { a_policy: { urlPath: 'x' } } },
    policies: [{ nameOf: 1 }],
    accessLog: { jsonFormat: { response_code: '%X%' } },
    transportSocketMatches: [{ match: { tls_mode: 'istio' }, transportSocket: { typedConfig: {} } }],
    match: { caseSensitive: true },
    config: { '@type': 'type.googleapis.com/udpa.type.v1.TypedStruct', typeUrl: 'x', value: { a_b: 1 } },
  })
})

it.each([
  ['half of it', ['{"configs": [', '{}'], 'JSON'],
  ['something else', ['{"stats": []}', '{"cluster_statuses": []}'], 'configs'],
  ['no states of clusters', ['{"configs": []}', '{}'], 'cluster_statuses'],
])('%s is no dump', async (_, answers, says) => {
  await expect(parseProxyDump(answers)).rejects.toThrow(SyntaxError)
  await expect(parseProxyDump(answers)).rejects.toThrow(says)
})
