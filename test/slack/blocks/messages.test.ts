import { describe, expect, it } from 'vitest'
import type { PlannedStep } from '../../../src/diagnosis/report.ts'
import { findingMessage } from '../../../src/slack/blocks/finding.ts'
import { reportParts } from '../../../src/slack/blocks/report-parts.ts'
import { runningMessage } from '../../../src/slack/blocks/running.ts'
import { verdictMessage } from '../../../src/slack/blocks/verdict.ts'
import { shownIn } from '../texts.ts'
import { CHECKS, dice, RUN, SPOKEN, sampleFinding, sampleReport } from './samples.ts'

const step = (id: string, facts: Partial<PlannedStep>): PlannedStep => ({
  id,
  kind: 'routes',
  group: 'proxies',
  title: id,
  command: `istioctl ${id}`,
  outcome: 'waiting',
  ...facts,
})

describe('the message while a run works', () => {
  it('has a line a group, and names what runs and what saw nothing', () => {
    const steps = [
      step('status', { group: 'control plane', outcome: 'seen', milliseconds: 2100 }),
      step('pods', { group: 'workloads', outcome: 'blind', milliseconds: 20_000 }),
      step('routes', { outcome: 'running' }),
      step('clusters', { outcome: 'seen', milliseconds: 340 }),
      step('listeners', {}),
    ]
    expect(shownIn(runningMessage(SPOKEN, { steps }, undefined))).toBe(
      [
        '⏱ Diagnosing `Service shop/catalog`',
        '✓ control plane 1 of 1, slowest 2.1 s',
        '✗ workloads 1 of 1, slowest 20.0 s',
        '      ✗ pods 20.0 s',
        '⏱ proxies 1 of 3, slowest 340 ms',
        '      ⏱ routes',
        '',
        'asked by @U_ONCALL · run abcdefghijkmnpqrstuv',
        '',
      ].join('\n'),
    )
  })
})

describe('the verdict', () => {
  it('links the code to its page where there are pages', () => {
    const report = sampleReport(dice(3), { size: 8, many: 12 })
    expect(report.cause).toBeDefined()
    expect(
      shownIn(verdictMessage(report, RUN, { checks: CHECKS, docsUrl: 'https://docs.example.com/findings/' }, [])),
    ).toContain('<https://docs.example.com/findings/MESH0101.md|MESH0101>')
    expect(shownIn(verdictMessage(report, RUN, { checks: CHECKS }, []))).toContain('`MESH0101`')
  })

  it('has at most three buttons', () => {
    const buttons = Array.from({ length: 5 }, (_, index) => ({ action: `run-again:${index}`, id: 'x', label: 'Again' }))
    expect(
      shownIn(verdictMessage(sampleReport(dice(1), { size: 5, many: 1 }), RUN, { checks: CHECKS }, buttons)).match(
        /\[Again\]/g,
      ),
    ).toHaveLength(3)
  })
})

describe('the parts of the thread', () => {
  it('show the command first, then what it showed, for each proof', () => {
    const finding = {
      ...sampleFinding(dice(1), 10),
      subject: { kind: 'VirtualService', namespace: 'shop', name: 'web' },
      args: { host: 'web.shop' },
      standing: 'live' as const,
    }
    finding.because = [
      { kind: 'routes', source: 'istioctl proxy-config routes web', at: '', says: 'web has no route', quote: 'none' },
    ]
    expect(shownIn(findingMessage(finding, { checks: CHECKS, role: 'cause' }))).toBe(
      [
        'Cause: a sample of trouble  `MESH0101` sample, error',
        '',
        '`VirtualService shop/web` breaks `web.shop`.',
        '',
        "live: the proxies' own configuration shows it.",
        '',
        '1. web has no route',
        '',
        '```istioctl proxy-config routes web```',
        '',
        'shows',
        '',
        '```none```',
        '',
        'Remedy  Mend `web.shop`.',
        '',
      ].join('\n'),
    )
  })

  it('say what could not be seen, with the missing rule, and what was ruled out', () => {
    const report = {
      ...sampleReport(dice(1), { size: 3, many: 0 }),
      ruledOut: [{ check: 'missing-subset', about: 'every subset is defined' }],
    }
    report.skipped = [
      {
        check: 'sample',
        kind: 'pods',
        reason: 'forbidden',
        detail: 'pods is forbidden',
        partly: false,
        permission: { verb: 'list', group: '', resource: 'pods', namespace: 'shop' },
      },
    ]
    const parts = reportParts(report, {}, { checks: CHECKS })
    expect(parts.map(({ name }) => name)).toEqual(['unseen', 'ruled-out'])
    expect(shownIn(parts[0]!.message)).toContain(
      'missing rule (Role in shop):\n\n```{apiGroups: [""], resources: ["pods"], verbs: ["list"]}```',
    )
    expect(shownIn(parts[1]!.message)).toContain('✓ missing-subset: every subset is defined')
  })

  it('put the cause first and keep configured-only findings apart, as advice', () => {
    const report = sampleReport(dice(3), { size: 8, many: 12 })
    report.findings[0]!.standing = 'configured'
    const last = report.findings.filter(({ standing }) => standing !== 'configured').at(-1)!
    report.cause = { finding: structuredClone(last), explains: [] }
    const parts = reportParts(report, {}, { checks: CHECKS })
    expect(parts[0]!.message.text).toMatch(/^Cause/)
    expect(parts.filter(({ message }) => message.text.startsWith('Cause'))).toHaveLength(1)
    expect(parts.map(({ name }) => name)).toContain('advice')
  })
})
