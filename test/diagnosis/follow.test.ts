import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { CallerError } from '../../src/diagnosis/follow/caller.ts'
import { parseFollow, type FollowWords } from '../../src/diagnosis/follow/question.ts'
import type { FollowReport, Hop } from '../../src/diagnosis/follow/report.ts'
import { followText, hopRows, reasonsOf } from '../../src/report/follow-text.ts'
import { follow } from '../../src/diagnosis/follow.ts'
import { pathPicture } from '../../src/report/path-picture.ts'
import { AmbiguousTargetError, UnknownTargetError } from '../../src/diagnosis/target-errors.ts'
import { parseRecording, replayClients, type Recording } from '../../src/evidence/clients/recording.ts'
import { recordedClients } from '../replay.ts'
import { SCENARIOS, situations } from '../situation.ts'

const HOST = 'catalog.istioinaction.io'
const FQDN = 'catalog.istioinaction.svc.cluster.local'
const run = (from: string, text = `${HOST}/items`, words: FollowWords = { from: 'ingress' }): Promise<FollowReport> =>
  follow(parseFollow(text, words), recordedClients(from))

/** The headline, and what stands under it. */
const told = (report: FollowReport): string => [report.headline, ...reasonsOf(report)].join(' ')

const load = (from: string): Recording => parseRecording(readFileSync(join(SCENARIOS, from, 'recording.json'), 'utf8'))
/** A recorded mesh with the answers to some calls made otherwise. */
function altered(
  from: string,
  change: (call: string, json: unknown) => unknown,
  text?: (call: string) => string | undefined,
) {
  const recording = load(from)
  const calls = recording.calls.map((entry) => {
    const cut = text?.(entry.call)
    if (cut !== undefined) {
      const { json: _, ...rest } = entry
      return { ...rest, text: cut }
    }
    return entry.json === undefined ? entry : { ...entry, json: change(entry.call, structuredClone(entry.json)) }
  })
  return replayClients({ ...recording, calls })
}
const same = (_: string, json: unknown): unknown => json

describe('chapter 10 from the ingress gateway', () => {
  it('dies at the cluster while the DestinationRule is missing', async () => {
    const report = await run('chapter-10/ill')
    expect(report).toMatchObject({
      dies: 'cluster',
      outcome: 'dies',
      caller: { kind: 'ingress' },
      pods: [],
      clusters: [
        { name: `outbound|80|version-v1|${FQDN}`, weight: 20 },
        { name: `outbound|80|version-v2|${FQDN}`, weight: 80 },
      ],
      hops: [
        {
          stage: 'listener',
          ok: true,
          name: '0.0.0.0_8080',
          objects: [{ kind: 'Gateway', namespace: 'istioinaction', name: 'catalog-gateway' }],
        },
        {
          stage: 'route',
          ok: true,
          name: `http.8080 ${HOST}:80`,
          objects: [{ kind: 'VirtualService', namespace: 'istioinaction', name: 'catalog-v1-v2' }],
        },
        {
          stage: 'cluster',
          ok: false,
          name: `outbound|80|version-v1|${FQDN}`,
          objects: [{ kind: 'Service', namespace: 'istioinaction', name: 'catalog' }],
        },
        { stage: 'cluster', ok: false, name: `outbound|80|version-v2|${FQDN}` },
      ],
    })
    expect(report.hops[2]?.says).toContain(`No DestinationRule for ${FQDN} defines a subset version-v1.`)
    expect(report.hops[2]?.command).toMatch(
      /^istioctl proxy-config clusters istio-ingressgateway-\S+\.istio-system --fqdn catalog\.istioinaction\.svc\.cluster\.local --port 80 --subset version-v1 -o json$/,
    )
  })

  it('arrives at the pods once it is there', async () => {
    const report = await run('chapter-10/mended')
    expect(report).toMatchObject({ dies: null, outcome: 'arrives' })
    expect(report.hops.every(({ ok, sure }) => ok && sure)).toBe(true)
    expect(report.hops.map(({ stage }) => stage)).toEqual([
      'listener',
      'route',
      'cluster',
      'cluster',
      'endpoints',
      'endpoints',
      'inbound',
      'inbound',
    ])
    expect(report.pods.map(({ name }) => name.replace(/-[^-]+-[^-]+$/, '')).sort()).toEqual([
      'catalog',
      'catalog-v2',
      'catalog-v2',
    ])
    expect(report.hops.find(({ stage }) => stage === 'cluster')?.objects).toContainEqual({
      kind: 'DestinationRule',
      namespace: 'istioinaction',
      name: 'catalog',
    })
    expect(report.hops.at(-1)?.says).toMatch(
      /^virtualInbound accepts mTLS as spiffe:\/\/cluster\.local\/ns\/istio-system\/sa\/\S+ and hands the request to port 3000 of the application/,
    )
  })

  it.each([
    [
      'another host',
      'orders.istioinaction.io/items',
      'route',
      'No virtual host of http.8080 matches the host orders.istioinaction.io',
    ],
    ['a port nothing listens on', `${HOST}:8443/items`, 'listener', 'listens on port 8443'],
    ['plain text where TLS would be', `https://${HOST}/items`, 'listener', 'listens on port 8443'],
    [
      'TLS where plain text is read',
      `https://${HOST}:80/items`,
      'listener',
      'The client speaks TLS, and this listener reads HTTP in plain text: Envoy answers 400 (DPE http1.codec_error)',
    ],
  ])('dies with %s', async (_, text, stage, says) => {
    const report = await run('chapter-10/mended', text)
    expect(report).toMatchObject({ dies: stage, outcome: 'dies', clusters: [] })
    expect(report.hops.at(-1)?.says).toContain(says)
  })
})

it('a gateway that no Service selects: at which of its ports it is reached is not known', async () => {
  const clients = altered('chapter-10/mended', (call, json) =>
    call.startsWith('kubernetes list services')
      ? (json as { metadata: { namespace?: string }; spec: object }[]).map((one) =>
          one.metadata.namespace === 'istio-system' ? { ...one, spec: { ...one.spec, selector: undefined } } : one,
        )
      : json,
  )
  const report = await follow(parseFollow(`${HOST}/items`, { from: 'ingress' }), clients)
  expect(report).toMatchObject({ outcome: 'unclear', hops: [{ stage: 'listener', ok: false, sure: false }] })
  expect(report.hops[0]?.says).toContain('no Service selects it that would say at which of its ports it is reached')
})

describe('chapter 10 from a sidecar', () => {
  const from = { from: 'deploy/catalog', namespace: 'istioinaction' }
  it.each([`catalog/items`, 'catalog.istioinaction', `${FQDN}:80/`, 'ADDRESS/items'])('%s arrives', async (text) => {
    const services = load('chapter-10/mended').calls.find(({ call }) => call.startsWith('kubernetes list services'))
      ?.json as { metadata: { name: string }; spec: { clusterIP: string } }[]
    const address = services.find(({ metadata }) => metadata.name === 'catalog')?.spec.clusterIP ?? ''
    const report = await run('chapter-10/mended', text.replace('ADDRESS', address), from)
    expect(report).toMatchObject({
      dies: null,
      outcome: 'arrives',
      clusters: [{ name: `outbound|80||${FQDN}`, weight: 100 }],
      caller: { kind: 'sidecar' },
    })
    expect(report.hops[0]?.notes).toContainEqual(expect.stringContaining('virtualOutbound (0.0.0.0:15001)'))
  })

  it('a URL goes to the port of its scheme, a bare host to the one its Service has', async () => {
    const clients = altered('chapter-10/mended', (call, json) =>
      call.startsWith('kubernetes list services')
        ? (json as { metadata: { name: string }; spec: { ports: { port: number }[] } }[]).map((one) =>
            one.metadata.name === 'catalog'
              ? { ...one, spec: { ...one.spec, ports: one.spec.ports.map((port) => ({ ...port, port: 8081 })) } }
              : one,
          )
        : json,
    )
    for (const [text, port] of [
      ['catalog/items', 8081],
      ['http://catalog/items', 80],
      ['https://catalog/items', 443],
      ['http://catalog:8081/items', 8081],
    ] as const)
      expect((await follow(parseFollow(text, from), clients)).request.port).toBe(port)
  })

  it('a host the proxy does not know is passed on', async () => {
    const report = await run('chapter-10/mended', 'http://api.example.com/v1', from)
    expect(report).toMatchObject({
      dies: null,
      outcome: 'unclear',
      clusters: [{ name: 'PassthroughCluster', weight: 100 }],
    })
    expect(told(report)).toContain('api.example.com is unknown to this proxy: it passes the connection on')
  })

  it('and dies where the mesh lets nothing unregistered out', async () => {
    // As istiod writes it with outboundTrafficPolicy REGISTRY_ONLY.
    const clients = altered('chapter-10/mended', (call, json) =>
      call.includes(' routes catalog-')
        ? JSON.parse(
            JSON.stringify(json)
              .replaceAll('"name":"allow_any"', '"name":"block_all"')
              .replaceAll(
                '"route":{"cluster":"PassthroughCluster","timeout":"0s","maxGrpcTimeout":"0s"}',
                '"directResponse":{"status":502}',
              ),
          )
        : call.includes(' listeners catalog-')
          ? JSON.parse(
              JSON.stringify(json).replaceAll('"cluster":"PassthroughCluster"', '"cluster":"BlackHoleCluster"'),
            )
          : json,
    )
    const http = await follow(parseFollow('http://api.example.com/v1', from), clients)
    expect(http).toMatchObject({ dies: 'route', outcome: 'dies', clusters: [] })
    expect(told(http)).toContain('answers 502 itself: the host is unknown to this proxy')
    const tcp = await follow(parseFollow('https://api.example.com/v1', from), clients)
    expect(tcp).toMatchObject({ dies: 'cluster', clusters: [{ name: 'BlackHoleCluster' }] })
  })
})

describe('a gateway that ends TLS', () => {
  const asking = altered('gateway-certificate-expired/mended', (call, json) =>
    call.includes(' listeners shop-gateway-')
      ? JSON.parse(
          JSON.stringify(json).replaceAll('"requireClientCertificate":false', '"requireClientCertificate":true'),
        )
      : json,
  )

  it('is asked on the port of a URL, also where another port takes every host', async () => {
    const clients = altered('gateway-certificate-expired/mended', (call, json) =>
      call.startsWith('kubernetes list gateways')
        ? (json as { spec: { servers: object[] } }[]).map((one) => ({
            ...one,
            spec: {
              ...one.spec,
              servers: [
                { port: { number: 9443, name: 'any', protocol: 'HTTPS' }, hosts: ['*'], tls: { mode: 'SIMPLE' } },
                ...one.spec.servers,
              ],
            },
          }))
        : json,
    )
    for (const [text, port] of [
      [`https://${HOST}/items`, 443],
      ['https://other.example.com/items', 443],
      ['https://other.example.com:9443/items', 9443],
    ] as const)
      expect((await follow(parseFollow(text, { from: 'ingress' }), clients)).request.port).toBe(port)
  })

  it('takes a request of any client, or asks it for a certificate that may not be there', async () => {
    expect(await run('gateway-certificate-expired/mended', `https://${HOST}/items`)).toMatchObject({
      outcome: 'arrives',
    })
    const report = await follow(parseFollow(`https://${HOST}/items`, { from: 'ingress' }), asking)
    expect(report).toMatchObject({ dies: null, outcome: 'unclear', clusters: [{ name: `outbound|80||${FQDN}` }] })
    expect(report.headline).toContain('unclear at the listener')
    expect(told(report)).toContain("asks for the client's certificate: whether it has one is not known")
  })
})

/** Where the request of each recorded situation dies, followed from the gateway. Of others nothing in the configuration tells that they are ill. */
const DIES: Readonly<Record<string, string>> = {
  'all-endpoints-ejected': 'endpoints',
  'allow-nothing': 'inbound',
  'authorization-denied': 'inbound',
  'chapter-10': 'cluster',
  'conflicting-virtual-services': 'route',
  'crashing-application': 'endpoints',
  'fault-left-on': 'route',
  'gateway-host-mismatch': 'route',
  'gateway-selector': 'listener',
  'hidden-subset': 'cluster',
  'image-not-found': 'endpoints',
  'mesh-only-virtual-service': 'route',
  'mtls-mode-conflict': 'inbound',
  'no-sidecar': 'inbound',
  'not-ready': 'endpoints',
  'scaled-to-zero': 'endpoints',
  'selector-matches-nothing': 'endpoints',
  'subset-without-pods': 'endpoints',
  'unbound-virtual-service': 'route',
  'unnamed-port': 'cluster',
  'unnamed-target-port': 'endpoints',
  'wrong-host': 'cluster',
  'wrong-port': 'cluster',
}
const RECORDED = situations().filter(({ name }) => existsSync(join(SCENARIOS, name, 'mended', 'recording.json')))

describe.each(RECORDED.filter(({ name }) => DIES[name] !== undefined))('$name', ({ name }) => {
  it('dies where it is ill, and arrives when mended', async () => {
    const ill = await run(`${name}/ill`)
    const mended = await run(`${name}/mended`)
    expect([ill.dies, mended.dies, mended.outcome]).toEqual([DIES[name], null, 'arrives'])
  })
})

it('a port that no container declares is not said to be arrived at', async () => {
  const report = await run('wrong-target-port/ill')
  expect(report).toMatchObject({ outcome: 'unclear', dies: null })
  expect(told(report)).toContain('declare 3000, not')
  expect(await run('wrong-target-port/mended')).toMatchObject({ outcome: 'arrives' })
})

describe('every recording', () => {
  it.each(RECORDED.flatMap(({ name }) => ['ill', 'mended'].map((phase) => `${name}/${phase}`)))(
    '%s is followed to an answer',
    async (from) => {
      const report = await run(from)
      expect(report.hops.length).toBeGreaterThan(0)
      expect(report.headline.length, report.headline).toBeLessThanOrEqual(150)
      expect(report.dies).toBe(report.hops.find(({ ok, sure }) => !ok && sure)?.stage ?? null)
      for (const hop of report.hops) {
        expect(hop.command).toMatch(/^(istioctl|kubectl) /)
        expect(hop.says).not.toMatch(/undefined|NaN|\[object/)
      }
      expect(followText(report)).not.toMatch(/undefined|\[object/)
    },
  )
})

describe('what was not seen is never "not there"', () => {
  it('a dump that was cut off half-way', async () => {
    for (const [kind, stage] of [
      ['listeners', 'listener'],
      ['routes', 'route'],
      ['clusters', 'cluster'],
      ['endpoints', 'endpoints'],
    ] as const) {
      const clients = altered('chapter-10/mended', same, (call) =>
        call.includes(`proxy-config ${kind} istio-ingressgateway`) ? '[{"name":"half' : undefined,
      )
      const report = await follow(parseFollow(`${HOST}/items`, { from: 'ingress' }), clients)
      expect(report, kind).toMatchObject({ dies: null, outcome: 'unclear' })
      expect(
        report.hops.find(({ ok }) => !ok),
        kind,
      ).toMatchObject({ stage, sure: false, says: expect.stringContaining('unparsable') as unknown })
    }
  })

  it('pods that may not be listed', async () => {
    const recording = load('chapter-10/mended')
    const calls = recording.calls.map((entry) =>
      entry.call.includes('list pods')
        ? { call: entry.call, failed: { reason: 'forbidden' as const, detail: 'pods is forbidden' } }
        : entry,
    )
    const report = await follow(
      parseFollow(`${HOST}/items`, { from: 'ingress' }),
      replayClients({ ...recording, calls }),
    )
    expect(report).toMatchObject({
      dies: null,
      outcome: 'unclear',
      hops: [{ stage: 'listener', ok: false, sure: false }],
    })
    expect(report.headline).toContain('forbidden')
  })
})

describe('dumps of other versions', () => {
  it('with fields that are not known', async () => {
    const grown = (piece: object): object => ({
      ...piece,
      futureField: { a: [1] },
      metadata: { ...(piece as { metadata?: object }).metadata, typedFilterMetadata: {} },
    })
    const clients = altered('chapter-10/mended', (call, json) =>
      call.includes('proxy-config')
        ? Array.isArray(json)
          ? (json as object[]).map(grown)
          : grown(json as object)
        : json,
    )
    expect(await follow(parseFollow(`${HOST}/items`, { from: 'ingress' }), clients)).toMatchObject({
      outcome: 'arrives',
    })
  })

  it('without fields that are there today', async () => {
    const fields = [
      'metadata',
      'trafficDirection',
      'listenerFiltersTimeout',
      'decorator',
      'commonLbConfig',
      'locality',
      'ignorePortInHostMatching',
      'altStatName',
      'lbPolicy',
    ]
    const clients = altered('chapter-10/mended', (call, json) =>
      call.includes('proxy-config')
        ? JSON.parse(JSON.stringify(json, (key, value: unknown) => (fields.includes(key) ? undefined : value)))
        : json,
    )
    expect(await follow(parseFollow(`${HOST}/items`, { from: 'ingress' }), clients)).toMatchObject({
      outcome: 'arrives',
      dies: null,
    })
  })
})

describe('a caller that will not do', () => {
  const fails = (text: string, words: FollowWords, from = 'chapter-10/mended'): Promise<unknown> =>
    run(from, text, words).then(
      () => {
        throw new Error('it was followed')
      },
      (error: unknown) => error,
    )

  it('is told with those that would', async () => {
    const without = await fails('catalog', { from: 'deploy/catalog', namespace: 'istioinaction' }, 'no-sidecar/ill')
    expect(without).toBeInstanceOf(CallerError)
    expect((without as Error).message).toContain('no Istio proxy')
    const unknown = await fails('catalog', { from: 'deploy/catalgo', namespace: 'istioinaction' })
    expect(unknown).toBeInstanceOf(UnknownTargetError)
    expect((unknown as UnknownTargetError).nearest).toContain('catalog')
  })

  it('is asked for when the host says nothing', async () => {
    const error = await fails('api.example.com', {})
    expect(error).toBeInstanceOf(UnknownTargetError)
    expect((error as Error).message).toContain('--from')
  })

  it('is ambiguous when several namespaces have the name', async () => {
    const clients = altered('chapter-10/mended', (call, json) =>
      call.includes('list services')
        ? [...(json as object[]), { kind: 'Service', metadata: { name: 'catalog', namespace: 'shop' }, spec: {} }]
        : json,
    )
    await expect(follow(parseFollow('catalog/items', {}), clients)).rejects.toThrow(AmbiguousTargetError)
  })
})

describe('shown', () => {
  it('as a table of hops', async () => {
    expect(hopRows(await run('chapter-10/ill')).map(([mark, stage]) => `${mark} ${stage}`)).toEqual([
      '✓ listener',
      '✓ route',
      '✗ cluster',
      '✗ cluster',
    ])
  })

  it('as text, with the piece where it dies and the command of every hop', async () => {
    const text = followText(await run('gateway-host-mismatch/ill'))
    expect(text).toMatch(/^Fails: GET http:\/\/catalog\.istioinaction\.io\/items fails at the route[.:]/)
    expect(text).toContain('$ istioctl proxy-config routes istio-ingressgateway')
  })

  it('as a picture that is whole XML, whatever the names', async () => {
    for (const from of ['chapter-10/ill', 'chapter-10/mended']) {
      const picture = pathPicture(await run(from))
      expect(picture.match(/<rect /g)).toHaveLength(1 + (await run(from)).hops.length)
      expect(picture.replace(/&(amp|lt|gt|quot|apos);/g, '')).not.toContain('&')
    }
    const report = await run('chapter-10/ill')
    const hop: Hop = {
      stage: 'cluster',
      ok: false,
      sure: true,
      name: '<script>alert("x")</script>&',
      objects: [],
      says: ']]> \u0000 </svg>',
      notes: [],
      command: '',
    }
    const picture = pathPicture({ ...report, headline: '<b>', hops: [hop] })
    for (const raw of ['<script', '<b>', '\u0000']) expect(picture).not.toContain(raw)
    expect(picture.match(/<\/svg>/g)).toHaveLength(1)
  })
})
