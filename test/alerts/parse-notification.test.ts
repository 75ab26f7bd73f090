import { describe, expect, it } from 'vitest'
import { parseNotification, sourceOf, UnknownPayloadError } from '../../src/alerts/parse-notification.ts'
import { payload } from './payload.ts'

const why = (source: Parameters<typeof parseNotification>[0], body: unknown): string => {
  try {
    parseNotification(source, body)
  } catch (error) {
    if (error instanceof UnknownPayloadError) return error.why
    throw error
  }
  throw new Error('it was understood')
}

describe('payloads of the documented shape', () => {
  it('of Alertmanager: labels, times in UTC, no end while it fires', () => {
    const { receiver, alerts, truncated } = parseNotification('alertmanager', payload('alertmanager'))
    expect({ receiver, truncated }).toEqual({ receiver: 'team-shop', truncated: 0 })
    expect(alerts).toHaveLength(1)
    expect(alerts[0]).toMatchObject({
      name: 'IstioHighErrorRate',
      status: 'firing',
      startsAt: '2026-11-30T09:12:43.123Z',
      fingerprint: '8f31b8a1d2d96d4b',
    })
    expect(alerts[0]).not.toHaveProperty('endsAt')
  })

  it('of Alertmanager, resolved: with its end; fields of newer versions do no harm', () => {
    const body = payload('alertmanager')
    Object.assign(body, { status: 'resolved', notification_reason: 'resolved', routeLabels: {} })
    Object.assign(body.alerts[0], { status: 'resolved', endsAt: '2026-11-30T10:12:43+01:00' })
    expect(parseNotification('alertmanager', body).alerts[0]).toMatchObject({
      status: 'resolved',
      endsAt: '2026-11-30T09:12:43.000Z',
    })
  })

  it('of Grafana: with its pages', () => {
    const { alerts } = parseNotification('grafana', payload('grafana'))
    expect(Object.keys(alerts[0]?.links ?? {})).toEqual(['Silence', 'Dashboard', 'Panel'])
  })

  it('of PagerDuty: labels come from the details that Alertmanager gives', () => {
    const { receiver, alerts } = parseNotification('pagerduty', payload('pagerduty'))
    expect(receiver).toBe('Shop')
    expect(alerts[0]).toMatchObject({
      name: 'IstioHighErrorRate',
      fingerprint: 'PT4KHLK',
      labels: {
        destination_service: 'catalog.istioinaction.svc.cluster.local',
        severity: 'critical',
        pagerduty_service: 'Shop',
      },
      links: { Incident: 'https://shop.pagerduty.com/incidents/PT4KHLK' },
      generatorUrl: 'http://prometheus.example.com:9090/graph?g0.expr=up',
    })
  })

  it('of PagerDuty: resolved ends it, an acknowledgement and a test are no news', () => {
    const resolved = payload('pagerduty')
    resolved.event.event_type = 'incident.resolved'
    expect(parseNotification('pagerduty', resolved).alerts[0]).toMatchObject({
      status: 'resolved',
      endsAt: '2026-11-30T09:13:02.000Z',
    })
    for (const [type, data] of [
      ['incident.acknowledged', { id: 'PT4KHLK' }],
      ['pagey.ping', { message: 'Hello from your friend Pagey!', type: 'ping' }],
    ] as const) {
      const body = payload('pagerduty')
      Object.assign(body.event, { event_type: type, data })
      expect(parseNotification('pagerduty', body)).toMatchObject({ alerts: [], noNews: type })
    }
  })

  it('are told apart', () => {
    for (const source of ['alertmanager', 'grafana', 'pagerduty'] as const)
      expect(sourceOf(payload(source))).toBe(source)
    expect(sourceOf({ text: 'hello' })).toBeUndefined()
    expect(sourceOf([])).toBeUndefined()
  })
})

describe('other shapes are refused by name', () => {
  it('another version', () => {
    expect(why('alertmanager', { ...payload('alertmanager'), version: '3' })).toBe(
      'This is Alertmanager\'s webhook body of version "3"; only version 4 is understood.',
    )
    expect(why('grafana', { ...payload('grafana'), version: '2' })).toContain('version "2"; only version 1')
    expect(why('pagerduty', { messages: [{ event: 'incident.trigger' }] })).toContain('version 2; only version 3')
  })

  it("Grafana's body at Alertmanager's path and the reverse", () => {
    expect(why('alertmanager', payload('grafana'))).toContain('version "1"; only version 4')
    expect(why('grafana', payload('alertmanager'))).toContain('version "4"; only version 1')
  })

  it('a custom payload template', () => {
    expect(why('alertmanager', { text: 'catalog is down' })).toContain('it has no `version`')
    expect(why('alertmanager', { version: '4', status: 'firing', receiver: 'x', text: 'catalog' })).toContain(
      '`alerts` is missing',
    )
  })

  it.each([null, 7, 'text', [], true])('%j', (body) => {
    for (const source of ['alertmanager', 'grafana', 'pagerduty'] as const)
      expect(why(source, body)).toContain('This is not')
  })

  it('a label that is no text, a time that is none', () => {
    const body = payload('alertmanager')
    body.alerts[0].labels.severity = { level: 1 }
    expect(why('alertmanager', body)).toContain('`alerts.0.labels.severity` does not fit')
    const late = payload('alertmanager')
    late.alerts[0].startsAt = 'yesterday'
    expect(why('alertmanager', late)).toContain('`alerts.0.startsAt` does not fit (is not a time)')
  })
})

it('annotations that are null and an alert without a name are taken', () => {
  const body = payload('alertmanager')
  body.alerts[0].annotations = null
  delete body.alerts[0].labels.alertname
  delete body.alerts[0].fingerprint
  const [alert] = parseNotification('alertmanager', body).alerts
  expect(alert).toMatchObject({ name: 'alert without a name', annotations: {} })
  expect(alert?.fingerprint).toContain('destination_service')
})

it('an address of another kind than http is none', () => {
  const body = payload('grafana')
  body.alerts[0].silenceURL = 'javascript:alert(1)'
  expect(parseNotification('grafana', body).alerts[0]?.links).not.toHaveProperty('Silence')
})
