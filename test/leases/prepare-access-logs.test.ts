import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { UnseenError, type Clients } from '../../src/evidence/clients/clients.ts'
import { parseRecording } from '../../src/evidence/clients/recording.ts'
import { RESOURCES } from '../../src/evidence/collectors/objects.ts'
import { findWorkloads } from '../../src/leases/access-logs/find-workloads.ts'
import { prepareAccessLogs, requireServed, type AskedAccessLogs } from '../../src/leases/access-logs/prepare.ts'
import type { KubernetesObject, Labels } from '../../src/mesh/objects.ts'
import { formatRef } from '../../src/mesh/ref.ts'
import { parseTarget } from '../../src/mesh/target-query.ts'
import { recordedMesh } from '../../src/sandbox/recorded-mesh.ts'
import { SCENARIOS } from '../situation.ts'

const NEVER = new AbortController().signal
const recording = (twin: 'ill' | 'mended'): ReturnType<typeof parseRecording> =>
  parseRecording(readFileSync(join(SCENARIOS, 'access-log-off', twin, 'recording.json'), 'utf8'))
const [ill, mended] = [recording('ill'), recording('mended')]

/** The recorded mesh with some objects otherwise: `change` is given each list of a resource. */
function clientsOf(
  change: (plural: string, objects: KubernetesObject[]) => KubernetesObject[] = (_plural, objects) => objects,
  twin = ill,
): Clients {
  const { clients } = recordedMesh({ ill: twin, mended })
  return {
    ...clients,
    kubernetes: {
      ...clients.kubernetes,
      list: async (resource, where, signal) =>
        change(resource.plural, structuredClone(await clients.kubernetes.list(resource, where, signal))),
    },
  }
}
const prepared = (clients: Clients, text: string, more: AskedAccessLogs = {}): ReturnType<typeof prepareAccessLogs> =>
  prepareAccessLogs(parseTarget(text, 'istioinaction'), clients, { ...more, signal: NEVER })
const relabelled =
  (change: (labels: Labels, name: string) => Labels) =>
  (plural: string, objects: KubernetesObject[]): KubernetesObject[] =>
    plural === 'pods'
      ? objects.map((one) => ({
          ...one,
          metadata: { ...one.metadata, labels: change(one.metadata.labels ?? {}, one.metadata.name) },
        }))
      : objects
/** What would end a line of YAML, were it written as text. */
const ODD = 'catalog\nmetrics: []'
const withSelector =
  (matchLabels: Labels) =>
  (objects: KubernetesObject[]): KubernetesObject[] =>
    objects.map((one) => ({ ...one, spec: { ...(one.spec as object), selector: { matchLabels } } }))
/** The mesh configuration with other providers. */
const withProviders =
  (...extensionProviders: unknown[]) =>
  (plural: string, objects: KubernetesObject[]): KubernetesObject[] =>
    plural === 'configmaps'
      ? objects.map((one) => ({ ...one, data: { mesh: JSON.stringify({ extensionProviders }) } }))
      : objects

describe('the workloads of a target', () => {
  it('are told with what they log', async () => {
    const query = parseTarget('catalog', 'istioinaction')
    const off = await findWorkloads(query, clientsOf(), { signal: NEVER })
    expect(off.workloads.map(({ ref, isOn, selector }) => [formatRef(ref), isOn, selector])).toEqual([
      ['Deployment istioinaction/catalog', false, { app: 'catalog', version: 'v1' }],
      ['Deployment istioinaction/catalog-v2', false, { app: 'catalog', version: 'v2' }],
    ])
    const on = await findWorkloads(query, clientsOf(undefined, mended), { signal: NEVER })
    expect(on.workloads.map(({ isOn }) => isOn)).toEqual([true, true])
  })

  it('are not known to log where no proxy answers', async () => {
    const clients = clientsOf()
    const silent: Clients = {
      ...clients,
      istioctl: { run: () => Promise.reject(new UnseenError('timeout', 'no answer within 20 s')) },
    }
    const { workloads } = await findWorkloads(parseTarget('catalog', 'istioinaction'), silent, { signal: NEVER })
    expect(workloads.map(({ isOn, why }) => [isOn, why])).toEqual([
      [undefined, 'no answer within 20 s'],
      [undefined, 'no answer within 20 s'],
    ])
    const { notes } = await prepared(silent, 'deploy/catalog')
    expect(notes).toEqual(['whether access logs were on before is not known: no answer within 20 s'])
  })
})

describe('access logs are prepared for', () => {
  it('one workload, with labels of its pods alone', async () => {
    const { workload, settings, notes, target } = await prepared(clientsOf(), 'deploy/catalog')
    expect(workload).toEqual({
      ref: { kind: 'Deployment', namespace: 'istioinaction', name: 'catalog' },
      uid: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      selector: { app: 'catalog', version: 'v1' },
    })
    expect([settings, notes, target.name]).toEqual([{ 'access log': 'envoy' }, [], 'catalog'])
  })

  it('the labels that its pods have in common, where its own select others too', async () => {
    const clients = clientsOf((plural, objects) =>
      plural === 'deployments'
        ? objects.map((one) => ({
            ...one,
            spec: { ...(one.spec as object), selector: { matchLabels: { app: 'catalog' } } },
          }))
        : objects,
    )
    expect((await prepared(clients, 'deploy/catalog')).workload.selector).toEqual({ app: 'catalog', version: 'v1' })
  })

  it('its labels without those that have no value, or that no selector can hold', async () => {
    const clients = clientsOf((plural, objects) =>
      plural === 'deployments'
        ? withSelector({ app: 'catalog', team: '' })(objects)
        : relabelled((labels) => ({ ...labels, team: '', note: ODD }))(plural, objects),
    )
    expect((await prepared(clients, 'deploy/catalog')).workload.selector).toEqual({ app: 'catalog', version: 'v1' })
  })

  it('the provider that was named', async () => {
    const json = { name: 'json', envoyFileAccessLog: { path: '/dev/stdout', logFormat: { labels: {} } } }
    const { settings } = await prepared(clientsOf(withProviders(json)), 'deploy/catalog', { provider: 'json' })
    expect(settings).toEqual({ 'access log': 'json' })
  })

  it('a workload that logs already, in a format that tells more', async () => {
    const connections = {
      name: 'connections',
      envoyFileAccessLog: { path: '/dev/stdout', logFormat: { text: '%UPSTREAM_CONNECTION_ID%' } },
    }
    const { settings, notes } = await prepared(clientsOf(withProviders(connections), mended), 'deploy/catalog')
    expect(settings).toEqual({ 'access log': 'connections' })
    expect(notes).toEqual(['its format has the id of the connection', 'access logs were on before, in another format'])
  })
})

describe('access logs are refused', () => {
  it.each<[string, string, Clients, RegExp]>([
    [
      'for two workloads at once',
      'catalog',
      clientsOf(),
      /catalog has 2 workloads, and access logs are turned on for one/,
    ],
    [
      'where they are on',
      'deploy/catalog',
      clientsOf(undefined, mended),
      /Deployment istioinaction\/catalog are on already/,
    ],
    [
      'where no labels tell the pods of a workload from others',
      'deploy/catalog',
      clientsOf((plural, objects) =>
        plural === 'deployments'
          ? withSelector({ app: 'catalog' })(objects)
          : relabelled(({ version: _version, ...labels }) => labels)(plural, objects),
      ),
      /no labels tell the pods of Deployment istioinaction\/catalog from Pod istioinaction\/catalog-v2-/i,
    ],
    [
      'for pods whose labels no selector can hold',
      'deploy/catalog',
      clientsOf((plural, objects) =>
        plural === 'deployments'
          ? withSelector({ app: ODD })(objects)
          : relabelled((labels) => (labels.version === 'v1' ? { app: ODD } : labels))(plural, objects),
      ),
      /The pods of Deployment istioinaction\/catalog have no labels in common that a Telemetry object could select/,
    ],
    [
      'for a waypoint',
      'deploy/catalog',
      clientsOf(relabelled((labels) => ({ ...labels, 'gateway.istio.io/managed': 'istio.io-mesh-controller' }))),
      /is a waypoint: Istio takes no selector for it/,
    ],
    [
      'where no provider prints to the output of the proxy',
      'deploy/catalog',
      clientsOf(withProviders({ name: 'envoy', envoyOtelAls: {} })),
      /has no provider that prints access logs/,
    ],
  ])('%s', async (_why, text, clients, says) => {
    await expect(prepared(clients, text)).rejects.toThrow(says)
  })

  it('for a workload that the target does not have', async () => {
    await expect(
      prepared(clientsOf(), 'catalog', { workload: 'Deployment istioinaction/other' }),
    ).rejects.toMatchObject({
      message: 'Deployment istioinaction/other is no workload of catalog any more.',
      remedies: ['Its workloads: Deployment istioinaction/catalog, Deployment istioinaction/catalog-v2'],
    })
  })

  it.each([
    [[], /The cluster has no Telemetry objects/],
    [[{ ...RESOURCES.telemetries, version: 'v1alpha1' }], /in version v1alpha1 alone: v1 is needed/],
  ])('where the cluster serves %j', async (served, says) => {
    const { kubernetes } = clientsOf()
    const clients = { kubernetes: { ...kubernetes, served: () => Promise.resolve(served) } }
    await expect(requireServed(clients, NEVER)).rejects.toThrow(says)
  })

  it('not by what the API server serves, where that cannot be asked', async () => {
    const { kubernetes } = clientsOf()
    const refused = (): Promise<never> => Promise.reject(new UnseenError('forbidden', 'no'))
    await expect(requireServed({ kubernetes: { ...kubernetes, served: refused } }, NEVER)).resolves.toBeUndefined()
    await expect(requireServed({ kubernetes }, NEVER)).resolves.toBeUndefined()
  })
})
