import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Alert, AlertSource } from '../../src/alerts/alert.ts'

/** Alertmanager's and Grafana's payload, as far as tests change it. */
export interface GroupPayload {
  version: string
  status: string
  receiver: string
  groupKey: string
  alerts: [AlertPayload, ...AlertPayload[]]
}
export interface AlertPayload {
  status: string
  labels: Record<string, unknown>
  annotations: Record<string, string> | null
  startsAt: string
  endsAt: string
  generatorURL: string
  fingerprint?: string
  silenceURL?: string
}
/** PagerDuty's payload, as far as tests change it. */
export interface PagerDutyPayload {
  event: { id: string; event_type: string; occurred_at: string; data: Record<string, unknown> }
}

/** A payload of the shape that its sender documents, made anew for each use. */
export function payload(source: 'alertmanager' | 'grafana'): GroupPayload
export function payload(source: 'pagerduty'): PagerDutyPayload
export function payload(source: AlertSource): GroupPayload | PagerDutyPayload
export function payload(source: AlertSource): unknown {
  return JSON.parse(readFileSync(join(import.meta.dirname, 'payloads', `${source}.json`), 'utf8')) as unknown
}

/** An alert of Alertmanager's with these labels. */
export const alertWith = (labels: Record<string, string>, more: Partial<Alert> = {}): Alert => ({
  source: 'alertmanager',
  status: 'firing',
  name: labels.alertname ?? 'A',
  labels,
  annotations: {},
  startsAt: '2026-11-30T09:12:43.000Z',
  fingerprint: JSON.stringify(labels),
  links: {},
  ...more,
})

/** The address that Prometheus gives as the source of an alert with this expression. */
export const sourceOfRule = (expression: string): string =>
  `http://prometheus.example.com:9090/graph?${new URLSearchParams({ 'g0.expr': expression, 'g0.tab': '1' }).toString()}`
