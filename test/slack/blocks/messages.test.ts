import { describe, expect, it } from 'vitest'
import type { PlannedStep } from '../../../src/diagnosis/report.ts'
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

describe('the replies', () => {
  const proven = (id: number, facts: Partial<ReturnType<typeof sampleFinding>>) => ({
    ...sampleFinding(dice(id), 10),
    subject: { kind: 'VirtualService', namespace: 'shop', name: 'web' },
    args: { host: 'web.shop' },
    standing: 'live' as const,
    ...facts,
  })

  it('show the proof: what was seen, the command that shows this very thing, and what it showed', () => {
    const finding = proven(1, {
      because: [
        {
          kind: 'virtual-services',
          source: 'kubectl get virtualservices.networking.istio.io -A -o yaml',
          at: '',
          says: 'VirtualService shop/web names v9',
        },
        { kind: 'routes', source: 'istioctl proxy-config routes web', at: '', says: 'web has no route', quote: 'none' },
        {
          kind: 'access-log',
          source: 'kubectl logs -n shop web -c istio-proxy --tail=500',
          at: '',
          says: '10 requests were answered NR',
          quote: '2026-11-29T22:15:56.937Z GET /items 404 NR',
        },
        { kind: 'endpoints', source: 'istioctl proxy-config endpoints web', at: '', says: 'a fourth piece' },
      ],
    })
    const report = {
      ...sampleReport(dice(1), { size: 3, many: 0 }),
      findings: [finding],
      cause: { finding, explains: [] },
    }
    const [reply, ...more] = reportParts(report, { checks: CHECKS })
    expect(more).toEqual([])
    expect(shownIn(reply!.message)).toBe(
      [
        'Proof',
        '1. VirtualService shop/web names v9',
        '```kubectl get virtualservices.networking.istio.io web -n shop -o yaml```',
        '2. web has no route',
        '```istioctl proxy-config routes web```',
        '```none```',
        '3. 10 requests were answered NR',
        '```kubectl logs -n shop web -c istio-proxy --tail=500 | grep -F 2026-11-29T22:15:56.937Z```',
        '```2026-11-29T22:15:56.937Z GET /items 404 NR```',
        '',
      ].join('\n'),
    )
  })

  it('name what else was found, and nothing that is a symptom or the cause', () => {
    const report = sampleReport(dice(3), { size: 8, many: 12 })
    const [first, second, ...rest] = report.findings
    report.cause = { finding: structuredClone(first!), explains: [structuredClone(second!)] }
    const parts = reportParts(report, { checks: CHECKS })
    expect(parts.map(({ name }) => name)).toEqual(rest.length === 0 ? ['proof'] : ['proof', 'others'])
  })
})
