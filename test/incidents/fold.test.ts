import { describe, expect, it } from 'vitest'
import type { Alert } from '../../src/alerts/alert.ts'
import { explainNotification } from '../../src/alerts/explain.ts'
import { fold, type FoldRequest } from '../../src/incidents/fold.ts'
import { together } from '../../src/incidents/news.ts'
import type { IncidentSubject } from '../../src/store/incidents.ts'
import { alertWith } from '../alerts/payload.ts'

const EMPTY: IncidentSubject = { id: 's', incidents: [], ended: {}, touchedAt: '2026-11-30T09:00:00.000Z' }
const LABELS = { alertname: 'A', destination_service: 'catalog.shop.svc.cluster.local' }

/** Folds alerts one after the other, a minute apart. */
function folded(...alerts: Alert[]): IncidentSubject {
  return alerts.reduce((subject, alert, index) => {
    const [explained] = explainNotification({ alerts: [alert], receiver: 'r' }, {}, { channels: [{ channel: 'C1' }] })
    const at = new Date(Date.parse('2026-11-30T09:15:00Z') + index * 60_000).toISOString()
    return fold(subject, { explained: explained as FoldRequest['explained'], at, newId: `i${index}` })
  }, EMPTY)
}
const alert = (labels: Record<string, string> = {}, more: Partial<Alert> = {}): Alert =>
  alertWith({ ...LABELS, ...labels }, more)

describe('fold', () => {
  it('alerts about one thing are one incident, that begins with the first of them', () => {
    const { incidents } = folded(
      alert({ n: '1' }),
      alert({ n: '2' }, { startsAt: '2026-11-30T09:00:00.000Z' }),
      alert({ n: '3' }),
    )
    expect(incidents).toHaveLength(1)
    expect(incidents[0]).toMatchObject({
      state: 'open',
      firstAt: '2026-11-30T09:00:00.000Z',
      lastAt: '2026-11-30T09:17:00.000Z',
      news: [],
    })
    expect(Object.keys(incidents[0]!.alerts)).toHaveLength(3)
  })

  it('the same again changes nothing: not even the object', () => {
    const once = folded(alert())
    const [explained] = explainNotification({ alerts: [alert()], receiver: 'r' }, {}, { channels: [{ channel: 'C1' }] })
    expect(
      fold(once, { explained: explained as FoldRequest['explained'], at: '2026-11-30T13:00:00.000Z', newId: 'x' }),
    ).toBe(once)
  })

  it('another flag or caller is another incident; an alert that tells neither joins', () => {
    expect(folded(alert({ response_flags: 'UH' }), alert({ response_flags: 'UF' })).incidents).toHaveLength(2)
    expect(
      folded(alert({ response_flags: 'UH' }), alert({ response_flags: 'UH', n: '2' }), alert({ n: '3' })).incidents,
    ).toHaveLength(1)
    expect(folded(alert({ source_workload: 'a' }), alert({ source_workload: 'b' })).incidents).toHaveLength(2)
    expect(folded(alert({ source_workload: 'a' }), alert()).incidents).toHaveLength(1)
  })

  it('ends when all of its alerts have; by the last end', () => {
    const one = alert({ n: '1' })
    const other = alert({ n: '2' })
    const end = (of: Alert, endsAt: string): Alert => ({ ...of, status: 'resolved', endsAt })
    expect(folded(one, other, end(one, '2026-11-30T09:30:00.000Z')).incidents[0]).toMatchObject({ state: 'open' })
    expect(
      folded(one, other, end(one, '2026-11-30T09:30:00.000Z'), end(other, '2026-11-30T09:20:00.000Z')).incidents[0],
    ).toMatchObject({ state: 'resolved', resolvedAt: '2026-11-30T09:30:00.000Z' })
  })

  it('overtaken: an end before its beginning begins nothing, an old beginning and an old end change nothing', () => {
    const end: Alert = { ...alert(), status: 'resolved', endsAt: '2026-11-30T09:14:00.000Z' }
    expect(folded(end).incidents).toEqual([])
    expect(folded(end, alert()).incidents).toEqual([])
    expect(folded(end, alert({}, { startsAt: '2026-11-30T09:20:00.000Z' })).incidents).toHaveLength(1)
    expect(folded(alert(), end, alert()).incidents[0]).toMatchObject({ state: 'resolved' })
    expect(folded(alert({}, { startsAt: '2026-11-30T09:20:00.000Z' }), end).incidents[0]).toMatchObject({
      state: 'open',
    })
  })

  it('fires again soon: the same incident, and news; long after: another one', () => {
    const end: Alert = { ...alert(), status: 'resolved', endsAt: '2026-11-30T09:15:30.000Z' }
    expect(folded(alert(), end, alert({}, { startsAt: '2026-11-30T09:16:00.000Z' })).incidents).toMatchObject([
      { state: 'open', news: [{ again: true }] },
    ])
    const long: Alert = { ...end, endsAt: '2026-11-30T09:00:00.000Z' }
    expect(
      folded(alert({}, { startsAt: '2026-11-30T08:00:00.000Z' }), long, alert()).incidents.map(({ state }) => state),
    ).toEqual(['resolved', 'open'])
  })

  it('news are facts: another pod and worse, once each', () => {
    const of = (pod: string, severity: string, n: string): Alert =>
      alertWith({ alertname: 'A', namespace: 'shop', pod, severity, n })
    const { incidents } = folded(
      of('catalog-5d8f9c7b6d-x2v4k', 'warning', '1'),
      of('catalog-5d8f9c7b6d-x2v4k', 'warning', '2'),
      of('catalog-5d8f9c7b6d-bbbbb', 'info', '3'),
      of('catalog-5d8f9c7b6d-bbbbb', 'critical', '4'),
    )
    expect(together(incidents[0]!.news)).toEqual({
      pods: ['catalog-5d8f9c7b6d-bbbbb'],
      worse: { from: 'warning', to: 'critical' },
    })
    expect(incidents[0]!.severity).toBe('critical')
  })

  it('thousands of alerts stay one record of bounded size', () => {
    const { incidents } = folded(...Array.from({ length: 2000 }, (_, n) => alert({ n: String(n) })))
    expect(incidents).toHaveLength(1)
    expect(Object.keys(incidents[0]!.alerts)).toHaveLength(500)
  })
})
