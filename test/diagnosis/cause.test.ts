import { describe, expect, it } from 'vitest'
import type { Check, Code, Finding, Problem, Standing } from '../../src/checks/check.ts'
import { causeOf, causeOfFailing, withoutOthers, withoutPassed, withoutUnmet } from '../../src/diagnosis/cause.ts'
import { verdictOf } from '../../src/diagnosis/verdict.ts'
import type { Skipped } from '../../src/diagnosis/report.ts'
import type { EvidenceKind } from '../../src/evidence/reading.ts'

const problem = (explains: Code[] = [], symptom = false): Problem => ({
  severity: 'error',
  title: 't',
  says: 's',
  remedy: 'r',
  explains,
  ...(symptom && { symptom: true }),
})
const check: Check = {
  name: 'check',
  about: 'a',
  needs: [],
  run: () => [],
  problems: {
    MESH0001: problem(['MESH0002', 'MESH0003']),
    MESH0002: problem(['MESH0003']),
    MESH0003: problem([], true),
    MESH0004: problem(),
    MESH0402: { ...problem(), counts: 'failures' },
    MESH0404: { ...problem(), severity: 'warning', counts: 'failures' },
    MESH0405: problem(),
    MESH0503: { ...problem(), counts: 'refusals' },
  },
}
function finding(
  code: Code,
  standing: Standing = 'live',
  scope: string[] = ['shop'],
  severity: Finding['severity'] = 'error',
): Finding {
  return {
    code,
    check: 'check',
    severity,
    standing,
    subject: { kind: 'Pod', name: code },
    args: {},
    because: [{ kind: 'pods', source: 'kubectl', at: '', says: '' }],
    scope,
  }
}
const cause = (...findings: Finding[]) => causeOf([check], findings)?.finding.code

describe('the cause', () => {
  it('is the finding that the others follow from', () => {
    expect(cause(finding('MESH0003', 'observed'), finding('MESH0002', 'observed'), finding('MESH0001', 'live'))).toBe(
      'MESH0001',
    )
  })
  it('is never a symptom', () => expect(cause(finding('MESH0003', 'observed'))).toBeUndefined())
  it('is never only configured', () => expect(cause(finding('MESH0001', 'configured'))).toBeUndefined())
  it('is no warning', () => expect(cause(finding('MESH0001', 'observed', ['shop'], 'warning'))).toBeUndefined())
  it('is not guessed between two that explain nothing of each other', () => {
    expect(cause(finding('MESH0001'), finding('MESH0004'))).toBeUndefined()
  })
  it('is the one traffic shows, when the other is only live', () => {
    expect(cause(finding('MESH0001'), finding('MESH0004', 'observed'))).toBe('MESH0004')
  })
  it('explains only what it shares a host or pod with', () => {
    expect(cause(finding('MESH0001', 'live', ['other']), finding('MESH0002', 'live', ['shop']))).toBeUndefined()
  })
  it('names what it explains', () => {
    expect(
      causeOf([check], [finding('MESH0001'), finding('MESH0003', 'observed')])?.explains.map(({ code }) => code),
    ).toEqual(['MESH0003'])
  })
})

describe('the cause of requests that fail', () => {
  const ref = (name: string, kind = 'VirtualService'): Finding['subject'] => ({ kind, namespace: 'shop', name })
  const about = (one: Finding, name: string, kind?: string): Finding => ({ ...one, subject: ref(name, kind) })
  /** What following blames: `MESH0004 routes`. */
  const blamed = (...names: string[]) => ({
    best: names.map((name) => ref(...(name.split('/').toReversed() as [string]))),
    findings: names.map((name) =>
      about(finding('MESH0004', 'observed'), ...(name.split('/').toReversed() as [string])),
    ),
    deeper: [] as Finding['subject'][],
    borneOut: [] as Finding['subject'][],
    standing: 'observed' as const,
  })
  const told = (checked: readonly Finding[], by: ReturnType<typeof blamed>): unknown => {
    const { cause: named, candidates } = causeOfFailing([check], checked, by)
    const said = ({ code, subject, subjects, standing }: Finding): string =>
      `${code} ${(subjects ?? [subject]).map(({ name }) => name).join('+')} ${standing}`
    return named === undefined ? candidates?.map(said) : said(named.finding)
  }
  const NOBODY = { best: [], findings: [], deeper: [], borneOut: [], standing: 'observed' as const }

  it.each<[string, readonly Finding[], ReturnType<typeof blamed>, unknown]>([
    ['is the object that following blames', [], blamed('routes'), 'MESH0004 routes observed'],
    [
      "is told in the words of a check that knows the object's fault",
      [about(finding('MESH0002', 'observed'), 'routes')],
      blamed('routes'),
      'MESH0002 routes observed',
    ],
    [
      'is known as following knows it, where the check saw objects only',
      [about(finding('MESH0002', 'configured'), 'routes')],
      blamed('routes'),
      'MESH0002 routes observed',
    ],
    [
      'is not told in the words of a symptom, or of a warning',
      [
        about(finding('MESH0003', 'observed'), 'routes'),
        about(finding('MESH0001', 'live', ['shop'], 'warning'), 'routes'),
      ],
      blamed('routes'),
      'MESH0004 routes observed',
    ],
    [
      'is one object, however many findings are about it',
      [about(finding('MESH0002', 'observed'), 'routes'), about(finding('MESH0002', 'observed'), 'routes')],
      NOBODY,
      'MESH0002 routes observed',
    ],
    [
      'is no workload that is known by its failures alone, when following blames another object',
      [about(finding('MESH0402', 'observed'), 'catalog', 'Deployment')],
      blamed('routes'),
      'MESH0004 routes observed',
    ],
    [
      'is that workload when following blames nobody',
      [about(finding('MESH0402', 'observed'), 'catalog', 'Deployment')],
      NOBODY,
      'MESH0402 catalog observed',
    ],
    [
      'is that workload when following blames it too',
      [about(finding('MESH0402', 'observed'), 'catalog', 'Deployment')],
      blamed('Deployment/catalog'),
      'MESH0402 catalog observed',
    ],
    [
      'is what a check explains it by, when that is more than a symptom',
      [about(finding('MESH0001', 'observed'), 'certificate', 'Secret')],
      blamed('routes'),
      'MESH0001 certificate observed',
    ],
    [
      'is what following blames after all, when that says why the other is not to blame',
      [about(finding('MESH0001', 'observed'), 'certificate', 'Secret')],
      { ...blamed('routes'), deeper: [ref('routes')] },
      'MESH0004 routes observed',
    ],
    [
      'is what failures alone tell of another object, when following does not know where they come from',
      [about(finding('MESH0405', 'observed'), 'catalog', 'Deployment')],
      blamed('routes'),
      'MESH0405 catalog observed',
    ],
    [
      'is what following blames where the walk fails and requests do',
      [about(finding('MESH0405', 'observed'), 'catalog', 'Deployment')],
      { ...blamed('routes'), borneOut: [ref('routes')] },
      'MESH0004 routes observed',
    ],
    ['is nothing when nobody is blamed', [], NOBODY, undefined],
    ['is siblings together', [], blamed('routes', 'more-routes'), 'MESH0004 routes+more-routes observed'],
    [
      'is one of several that differ: they are candidates, each in its best words',
      [about(finding('MESH0002', 'configured'), 'routes')],
      blamed('routes', 'DestinationRule/pool'),
      ['MESH0002 routes observed', 'MESH0004 pool observed'],
    ],
    [
      'is what a check says of one of those candidates and its cause',
      [about(finding('MESH0001', 'observed'), 'pool', 'DestinationRule')],
      blamed('routes', 'DestinationRule/pool'),
      'MESH0001 pool observed',
    ],
  ])('%s', (_, checked, by, expected) => expect(told(checked, by)).toEqual(expected))

  it('explains all else that hurts', () => {
    const errors = about(finding('MESH0402', 'observed'), 'catalog', 'Deployment')
    const { cause: named } = causeOfFailing([check], [errors], blamed('routes'))
    expect(named?.explains).toEqual([errors])
  })

  it('leaves failures that are over out of the findings', () => {
    const kept = [finding('MESH0001'), finding('MESH0402', 'observed', ['shop'], 'warning')]
    expect(withoutPassed([check], [...kept, finding('MESH0402', 'observed')], true)).toEqual(kept)
  })

  it('leaves a few failures out when no class has a few', () => {
    const few = finding('MESH0404', 'observed', ['shop'], 'warning')
    expect(withoutPassed([check], [finding('MESH0001'), few], true)).toEqual([finding('MESH0001'), few])
    expect(withoutPassed([check], [finding('MESH0001'), few], false)).toEqual([finding('MESH0001')])
  })

  it('leaves refusals out that traffic showed, and keeps those that configuration shows', () => {
    const kept = [finding('MESH0503', 'live'), finding('MESH0503', 'observed', ['shop'], 'warning')]
    expect(withoutPassed([check], [...kept, finding('MESH0503', 'observed')], false)).toEqual(kept)
  })
})

describe('the verdict', () => {
  const unread = (kind: EvidenceKind): Skipped => ({
    check: 'check',
    kind,
    reason: 'timeout',
    detail: '',
    partly: false,
  })
  const skipped = [unread('pods')]
  const advice = [unread('analyzer-messages')]
  it.each([
    ['ill', [finding('MESH0001')], []],
    ['ill', [finding('MESH0001')], skipped],
    ['healthy', [finding('MESH0001', 'configured')], []],
    ['healthy', [finding('MESH0001', 'observed', [], 'warning')], []],
    ['unclear', [finding('MESH0001', 'configured')], skipped],
    ['unclear', [], skipped],
    ['healthy', [], advice],
    ['unclear', [], [...advice, ...skipped]],
    ['ill', [finding('MESH0001')], advice],
    ['healthy', [], []],
  ])('%s', (verdict, findings, unseen) => expect(verdictOf({ findings, skipped: unseen })).toBe(verdict))
})

describe('findings that no request met', () => {
  const NONE = { ports: new Set<number>(), hosts: new Set<string>() }

  it('are warnings when they are of ports that nobody asks for', () => {
    const one = { ...finding('MESH0501'), args: { ports: ['9091'] } }
    expect(withoutUnmet([one], new Set(), { ...NONE, ports: new Set([8080]) })).toEqual([
      { ...one, severity: 'warning' },
    ])
    expect(withoutUnmet([one], new Set(), { ...NONE, ports: new Set([8080, 9091]) })).toEqual([one])
  })

  it('are warnings when routes lead what is asked of the Service to others', () => {
    const one = { ...finding('MESH0303'), args: { host: 'orders.shop.svc.cluster.local' } }
    const used = (...hosts: string[]): Finding[] => withoutUnmet([one], new Set(), { ...NONE, hosts: new Set(hosts) })
    expect(used('orders-v2.shop.svc.cluster.local')).toEqual([{ ...one, severity: 'warning' }])
    expect(used('orders-v2.shop.svc.cluster.local', 'orders.shop.svc.cluster.local')).toEqual([one])
    expect(used()).toEqual([one])
  })

  it('are warnings when they are of routing and live', () => {
    const kept = [
      finding('MESH0105', 'observed'),
      finding('MESH0301'),
      finding('MESH0501'),
      finding('MESH0105', 'configured'),
    ]
    expect(withoutUnmet([...kept, finding('MESH0105')], new Set(['shop']), NONE)).toEqual([
      ...kept,
      finding('MESH0105', 'live', ['shop'], 'warning'),
    ])
    expect(withoutUnmet([finding('MESH0121')], new Set(['stock']), NONE)).toEqual([
      finding('MESH0121', 'live', ['shop'], 'warning'),
    ])
    expect(withoutUnmet([finding('MESH0121')], new Set(['shop']), NONE)).toEqual([finding('MESH0121')])
  })
})

describe('findings that count failures, while some requests fail', () => {
  const quoting = (code: Code, minute: number): Finding => ({
    ...finding(code, 'observed'),
    because: [
      { kind: 'access-log', source: 'log', at: '', says: '', quote: `2026-01-01T00:0${minute}:00.000Z GET / 503` },
    ],
  })
  const kept = (one: Finding, ...since: string[]): boolean => withoutOthers([check], [one], since).length === 1
  const NOW = '2026-01-01T00:05:00.000Z'

  it.each<[string, Finding, string[], boolean]>([
    ['are of those that go on', quoting('MESH0402', 6), [NOW], true],
    ['are of others, which ended before', quoting('MESH0402', 4), [NOW], false],
    ['are of one of several rows that go on', quoting('MESH0402', 4), [NOW, '2026-01-01T00:03:00.000Z'], true],
    ['quote no line', finding('MESH0402', 'observed'), [NOW], true],
    ['count for what is foreseen to fail, and was not seen to', quoting('MESH0402', 4), [], true],
    ['name a fault, whenever it was met', quoting('MESH0001', 4), [NOW], true],
  ])('%s', (_, one, since, expected) => expect(kept(one, ...since)).toBe(expected))
})
