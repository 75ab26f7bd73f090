import { describe, expect, it } from 'vitest'
import type { Check, Code, Finding, Problem, Standing } from '../../src/checks/check.ts'
import { causeOf, verdictOf } from '../../src/diagnosis/cause.ts'
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
  ])('%s', (verdict, findings, unseen) => expect(verdictOf({ findings, skipped: unseen, ruledOut: [] })).toBe(verdict))
})
