import { describe, expect, it } from 'vitest'
import { CHECKS } from '../../src/checks/index.ts'
import { examine } from '../../src/diagnosis/examine.ts'
import type { Report } from '../../src/diagnosis/report.ts'
import { triageOf } from '../../src/diagnosis/triage/triage.ts'
import { parseTarget } from '../../src/mesh/target-query.ts'
import { recordedClients } from '../replay.ts'

const report = (): Promise<Report> =>
  examine(parseTarget('catalog', 'istioinaction'), recordedClients('chapter-10/ill'), CHECKS)
const objects = ({ before }: ReturnType<typeof triageOf>): string[] => before.map(({ of }) => `${of.kind} ${of.name}`)

describe('triageOf', () => {
  it('who is hit, and what was changed in the hour before the first bad minute', async () => {
    const triage = triageOf(await report(), '2026-11-30T02:00:00.000Z')
    expect(triage.began).toBe('2026-11-30T01:55:35.429Z')
    expect(triage.hit).toEqual([{ caller: 'istio-ingressgateway.istio-system', seen: 10, failed: 10 }])
    expect(objects(triage)).toContain('VirtualService catalog-v1-v2')
    expect(triage.before[0]?.by).toMatch(/^kubectl/)
  })

  it('nothing of before that hour', async () => {
    const late = await report()
    for (const one of late.requests) one.failingFrom = '2026-11-30T05:00:00.000Z'
    delete late.traffic
    expect(triageOf(late, '2026-11-30T05:10:00.000Z').before).toEqual([])
  })

  it('what was changed after an earlier failure and before the alert is told, too', async () => {
    const known = await report()
    // Of the same Service, before it was made anew.
    known.history = {
      host: 'catalog.istioinaction.svc.cluster.local',
      from: '2026-11-30T01:00:00.000Z',
      to: '2026-11-30T02:00:00.000Z',
      step: 60,
      client: [],
      server: [],
      since: { at: '2026-11-30T01:20:00.000Z', before: 0, after: 1 },
      changes: [],
      latencies: [],
    }
    const triage = triageOf(known, '2026-11-30T01:57:00.000Z')
    expect(triage.began).toBe('2026-11-30T01:20:00.000Z')
    expect(objects(triage)).toContain('VirtualService catalog-v1-v2')
  })
})
