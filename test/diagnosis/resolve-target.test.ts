import { describe, expect, it } from 'vitest'
import { completeTarget } from '../../src/diagnosis/complete-target.ts'
import { resolveTarget } from '../../src/diagnosis/resolve-target.ts'
import { AmbiguousTargetError, UnknownTargetError } from '../../src/diagnosis/target-errors.ts'
import { Evidence } from '../../src/evidence/evidence.ts'
import type { Reading } from '../../src/evidence/reading.ts'
import { parseTarget } from '../../src/mesh/target-query.ts'
import { replay } from '../replay.ts'

const { readings } = await replay('chapter-10/ill')
const evidence = new Evidence(readings)
const resolve = (text: string, namespace?: string) => resolveTarget(parseTarget(text, namespace), evidence)

/** The same mesh with the recorded catalog Service in one more namespace. */
const withTwo = new Evidence(
  readings.map((reading): Reading =>
    reading.kind === 'services' && reading.ok
      ? {
          ...reading,
          value: [
            ...reading.value,
            ...reading.value
              .filter(({ metadata }) => metadata.name === 'catalog')
              .map((service) => ({ ...service, metadata: { ...service.metadata, namespace: 'istio-system' } })),
          ],
        }
      : reading,
  ),
)

describe('what a query means', () => {
  it.each([
    ['catalog', undefined],
    ['catalog', 'istioinaction'],
    ['catalog.istioinaction', undefined],
    ['svc/catalog', undefined],
    ['catalog.istioinaction.svc.cluster.local', undefined],
    ['catalog.istioinaction.svc', undefined],
    ['catalog.istioinaction.io', undefined],
    ['http://catalog.istioinaction.io/items', undefined],
  ])('%s (-n %s) is the Service', (text, namespace) => {
    expect(resolve(text, namespace)).toMatchObject({
      ref: { kind: 'Service', namespace: 'istioinaction', name: 'catalog' },
    })
  })

  it('a host is known by what names it most closely: an entry goes before a route for all hosts of some gateway', () => {
    const ofKind = (kind: Reading['kind'], object: object): Reading =>
      ({ kind, ok: true, source: '', at: '', value: [object] }) as unknown as Reading
    const route = (hosts: string[], name: string): Reading =>
      ofKind('virtual-services', {
        kind: 'VirtualService',
        metadata: { name, namespace: 'istioinaction' },
        spec: { hosts, gateways: ['edge'], http: [{ route: [{ destination: { host: 'nothing' } }] }] },
      })
    const entry = ofKind('service-entries', {
      kind: 'ServiceEntry',
      metadata: { name: 'files', namespace: 'istioinaction' },
      spec: { hosts: ['api.files.example', '*.wild.example'] },
    })
    const known = readings.filter(({ kind }) => kind !== 'virtual-services' && kind !== 'service-entries')
    const meant = (host: string, ...added: Reading[]): string =>
      resolveTarget(parseTarget(host), new Evidence([...known, entry, ...added])).ref.name
    expect(meant('api.files.example', route(['*'], 'all'))).toBe('files')
    expect(meant('api.files.example', route(['api.files.example'], 'own'))).toBe('own')
    expect(meant('a.wild.example', route(['*.example'], 'many'))).toBe('files')
    expect(meant('a.wild.example', route(['a.wild.example'], 'own'))).toBe('own')
    expect(meant('api.other.example', route(['*'], 'all'))).toBe('all')
  })

  it('a host is found among hundreds of thousands that one object names', () => {
    const hosts = Array.from({ length: 200_000 }, (_, index) => `h${index}.example.com`)
    const entry = { kind: 'ServiceEntry', metadata: { name: 'many', namespace: 'shop' }, spec: { hosts } }
    const read = { kind: 'service-entries', ok: true, source: '', at: '', value: [entry] } as unknown as Reading
    const known = readings.filter(({ kind }) => kind !== 'service-entries')
    expect(resolveTarget(parseTarget('h7.example.com'), new Evidence([...known, read])).ref.name).toBe('many')
  })

  it('two words may be a host that an entry names, as well as a Service and its namespace', () => {
    const entry = {
      kind: 'ServiceEntry',
      metadata: { name: 'bank', namespace: 'shop' },
      spec: { hosts: ['bank.example', '*.example', '*'] },
    }
    const read = { kind: 'service-entries', ok: true, source: '', at: '', value: [entry] } as unknown as Reading
    const known = new Evidence([...readings.filter(({ kind }) => kind !== 'service-entries'), read])
    for (const text of ['bank.example', 'bank.example:443'])
      expect(resolveTarget(parseTarget(text), known).ref).toMatchObject({ kind: 'ServiceEntry', name: 'bank' })
    expect(resolveTarget(parseTarget('bank.example:443'), known)).toMatchObject({
      asked: 'bank.example:443',
      port: 443,
    })
    for (const text of ['shop.example', 'svc/bank.example'])
      expect(() => resolveTarget(parseTarget(text), known)).toThrow('There is no namespace example')
  })

  it('a deployment has the pods of its own only', () => {
    const target = completeTarget(resolve('deploy/catalog', 'istioinaction'), evidence)
    expect(target).toMatchObject({ ref: { kind: 'Deployment', name: 'catalog' }, services: [{ name: 'catalog' }] })
    expect(target.pods).toHaveLength(1)
  })

  it('a service has all pods its selector takes, and the hosts that route to it', () => {
    const target = completeTarget(resolve('catalog'), evidence)
    expect(target.pods).toHaveLength(3)
    expect(target.hosts).toEqual(['catalog.istioinaction.svc.cluster.local', 'catalog.istioinaction.io'])
  })

  it('a pod is itself', () => {
    const name = evidence.objects('pods').find(({ metadata }) => metadata.name.startsWith('catalog-v2-'))!.metadata.name
    const target = completeTarget(resolve(`pod/${name}`, 'istioinaction'), evidence)
    expect(target).toMatchObject({ ref: { kind: 'Pod', name }, pods: [{ name }], services: [{ name: 'catalog' }] })
  })

  it('a URL keeps its port and path', () => {
    expect(resolve('http://catalog.istioinaction.io:8080/items')).toMatchObject({ port: 8080, path: '/items' })
  })
})

describe('a query that means nothing', () => {
  it.each([
    ['catalgo', undefined, ['catalog.istioinaction']],
    ['catalgo', 'istioinaction', ['catalog']],
    ['catalog', 'istioinacton', ['istioinaction']],
    ['deploy/catalog-v3', 'istioinaction', ['catalog-v2']],
    ['catalogue.istioinaction.io', undefined, ['catalog.istioinaction.io']],
  ])('%s (-n %s) is answered with the nearest: %s', (text, namespace, nearest) => {
    const error = (() => {
      try {
        resolve(text, namespace)
      } catch (thrown) {
        return thrown
      }
      return undefined
    })()
    expect(error).toBeInstanceOf(UnknownTargetError)
    expect((error as UnknownTargetError).nearest).toEqual(expect.arrayContaining(nearest))
  })

  it('several namespaces: says which', () => {
    expect(() => resolveTarget(parseTarget('catalog'), withTwo)).toThrow(AmbiguousTargetError)
    expect(() => resolveTarget(parseTarget('catalog'), withTwo)).toThrow(
      /istioinaction, istio-system|istio-system, istioinaction/,
    )
    expect(resolveTarget(parseTarget('catalog', 'istioinaction'), withTwo).namespace).toBe('istioinaction')
  })

  it('Services that could not be seen are no proof that there is none', () => {
    const blind = new Evidence(
      readings.map((reading): Reading =>
        reading.kind === 'services'
          ? { kind: reading.kind, source: reading.source, at: reading.at, ok: false, reason: 'forbidden', detail: 'no' }
          : reading,
      ),
    )
    expect(resolveTarget(parseTarget('anything', 'istioinaction'), blind)).toMatchObject({
      name: 'anything',
      services: [],
      pods: [],
    })
  })
})

describe('a Service that is gone', () => {
  type Objects = readonly { metadata: { name: string }; [more: string]: unknown }[]
  /** The mesh without its catalog Service and what names it, and with other objects of a kind. */
  const without = (put: Partial<Record<Reading['kind'], Objects>> = {}): Evidence => {
    const dropped = ['virtual-services', 'destination-rules', 'deployments', 'stateful-sets', 'pods']
    const list = (kind: Reading['kind'], value: unknown): Reading =>
      ({ kind, source: kind, at: '', ok: true, value }) as unknown as Reading
    return new Evidence([
      ...readings
        .filter(({ kind }) => put[kind] === undefined && !dropped.includes(kind))
        .map((one): Reading =>
          one.kind === 'services' && one.ok
            ? { ...one, value: one.value.filter(({ metadata }) => metadata.name !== 'catalog') }
            : one,
        ),
      ...Object.entries(put).map(([kind, value]) => list(kind as Reading['kind'], value)),
    ])
  }
  const gone = (objects: Parameters<typeof without>[0]) =>
    resolveTarget(parseTarget('catalog', 'istioinaction'), without(objects))
  const metadata = { name: 'orders', namespace: 'istioinaction' }
  const template = { metadata: { labels: { app: 'catalog', version: 'v1' } } }
  const SPOKEN_OF: [string, Parameters<typeof without>[0]][] = [
    [
      'a route of the Gateway API for its requests',
      {
        'http-routes': [
          {
            metadata,
            kind: 'HTTPRoute',
            spec: { parentRefs: [{ group: '', kind: 'Service', name: 'catalog' }], rules: [] },
          },
        ],
      },
    ],
    [
      "a Sidecar's egress",
      {
        sidecars: [
          { metadata, spec: { egress: [{ hosts: ['istioinaction/catalog.istioinaction.svc.cluster.local'] }] } },
        ],
      },
    ],
    [
      'the address of an entry',
      {
        'service-entries': [
          { metadata, spec: { hosts: ['a.example'], endpoints: [{ address: 'catalog.istioinaction.svc' }] } },
        ],
      },
    ],
    [
      'a policy that attaches to it',
      {
        'authorization-policies': [
          { metadata, spec: { targetRefs: [{ group: '', kind: 'Service', name: 'catalog' }] } },
        ],
      },
    ],
    ['the StatefulSet that it governs', { 'stateful-sets': [{ metadata, spec: { serviceName: 'catalog' } }] }],
    ['a workload of its name', { deployments: [{ metadata: { ...metadata, name: 'catalog' }, spec: {} }] }],
    ['pods that are labelled as its application', { deployments: [{ metadata, spec: { template } }] }],
  ]

  it.each(SPOKEN_OF)('is a target all the same, by %s', (_, objects) => {
    expect(gone(objects)).toMatchObject({
      ref: { kind: 'Service', namespace: 'istioinaction', name: 'catalog' },
      hosts: ['catalog.istioinaction.svc.cluster.local'],
      services: [],
    })
  })

  it('has the pods that it stood before', () => {
    const pod = {
      metadata: { name: 'orders-1', namespace: 'istioinaction', labels: { app: 'catalog', version: 'v1' } },
    }
    const selector = { matchLabels: { app: 'catalog' } }
    const other = { metadata: { name: 'stock-1', namespace: 'istioinaction', labels: { app: 'stock' } } }
    expect(
      gone({ deployments: [{ metadata, spec: { selector, template } }], pods: [pod, other] }).pods.map(
        ({ name }) => name,
      ),
    ).toEqual(['orders-1'])
  })

  it('is unknown when nothing is left of it', () => {
    expect(() => gone({ deployments: [{ metadata, spec: {} }] })).toThrow(UnknownTargetError)
  })
})
