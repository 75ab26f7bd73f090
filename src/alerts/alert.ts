/** Labels or annotations of an alert. */
export type AlertLabels = Readonly<Record<string, string>>

/** Who sends alerts: by the path that they post to. */
export const ALERT_SOURCES = ['alertmanager', 'grafana', 'pagerduty'] as const
export type AlertSource = (typeof ALERT_SOURCES)[number]

/** One alert, whoever sent it. Times are ISO 8601. */
export interface Alert {
  source: AlertSource
  status: 'firing' | 'resolved'
  /** Label `alertname`; of PagerDuty the incident's title. */
  name: string
  labels: AlertLabels
  annotations: AlertLabels
  startsAt: string
  /** Absent while it fires. */
  endsAt?: string
  /** Tells this alert from others of its source; the same when it is sent again. */
  fingerprint: string
  /** Where the rule can be seen; Prometheus puts the expression there. */
  generatorUrl?: string
  /** Pages about it, by what they are: Silence, Dashboard, Panel, Incident. */
  links: Readonly<Record<string, string>>
}

/** What one request to a webhook says. */
export interface AlertNotification {
  source: AlertSource
  /** Alertmanager's and Grafana's receiver; PagerDuty's service. */
  receiver: string
  groupKey: string
  /** When it was sent first, where the sender tells it; ISO time. */
  sentAt?: string
  /** The sender's own address, where it tells it. */
  externalUrl?: string
  alerts: readonly Alert[]
  /** Alerts that the sender left out. */
  truncated: number
  /** What it was when it holds no news: a test, somebody who acknowledged an incident. */
  noNews?: string
}
