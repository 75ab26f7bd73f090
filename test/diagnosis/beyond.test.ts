import { beforeAll, describe, expect, it } from 'vitest'
import { beyond } from '../../src/diagnosis/beyond.ts'
import { mattering } from '../../src/diagnosis/cause.ts'
import type { RequestClass } from '../../src/diagnosis/requests/classes.ts'
import { seenClasses } from '../../src/diagnosis/requests/classes.ts'
import { Evidence } from '../../src/evidence/evidence.ts'
import type { Reading } from '../../src/evidence/reading.ts'
import type { OtherObject } from '../../src/evidence/other-objects.ts'
import type { ProxySync } from '../../src/mesh/proxy-status.ts'
import type { Replayed } from '../replay.ts'
import { replay } from '../replay.ts'

let healthy: Replayed
beforeAll(async () => {
  healthy = await replay('chapter-10/mended')
})

const ASKED = new Set(['istio=ingressgateway'])
const of = (more: readonly Reading[], left: readonly RequestClass[] = []) =>
  beyond(healthy.target, left, ASKED, new Evidence([...healthy.readings, ...more]))
const reading = (kind: Reading['kind'], value: unknown): Reading =>
  ({ kind, source: kind, at: healthy.startedAt, ok: true, value }) as Reading

/** Sidecars of a mesh with many namespaces. */
const proxies = (count: number): Reading =>
  reading(
    'proxy-status',
    Array.from({ length: count }, (_, at): ProxySync => ({
      ...healthy.readings.flatMap((one) => (one.kind === 'proxy-status' && one.ok ? one.value : []))[0]!,
      name: `client-${at}`,
      namespace: `team-${at}`,
    })),
  )

describe('callers beyond those that are looked at', () => {
  it('are named, and healthy stays healthy when no object tells them apart', () => {
    const said = of([proxies(500)])
    expect(said).toMatchObject([{ what: 'callers in 500 namespaces', reason: 'beyond', isAside: true }])
    expect(said[0]?.detail).toMatch(/team-\d+, .* and 495 more$/)
    expect(mattering(said)).toEqual([])
  })

  it('matter when an object treats one of them in a way of its own', () => {
    const sidecar = {
      kind: 'Sidecar',
      metadata: { name: 'default', namespace: 'team-77' },
      spec: { egress: [{ hosts: ['*/*'] }] },
    }
    const said = of([proxies(500), reading('sidecars', [sidecar])])
    expect(mattering(said)).toHaveLength(1)
    expect(said[0]?.detail).toMatch(/not read: team-77, /)
  })

  it('nothing is said when there are none', () => {
    expect(of([])).toEqual([])
  })
})

describe('Gateways beyond those whose pods are looked for', () => {
  const gateway = (name: string, host: string) => ({
    kind: 'Gateway',
    metadata: { name, namespace: 'elsewhere' },
    spec: {
      selector: { gate: name },
      servers: [{ port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: [host] }],
    },
  })

  it('are named by their labels', () => {
    const said = of([reading('gateways', [gateway('north', 'north.example'), gateway('south', 'south.example')])])
    expect(said).toMatchObject([{ what: "pods of 2 Gateways' selectors", isAside: true }])
    expect(said[0]?.detail).toContain('gate=north, gate=south')
  })
})

describe('classes of requests beyond those that are followed', () => {
  const classes = (): readonly RequestClass[] => seenClasses(healthy.target, new Evidence(healthy.readings)).classes

  it('do not matter when all of their requests were answered', () => {
    const left = classes().map((one) => ({
      ...one,
      requests: one.requests.filter(({ entry }) => entry.code === 200 && entry.flags.length === 0),
    }))
    expect(left.length).toBeGreaterThan(0)
    expect(of([], left)).toMatchObject([{ what: expect.stringMatching(/class/) as unknown, isAside: true }])
  })

  it('matter when one was not', () => {
    const left = classes().map((one) => ({
      ...one,
      requests: one.requests.map((request) => ({ ...request, entry: { ...request.entry, code: 503 } })),
    }))
    expect(mattering(of([], left))).toHaveLength(1)
  })
})

describe('an object of a kind that is not understood', () => {
  const other = (resource: string, object: OtherObject): Reading =>
    reading('other-objects', [{ resource, objects: [object], left: 0 }])
  const named = (spec: unknown, namespace = 'istioinaction'): unknown[] =>
    mattering(of([other('rollouts.argoproj.io', { kind: 'Rollout', metadata: { name: 'x', namespace }, spec })]))

  it.each([
    ['by its name, in its namespace', { canaryService: 'catalog' }],
    ['by its host', { route: [{ host: 'catalog.istioinaction.svc.cluster.local' }] }],
    ['by labels that its pods have', { selector: { matchLabels: { app: 'catalog' } } }],
    ['by labels with where they come from', { endpointSelector: { matchLabels: { 'k8s:app': 'catalog' } } }],
  ])('keeps a target from healthy when it names it %s, and says where to look', (_, spec) => {
    expect(named(spec)).toMatchObject([
      {
        what: 'Rollout istioinaction/x',
        detail: expect.stringContaining('kubectl get rollouts.argoproj.io x -n istioinaction -o yaml') as unknown,
      },
    ])
  })

  it.each([
    ['the same name in another namespace', { canaryService: 'catalog' }, 'elsewhere'],
    ['a reference to the same name in another namespace', { ref: { name: 'catalog', namespace: 'elsewhere' } }],
    ['another name', { canaryService: 'orders' }],
    ['labels that no pod of it has', { selector: { matchLabels: { app: 'catalog', tier: 'none' } } }],
    ['all pods', { selector: { matchLabels: {} } }],
    ['nothing', undefined],
  ])('is none of its business with %s', (_, spec: unknown, namespace?: string) => {
    expect(named(spec, namespace)).toEqual([])
  })

  it('names it from another namespace by a reference', () => {
    expect(named({ targetRef: { name: 'catalog', namespace: 'istioinaction' } }, 'elsewhere')).toHaveLength(1)
  })

  it('that could not be looked for is said, whatever was found besides', () => {
    const blind: Reading = {
      ...reading('other-objects', []),
      ok: false,
      reason: 'unavailable',
      detail: 'the API server answered 503',
    }
    expect(of([blind]).filter(({ what }) => what === 'objects of other controllers')).toMatchObject([
      {
        what: 'objects of other controllers',
        reason: 'unavailable',
        detail: 'not looked for: the API server answered 503',
      },
    ])
  })
})

it('an EnvoyFilter that sets a log format which tells too little is named; one of another namespace is none of the target’s', () => {
  const filter = (namespace: string, format: string) => ({
    kind: 'EnvoyFilter',
    metadata: { name: 'log', namespace },
    spec: {
      configPatches: [
        {
          applyTo: 'NETWORK_FILTER',
          patch: {
            operation: 'MERGE',
            value: {
              typed_config: {
                access_log: [{ typed_config: { path: '/dev/stdout', log_format: { text_format: format } } }],
              },
            },
          },
        },
      ],
    },
  })
  const said = of([reading('envoy-filters', [filter('istio-system', '%DURATION% %REQ(:PATH)%')])])
  expect(said).toMatchObject([
    { what: 'access log format of EnvoyFilter istio-system/log', reason: 'beyond', isAside: true },
  ])
  expect(of([reading('envoy-filters', [filter('istio-system', '%START_TIME% %RESPONSE_CODE%')])])).toEqual([])
  expect(of([reading('envoy-filters', [filter('elsewhere', '%DURATION% %REQ(:PATH)%')])])).toEqual([])
})
