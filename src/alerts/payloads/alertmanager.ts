import { z } from 'zod'
import { defined } from '../../mesh/defined.ts'
import { isFields } from '../../mesh/fields.ts'
import type { Alert, AlertNotification, AlertSource } from '../alert.ts'
import { isZero, Labels, PayloadShapeError, read, Time, Url } from './shape.ts'

/** One alert of Alertmanager's and Grafana's webhooks (Alertmanager documentation, webhook_config). */
const GroupedAlert = z.object({
  status: z.enum(['firing', 'resolved']),
  labels: Labels,
  annotations: Labels.nullish().transform((value) => value ?? {}),
  startsAt: Time,
  endsAt: Time.optional().catch(undefined),
  generatorURL: Url,
  fingerprint: z.string().max(200).optional(),
  silenceURL: Url,
  dashboardURL: Url,
  panelURL: Url,
})

/** A group of alerts, as both send it. */
export const GroupedPayload = z.object({
  receiver: z.string(),
  status: z.enum(['firing', 'resolved']),
  alerts: z.array(GroupedAlert),
  groupKey: z.string().catch(''),
  truncatedAlerts: z.int().min(0).catch(0),
  externalURL: Url,
})

/** Alertmanager's webhook, version 4. */
export function parseAlertmanager(body: unknown): AlertNotification {
  requireVersion(body, '4', "Alertmanager's webhook body")
  return notificationOf(read(GroupedPayload, body, "Alertmanager's webhook body of version 4"), 'alertmanager')
}

/** Refuses another version by name: its fields may mean something else. */
export function requireVersion(body: unknown, version: string, what: string): void {
  if (!isFields(body)) throw new PayloadShapeError(`This is not ${what}: it is not a JSON object.`)
  if (body.version === version) return
  throw new PayloadShapeError(
    body.version === undefined
      ? `This is not ${what}: it has no \`version\`; expected is ${version}.`
      : `This is ${what} of version ${JSON.stringify(body.version).slice(0, 40)}; only version ${version} is understood.`,
  )
}

/** A group as a notification. */
export function notificationOf(
  { receiver, alerts, groupKey, truncatedAlerts, externalURL }: z.output<typeof GroupedPayload>,
  source: AlertSource,
): AlertNotification {
  return {
    source,
    receiver,
    groupKey,
    ...defined({ externalUrl: externalURL }),
    alerts: alerts.map((alert) => alertOf(alert, source)),
    truncated: truncatedAlerts,
  }
}

function alertOf(
  { labels, annotations, endsAt, generatorURL, fingerprint, ...alert }: z.output<typeof GroupedAlert>,
  source: AlertSource,
): Alert {
  return {
    source,
    status: alert.status,
    name: labels.alertname ?? 'alert without a name',
    labels,
    annotations,
    startsAt: alert.startsAt,
    // Alertmanager sends the time at which a firing alert would time out.
    ...(alert.status === 'resolved' && endsAt !== undefined && !isZero(endsAt) && { endsAt }),
    fingerprint: fingerprint ?? JSON.stringify(Object.entries(labels).toSorted()),
    ...defined({ generatorUrl: generatorURL }),
    links: defined({ Silence: alert.silenceURL, Dashboard: alert.dashboardURL, Panel: alert.panelURL }),
  }
}
