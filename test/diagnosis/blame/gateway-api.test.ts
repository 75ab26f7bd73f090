import { describe, expect, it } from 'vitest'
import { allRules, routesFor } from '../../../src/checks/facts/routes.ts'
import { attachmentLeads, gatewayLead } from '../../../src/diagnosis/blame/attachment.ts'
import { backendLeads } from '../../../src/diagnosis/blame/backend.ts'
import { Evidence } from '../../../src/evidence/evidence.ts'
import type { ObjectEvidence, ObjectKind, Reading } from '../../../src/evidence/reading.ts'
import type { RouteObject } from '../../../src/mesh/conversion.ts'
import type { GatewayObject } from '../../../src/mesh/gateway-api.ts'

const MADE = '2026-11-24T00:00:00Z'
const LATER = '2026-11-24T00:05:00Z'
const HOST = 'orders.example'
const CONTROLLER = 'istio.io/gateway-controller'

const gateway = (spec: GatewayObject['spec'] = {}, more: Partial<GatewayObject> = {}): GatewayObject => ({
  kind: 'Gateway',
  metadata: { name: 'public', namespace: 'edge', generation: 2, creationTimestamp: MADE },
  spec: {
    gatewayClassName: 'istio',
    listeners: [
      {
        name: 'web',
        port: 80,
        protocol: 'HTTP',
        hostname: '*.example',
        allowedRoutes: { namespaces: { from: 'All' } },
      },
    ],
    ...spec,
  },
  ...more,
})
type Spec = NonNullable<Extract<RouteObject, { spec?: unknown }>['spec']>
const route = (spec: Partial<Spec> = {}, status?: unknown, made = LATER): RouteObject =>
  ({
    kind: 'HTTPRoute',
    metadata: { name: 'orders', namespace: 'front', generation: 3, creationTimestamp: made },
    spec: {
      parentRefs: [{ name: 'public', namespace: 'edge' }],
      hostnames: [HOST],
      rules: [{ backendRefs: [{ name: 'orders', namespace: 'shop', port: 8080 }] }],
      ...spec,
    },
    ...(status !== undefined && { status }),
  }) as RouteObject

function evidenceOf(objects: Partial<ObjectEvidence>): Evidence {
  const all: Partial<ObjectEvidence> = {
    'gateway-classes': [{ kind: 'GatewayClass', metadata: { name: 'istio' }, spec: { controllerName: CONTROLLER } }],
    'gateway-api-gateways': [gateway()],
    'listener-sets': [],
    'reference-grants': [],
    namespaces: ['edge', 'front', 'shop'].map((name) => ({ kind: 'Namespace', metadata: { name } })),
    services: [
      {
        kind: 'Service',
        metadata: { name: 'orders', namespace: 'shop', creationTimestamp: MADE },
        spec: { ports: [{ port: 8080 }] },
      },
    ],
    ...objects,
  }
  return new Evidence(
    (Object.entries(all) as [ObjectKind, unknown][]).map(
      ([kind, value]) => ({ kind, ok: true, value, source: `kubectl get ${kind}`, at: LATER }) as Reading,
    ),
  )
}

const GRANT = {
  kind: 'ReferenceGrant',
  metadata: { name: 'from-front', namespace: 'shop', creationTimestamp: MADE },
  spec: {
    from: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'front' }],
    to: [{ group: '', kind: 'Service' }],
  },
}
const said = (conditions: unknown[], controllerName = CONTROLLER): unknown => ({
  parents: [{ controllerName, parentRef: { name: 'public', namespace: 'edge' }, conditions }],
})
const REFUSED = {
  type: 'Accepted',
  status: 'False',
  reason: 'NotAllowedByListeners',
  message: 'no',
  observedGeneration: 3,
}

describe('why a route of the Gateway API is not attached', () => {
  const attached = (one: RouteObject, objects: Partial<ObjectEvidence> = {}): string[] =>
    attachmentLeads(one, HOST, evidenceOf({ 'http-routes': [one as never], ...objects })).map(
      ({ subject, why }) => `${subject.kind}: ${why}`,
    )

  it.each<[string, RouteObject, Partial<ObjectEvidence>, RegExp | undefined]>([
    ['it is', route(), {}, undefined],
    ['it names no parent', route({ parentRefs: [] }), {}, /^HTTPRoute: it names no parent/],
    ['a wildcard takes its host', route({ hostnames: ['*.example'] }), {}, undefined],
    [
      'its parent is missing',
      route({ parentRefs: [{ name: 'publik', namespace: 'edge' }] }),
      {},
      /^HTTPRoute: .*`edge\/publik` as its parent, which does not exist/,
    ],
    [
      'one of several parents takes it',
      route({ parentRefs: [{ name: 'gone' }, { name: 'public', namespace: 'edge' }] }),
      {},
      undefined,
    ],
    [
      'there is no such listener',
      route({ parentRefs: [{ name: 'public', namespace: 'edge', sectionName: 'tls' }] }),
      {},
      /^HTTPRoute: .*listener `tls` of Gateway edge\/public, which has only `web:80`/,
    ],
    [
      'there is no such port',
      route({ parentRefs: [{ name: 'public', namespace: 'edge', port: 81 }] }),
      {},
      /^HTTPRoute: .*port `81`/,
    ],
    [
      'the listener keeps its namespace out, and was changed last',
      route({}, undefined, MADE),
      {
        'gateway-api-gateways': [
          gateway(
            { listeners: [{ name: 'web', port: 80, protocol: 'HTTP' }] },
            { metadata: { name: 'public', namespace: 'edge', generation: 2, creationTimestamp: LATER } },
          ),
        ],
      },
      /^Gateway: .*allows only routes from namespace `edge`/,
    ],
    [
      'a selector takes its namespace',
      route(),
      {
        'gateway-api-gateways': [
          gateway({
            listeners: [
              {
                name: 'web',
                port: 80,
                protocol: 'HTTP',
                allowedRoutes: {
                  namespaces: {
                    from: 'Selector',
                    selector: {
                      matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: ['front'] }],
                    },
                  },
                },
              },
            ],
          }),
        ],
      },
      undefined,
    ],
    [
      'a selector does not take its namespace',
      route(),
      {
        'gateway-api-gateways': [
          gateway({
            listeners: [
              {
                name: 'web',
                port: 80,
                protocol: 'HTTP',
                allowedRoutes: { namespaces: { from: 'Selector', selector: { matchLabels: { team: 'a' } } } },
              },
            ],
          }),
        ],
      },
      /allows only routes from namespaces that its selector matches/,
    ],
    [
      'the listener takes another protocol',
      route(),
      {
        'gateway-api-gateways': [
          gateway({
            listeners: [{ name: 'raw', port: 80, protocol: 'TCP', allowedRoutes: { namespaces: { from: 'All' } } }],
          }),
        ],
      },
      /raw \(TCP\)` of Gateway edge\/public allows no HTTPRoute/,
    ],
    [
      'no listener has its hostname',
      route({ hostnames: ['orders.test'] }),
      {},
      /^HTTPRoute: the listeners of Gateway edge\/public accept `\*\.example`, HTTPRoute front\/orders is for `orders\.test`/,
    ],
    [
      'its controller refuses it',
      route({}, said([REFUSED])),
      {},
      /^HTTPRoute: its controller says `Accepted=False NotAllowedByListeners: no`/,
    ],
    ['another controller refuses it', route({}, said([REFUSED], 'example.com/controller')), {}, undefined],
    ['it was refused before it was changed', route({}, said([{ ...REFUSED, observedGeneration: 2 }])), {}, undefined],
    [
      'its Gateway has a class that nobody has',
      route(),
      { 'gateway-api-gateways': [gateway({ gatewayClassName: 'istios' })] },
      /^Gateway: its class `istios` does not exist in this cluster/,
    ],
    [
      "its Gateway is another controller's",
      route({ hostnames: ['orders.test'] }),
      {
        'gateway-classes': [
          { kind: 'GatewayClass', metadata: { name: 'istio' }, spec: { controllerName: 'example.com/controller' } },
        ],
      },
      undefined,
    ],
  ])('%s', (_, one, objects, expected) => {
    const leads = attached(one, objects)
    if (expected === undefined) expect(leads).toEqual([])
    else expect(leads).toEqual([expect.stringMatching(expected)])
  })

  it('another listener that is not valid keeps no route out, its own does', () => {
    const bad = {
      type: 'ResolvedRefs',
      status: 'False',
      reason: 'InvalidCertificateRef',
      message: 'no',
      observedGeneration: 2,
    }
    const partly = (name: string): GatewayObject =>
      gateway(
        {},
        {
          status: {
            conditions: [
              { type: 'Accepted', status: 'False', reason: 'ListenersNotValid', observedGeneration: 2 },
              {
                type: 'Programmed',
                status: 'False',
                reason: 'AddressNotAssigned',
                message: 'address pending',
                observedGeneration: 2,
              },
            ],
            listeners: [{ name, conditions: [bad] }],
          },
        },
      )
    expect(attached(route(), { 'gateway-api-gateways': [partly('tls')] })).toEqual([])
    expect(attached(route(), { 'gateway-api-gateways': [partly('web')] })).toEqual([
      expect.stringMatching(
        /^Gateway: its controller says `ResolvedRefs=False InvalidCertificateRef: listener web: no`/,
      ),
    ])
  })

  it('a Gateway whose status is older than it says that nobody has judged it', () => {
    const old = { type: 'Programmed', status: 'True', reason: 'Programmed', observedGeneration: 1 }
    const lead = gatewayLead(gateway({}, { status: { conditions: [old] } }), evidenceOf({}))
    expect(lead?.why).toContain('no controller has processed it since it was changed')
    expect(
      gatewayLead(gateway({}, { status: { conditions: [{ ...old, observedGeneration: 2 }] } }), evidenceOf({})),
    ).toBeUndefined()
  })
})

describe('what is wrong with a backend', () => {
  const backend = (one: RouteObject, objects: Partial<ObjectEvidence> = {}): string[] =>
    backendLeads(one, undefined, evidenceOf({ 'http-routes': [one as never], ...objects })).map(
      ({ subject, why }) => `${subject.kind}: ${why}`,
    )
  const rules = (ref: Record<string, unknown>): Partial<Spec> => ({ rules: [{ backendRefs: [ref as never] }] })

  it.each<[string, RouteObject, Partial<ObjectEvidence>, RegExp | undefined]>([
    ['it is granted', route(), { 'reference-grants': [GRANT] }, undefined],
    [
      'it is granted by name',
      route(),
      {
        'reference-grants': [
          { ...GRANT, spec: { ...GRANT.spec, to: [{ group: '', kind: 'Service', name: 'orders' }] } },
        ],
      },
      undefined,
    ],
    [
      'nothing grants it',
      route(),
      {},
      /^HTTPRoute: .*no ReferenceGrant in namespace `shop` allows that to HTTPRoutes of namespace `front`/,
    ],
    [
      'a newer grant is for another Service',
      route({}, undefined, MADE),
      {
        'reference-grants': [
          {
            ...GRANT,
            metadata: { ...GRANT.metadata, creationTimestamp: LATER },
            spec: { ...GRANT.spec, to: [{ group: '', kind: 'Service', name: 'stock' }] },
          },
        ],
      },
      /^ReferenceGrant: it does not allow HTTPRoute front\/orders/,
    ],
    [
      'a newer grant is for routes of another group',
      route({}, undefined, MADE),
      {
        'reference-grants': [
          {
            ...GRANT,
            metadata: { ...GRANT.metadata, creationTimestamp: LATER },
            spec: { ...GRANT.spec, from: [{ group: '', kind: 'HTTPRoute', namespace: 'front' }] },
          },
        ],
      },
      /^ReferenceGrant: .* it is for `HTTPRoute of the core group of front`/,
    ],
    [
      'a grant elsewhere grants nothing',
      route(),
      { 'reference-grants': [{ ...GRANT, metadata: { ...GRANT.metadata, namespace: 'front' } }] },
      /^HTTPRoute: /,
    ],
    [
      'no such Service',
      route(rules({ name: 'order', namespace: 'shop', port: 8080 })),
      { 'reference-grants': [GRANT] },
      /^HTTPRoute: .*Service shop\/order, which does not exist; nearest: `orders`/,
    ],
    [
      'no such port',
      route(rules({ name: 'orders', namespace: 'shop', port: 80 })),
      { 'reference-grants': [GRANT] },
      /^HTTPRoute: requests are sent to port `80` of Service shop\/orders, which has only `8080`/,
    ],
    [
      'another kind',
      route(rules({ group: 'example.com', kind: 'Bucket', name: 'orders' })),
      {},
      /^HTTPRoute: it sends requests to a `Bucket`/,
    ],
    ['it gets no share of the requests', route(rules({ name: 'gone', weight: 0 })), {}, undefined],
  ])('%s', (_, one, objects, expected) => {
    const leads = backend(one, objects)
    if (expected === undefined) expect(leads).toEqual([])
    else expect(leads).toEqual([expect.stringMatching(expected)])
  })
})

describe('routes of every kind in one form', () => {
  const target = {
    asked: 'orders',
    ref: { kind: 'Service', name: 'orders', namespace: 'shop' },
    name: 'orders',
    namespace: 'shop',
    hosts: ['orders.shop.svc.cluster.local'],
    services: [],
    pods: [],
  }
  const forms = (objects: Partial<ObjectEvidence>): unknown[] =>
    routesFor(evidenceOf(objects), target).map(({ kind, spec }) => [kind, spec?.hosts, spec?.gateways, spec?.exportTo])

  it('an HTTPRoute is for its hostnames, or those of the listeners, at the Gateways it names', () => {
    const { hostnames: _, ...without } = route().spec as Spec & { hostnames?: string[] }
    expect(forms({ 'http-routes': [route() as never] })).toEqual([
      ['HTTPRoute', [HOST], ['edge/public.gateway.networking.k8s.io'], undefined],
    ])
    expect(forms({ 'http-routes': [{ ...route(), spec: without } as never] })).toEqual([
      ['HTTPRoute', ['*.example'], ['edge/public.gateway.networking.k8s.io'], undefined],
    ])
  })

  it('a route for a Service is for callers inside the mesh: for all beside the Service, for its own namespace elsewhere', () => {
    const inside = (namespace: string): RouteObject => ({
      ...route({ parentRefs: [{ group: '', kind: 'Service', name: 'orders', namespace: 'shop' }] }),
      metadata: { name: 'orders', namespace },
    })
    expect(forms({ 'http-routes': [inside('shop'), inside('front')] as never })).toEqual([
      ['HTTPRoute', ['orders.shop.svc.cluster.local'], ['mesh'], undefined],
      ['HTTPRoute', ['orders.shop.svc.cluster.local'], ['mesh'], ['.']],
    ])
  })

  it('a BackendTLSPolicy makes callers speak TLS to its Services, as a DestinationRule would', () => {
    const policy = {
      kind: 'BackendTLSPolicy',
      metadata: { name: 'orders', namespace: 'shop' },
      spec: { targetRefs: [{ group: '', kind: 'Service', name: 'orders' }], validation: { hostname: HOST } },
    }
    const rules = allRules(evidenceOf({ 'backend-tls-policies': [policy] }))
    expect(rules.map(({ kind, spec }) => [kind, spec?.host, spec?.trafficPolicy?.tls?.mode])).toEqual([
      ['BackendTLSPolicy', 'orders.shop.svc.cluster.local', 'SIMPLE'],
    ])
  })

  it("one that names other controllers' Gateways only is none of this mesh's", () => {
    expect(
      forms({
        'http-routes': [route() as never],
        'gateway-classes': [
          { kind: 'GatewayClass', metadata: { name: 'istio' }, spec: { controllerName: 'example.com/controller' } },
        ],
      }),
    ).toEqual([])
  })
})
