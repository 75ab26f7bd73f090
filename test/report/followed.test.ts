import { describe, expect, it } from 'vitest'
import { requestsFail } from '../../src/checks/requests-fail.ts'
import { examine } from '../../src/diagnosis/examine.ts'
import { reportJson } from '../../src/report/json.ts'
import { reportMarkdown } from '../../src/report/markdown.ts'
import { headline, whatToDo } from '../../src/report/telling.ts'
import { reportText } from '../../src/report/text.ts'
import { reportParts } from '../../src/slack/blocks/report-parts.ts'
import { recordedClients } from '../replay.ts'
import { parseAsk, readSituation } from '../situation.ts'

/** Nothing but what following finds: with the other checks' words one of the two would be the cause. */
const CHECKS = [requestsFail]
const followed = async (situation: string) =>
  examine(parseAsk(readSituation(situation).ask), recordedClients(`${situation}/ill`), CHECKS)

describe('a report of two objects that do not fit each other', async () => {
  const { cause, ...found } = await followed('mtls-mode-conflict')
  // Which of the two is newer decides in this mesh; here neither is.
  const { finding } = cause!
  const other = { ...finding, subject: { kind: 'PeerAuthentication', namespace: 'istioinaction', name: 'default' } }
  const report = { ...found, candidates: [finding, other], findings: [finding, other] }
  const SIDES = ['DestinationRule istioinaction/catalog', 'PeerAuthentication istioinaction/default']

  it('names both in its first line, as one of which one is it', () => {
    expect(headline(CHECKS, report)).toBe(`Service istioinaction/catalog is ill. One of: ${SIDES.join(', ')}.`)
    const many = report.candidates.flatMap((one) =>
      [1, 2, 3].map((turn) => ({ ...one, subject: { ...one.subject, name: `${one.subject.name}-${turn}` } })),
    )
    expect(headline(CHECKS, { ...report, candidates: many })).toMatch(
      /^Service istioinaction\/catalog is ill\. One of: (\S+ \S+, ){3}\S+ \S+ and 2 more\.$/,
    )
  })

  it('says what would tell them apart, and which of them was changed last', () => {
    const rule = found.readings
      .flatMap((one) => (one.ok && one.kind === 'destination-rules' ? one.value : []))
      .find(({ metadata }) => metadata.name === 'catalog')!
    const policy = (metadata: object) => ({
      kind: 'peer-authentications' as const,
      source: '',
      at: '',
      ok: true as const,
      value: [
        { ...rule, kind: 'PeerAuthentication', metadata: { name: 'default', namespace: 'istioinaction', ...metadata } },
      ],
    })
    const told = (metadata: object) =>
      whatToDo(CHECKS, {
        ...report,
        readings: [...found.readings.filter(({ kind }) => kind !== 'peer-authentications'), policy(metadata)] as never,
      })
    const apart = 'To tell them apart, correct one of them, or revert its last change, and diagnose again'
    expect(told({ creationTimestamp: '2999-01-01T00:00:00Z' })).toBe(
      `${apart}: PeerAuthentication istioinaction/default was changed last, at 2999-01-01T00:00:00.000Z.`,
    )
    expect(told({ creationTimestamp: '2020-01-01T00:00:00Z' })).toContain(
      `${apart}: DestinationRule istioinaction/catalog was changed last`,
    )
    expect(
      told({ managedFields: rule.metadata.managedFields, creationTimestamp: rule.metadata.creationTimestamp }),
    ).toBe(`${apart}.`)
    expect(reportText(CHECKS, report)).toContain('To tell them apart')
    expect(whatToDo(CHECKS, { ...report, candidates: [finding] })).toBeUndefined()
  })

  it('marks both among its findings', () => {
    expect(reportText(CHECKS, report)).toContain('is ill. One of: DestinationRule')
    expect(reportText(CHECKS, report).match(/^ {2}\d\. /gm)).toEqual(['  1. ', '  2. '])
    expect(reportMarkdown(CHECKS, report).match(/^### .*$/gm)).toEqual([
      '### One of: MESH0531 requests-fail (error, observed)',
      '### One of: MESH0531 requests-fail (error, observed)',
    ])
    expect(reportParts(report, { checks: CHECKS }).map(({ name }) => name)).toContain('proof')
  })

  it('has both in its JSON, and the classes of requests', () => {
    expect(reportJson(report)).toMatchObject({
      candidates: [{ subject: { kind: 'DestinationRule' } }, { subject: { kind: 'PeerAuthentication' } }],
      requests: report.requests,
    })
    expect(report.requests.length).toBeGreaterThan(1)
  })

  it('lists the classes of requests in Markdown, and in a terminal when it is asked to', () => {
    expect(reportText(CHECKS, report)).not.toContain('Requests followed')
    const lines = reportText(CHECKS, report, { verbose: true }).split('\n')
    const [head = '', first = '', second = ''] = lines.slice(lines.indexOf('Requests followed') + 1)
    expect(head).toMatch(/^ {2}caller +request +seen +failed +foreseen +outcome$/)
    expect(first).toMatch(/^ {2}istio-ingressgateway-\S+ +GET catalog\.istioinaction\.io\/items +10 +10 +fails +fails$/)
    expect(second).toMatch(/^ {2}a caller whose proxy was not read +GET .* not followed +fails$/)
    expect(reportMarkdown(CHECKS, report)).toMatch(
      /## Requests followed\n\n\| caller \| request \| seen \| failed \| foreseen \| outcome \|\n\|(---\|){6}\n\| `istio-ingressgateway-\S+` \| `GET catalog\.istioinaction\.io\/items` \| 10 \| 10 \| fails \| fails \|\n/,
    )
  })

  it('closes no cell with what a request asked for', () => {
    const [first] = report.requests
    if (first === undefined) throw new Error('no class')
    expect(reportMarkdown(CHECKS, { ...report, requests: [{ ...first, path: '/a|b`c' }] })).toContain(
      String.raw`| ${'``'} GET ${first.host}/a\|b${'`'}c ${'``'} |`,
    )
  })
})

describe('a report of siblings with the same fault', () => {
  it('names them together as the cause', async () => {
    const report = await followed('webhook-down')
    expect(report.candidates).toBeUndefined()
    expect(headline(CHECKS, report)).toBe(
      'Deployment istioinaction/catalog, Deployment istioinaction/catalog-v2: it has created no pod behind catalog.istioinaction.svc.cluster.local.',
    )
    expect(reportText(CHECKS, report)).toContain('Known from: ')
  })
})
