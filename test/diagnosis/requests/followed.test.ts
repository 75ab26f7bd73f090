import { describe, expect, it } from 'vitest'
import type { RequestClass } from '../../../src/diagnosis/requests/classes.ts'
import { followEvery } from '../../../src/diagnosis/requests/follow-every.ts'
import { type Followed } from '../../../src/diagnosis/requests/followed.ts'
import { lastAnswerAtTarget } from '../../../src/diagnosis/requests/unread.ts'
import { parseFollow } from '../../../src/diagnosis/follow/question.ts'
import type { AccessLogLine } from '../../../src/mesh/access-log.ts'
import { edited } from './edited.ts'
import { MOMENT, row } from './rows.ts'

const OK: Partial<AccessLogLine> = { code: 200, flags: [], details: 'via_upstream' }
const BROKEN: Partial<AccessLogLine> = { code: 503, flags: ['LR'], details: 'local_reset' }

/** The last requests of a log, each with other facts. */
const lastAs =
  (...facts: Partial<AccessLogLine>[]) =>
  (lines: AccessLogLine[]): AccessLogLine[] =>
    lines.slice(-facts.length).map((line, index) => ({ ...line, ...facts[index] }))

const ELSEWHERE: Partial<AccessLogLine> = {
  ...OK,
  upstreamCluster: 'outbound|80||another.istioinaction.svc.cluster.local',
}
const NO_CLUSTER = Array.from({ length: 4 }, (): Partial<AccessLogLine> => ({
  code: 500,
  flags: ['NC'],
  details: 'cluster_not_found',
}))

/** One recorded request again and again, each time with other facts. */
const many =
  (...facts: Partial<AccessLogLine>[]) =>
  (lines: AccessLogLine[]): AccessLogLine[] => {
    const { upstreamCluster: _, ...last } = lines.at(-1)!
    const began = Date.parse(last.at)
    return facts.map((one, index) => ({
      ...last,
      requestId: String(index),
      at: new Date(began + index).toISOString(),
      ...one,
    }))
  }

async function atGateway(
  from: string,
  log: (lines: AccessLogLine[]) => AccessLogLine[],
  objects: Parameters<typeof edited>[1]['objects'] = {},
): Promise<unknown[]> {
  const { evidence, target } = await edited(from, { log, objects })
  const { followed: all } = await followEvery(target, evidence, { at: '2026-01-01T00:00:00Z' })
  return all
    .filter(({ requests: { caller } }) => caller?.kind === 'ingress')
    .map(({ way, present: { state }, outcome, standing }: Followed) => [way?.foreseen, state, outcome, standing])
}

describe('what is foreseen for a class and what was seen of it', () => {
  it.each<[string, from: string, Partial<AccessLogLine>[], unknown[]]>([
    ['it arrives, and is answered', 'chapter-10/mended', [OK, OK], ['arrives', 'answered', 'arrives', 'observed']],
    ['it arrives, and nobody asked', 'chapter-10/mended', [], ['arrives', 'none', 'arrives', 'live']],
    [
      'it arrives, and was seen to fail',
      'chapter-10/mended',
      [BROKEN, BROKEN],
      ['arrives', 'fails', 'fails', 'observed'],
    ],
    ['it arrives, and one request failed', 'chapter-10/mended', [BROKEN], ['arrives', 'few', 'arrives', 'live']],
    [
      'it fails, and was seen to',
      'unbound-virtual-service/ill',
      [BROKEN, BROKEN],
      ['fails', 'fails', 'fails', 'observed'],
    ],
    ['it fails, and nobody asked', 'unbound-virtual-service/ill', [], ['fails', 'none', 'fails', 'live']],
    [
      'it fails, and is answered all the same',
      'unbound-virtual-service/ill',
      [OK, OK],
      ['fails', 'answered', 'contradicted', 'observed'],
    ],
    ['it may arrive, and nobody knows', 'wrong-target-port/ill', [], ['unknown', 'none', 'unknown', 'live']],
    ['it may arrive, and does', 'wrong-target-port/ill', [OK, OK], ['unknown', 'answered', 'arrives', 'observed']],
    [
      'it may arrive, and the one request failed',
      'wrong-target-port/ill',
      [BROKEN],
      ['unknown', 'few', 'unknown', 'live'],
    ],
  ])('%s', async (_, from, lines, expected) => {
    expect(await atGateway(from, lines.length === 0 ? () => [] : lastAs(...lines))).toEqual([expected])
  })

  it.each<[string, Partial<AccessLogLine>[], unknown[]]>([
    [
      'are over',
      [...NO_CLUSTER, ...Array.from({ length: 20 }, () => ELSEWHERE)],
      ['arrives', 'over', 'arrives', 'observed'],
    ],
    [
      'go on',
      [...Array.from({ length: 20 }, () => ELSEWHERE), ...NO_CLUSTER],
      ['arrives', 'fails', 'fails', 'observed'],
    ],
  ])(
    'failures that name no destination, and answers of another Service to the same requests: they %s',
    async (_, lines, expected) => {
      expect(await atGateway('chapter-10/mended', many(...lines))).toEqual([expected])
    },
  )

  it.each<[string, namespace: string, seen: unknown[]]>([
    ['in a namespace that has no part in it', 'elsewhere', ['arrives', 'fails', 'fails', 'observed']],
    ["in the target's namespace", 'istioinaction', ['arrives', 'none', 'arrives', 'live']],
    ["in the mesh's root namespace", 'istio-system', ['arrives', 'none', 'arrives', 'live']],
  ])('failures before a Sidecar or EnvoyFilter changed %s', async (_, namespace, expected) => {
    const metadata = { name: 'late', namespace, creationTimestamp: '2999-01-01T00:00:00Z' }
    for (const kind of ['sidecars', 'envoy-filters'])
      expect(
        await atGateway('chapter-10/mended', lastAs(BROKEN, BROKEN), { [kind]: [{ metadata, spec: {} }] }),
        kind,
      ).toEqual([expected])
  })

  it.each<[string, host: string, seen: unknown[]]>([
    ['another host', 'api.example', ['arrives', 'fails', 'fails', 'observed']],
    ['hosts of the target among others', '*.istioinaction.svc.cluster.local', ['arrives', 'none', 'arrives', 'live']],
  ])('failures before a ServiceEntry changed that names %s', async (_, host, expected) => {
    const late = { metadata: { name: 'late', creationTimestamp: '2999-01-01T00:00:00Z' }, spec: { hosts: [host] } }
    expect(await atGateway('chapter-10/mended', lastAs(BROKEN, BROKEN), { 'service-entries': [late] })).toEqual([
      expected,
    ])
  })

  it.each<[string, namespace: string, from: string, seen: unknown[]]>([
    ['of namespaces that have no part in it', 'elsewhere', 'others', ['arrives', 'fails', 'fails', 'observed']],
    ['beside the target', 'istioinaction', 'others', ['arrives', 'none', 'arrives', 'live']],
    ['for the namespace of its routes', 'elsewhere', 'istioinaction', ['arrives', 'none', 'arrives', 'live']],
  ])('failures before a ReferenceGrant changed %s', async (_, namespace, from, expected) => {
    const late = {
      metadata: { name: 'late', namespace, creationTimestamp: '2999-01-01T00:00:00Z' },
      spec: { from: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: from }], to: [] },
    }
    expect(await atGateway('chapter-10/mended', lastAs(BROKEN, BROKEN), { 'reference-grants': [late] })).toEqual([
      expected,
    ])
  })

  it('of a host that no object names, requests that are answered contradict what is foreseen', async () => {
    expect(
      await atGateway('wrong-host/mended', lastAs(...[1, 2, 3].map(() => ({ ...OK, authority: 'old.example' })))),
    ).toContainEqual(['fails', 'answered', 'contradicted', 'observed'])
  })
})

describe('what connections of which no host was read got', () => {
  const from = (address: string, text: string): RequestClass => ({
    question: parseFollow('catalog.shop/'),
    isNamed: true,
    requests: row(text).map((one) => ({ ...one, entry: { ...one.entry, downstreamRemote: address } })),
  })
  const bare = from('10.0.0.7:4000', '3 tcp')
  it.each<[string, RequestClass[], ReturnType<typeof lastAnswerAtTarget>]>([
    ['nobody knows', [], undefined],
    ['another client was answered', [from('10.0.0.8:4000', '2 ok')], undefined],
    ['it was answered, long ago', [from('10.0.0.7:5000', '-2 ok')], undefined],
    ['it was refused, then answered', [from('10.0.0.7:5000', '2 rbac, 1 ok')], 'answered'],
    ['it was answered, then refused', [from('10.0.0.7:5000', '2 ok, 1 rbac')], 'failed'],
  ])("by the target's own log: %s", (_, classes, expected) => {
    expect(lastAnswerAtTarget(bare, classes, MOMENT)).toBe(expected)
  })
})
