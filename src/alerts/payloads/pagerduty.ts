import { z } from 'zod'
import { defined } from '../../mesh/defined.ts'
import { isFields } from '../../mesh/fields.ts'
import type { Alert, AlertNotification } from '../alert.ts'
import { firingText } from './firing-text.ts'
import { PayloadShapeError, read, Time, Url } from './shape.ts'

/** PagerDuty's V3 webhook (PagerDuty developer documentation, Webhooks V3). */
const Event = z.object({
  event: z.object({
    id: z.string().min(1).max(200),
    event_type: z.string().max(100),
    occurred_at: Time,
    data: z.looseObject({ id: z.string().max(200).optional() }),
  }),
})

const Incident = z.object({
  id: z.string().max(200),
  status: z.string().optional(),
  title: z.string().max(2000).catch('incident without a title'),
  created_at: Time.optional().catch(undefined),
  html_url: Url,
  service: z.object({ id: z.string().catch(''), summary: z.string().catch('') }).nullish(),
  priority: z.object({ summary: z.string() }).nullish().catch(undefined),
  urgency: z.string().optional().catch(undefined),
  body: z.unknown(),
})

const FIRING = new Set(['incident.triggered', 'incident.reopened'])
const RESOLVED = 'incident.resolved'

/** PagerDuty's V3 webhook: an incident has no labels; those are read from the details that an integration of Prometheus gives it. */
export function parsePagerDuty(body: unknown): AlertNotification {
  if (isFields(body) && Array.isArray(body.messages))
    throw new PayloadShapeError("This is PagerDuty's webhook body of version 2; only version 3 is understood.")
  const { event } = read(Event, body, "PagerDuty's webhook body of version 3")
  const base = { source: 'pagerduty', truncated: 0 } as const
  if (!FIRING.has(event.event_type) && event.event_type !== RESOLVED)
    return { ...base, receiver: '', groupKey: event.id, alerts: [], noNews: event.event_type }
  const incident = read(Incident, event.data, "an incident of PagerDuty's webhook of version 3")
  const receiver = incident.service?.summary ?? ''
  // What is opened again begins again: its first end is over.
  const began =
    event.event_type === 'incident.reopened' ? event.occurred_at : (incident.created_at ?? event.occurred_at)
  return {
    ...base,
    sentAt: event.occurred_at,
    receiver,
    groupKey: incident.id,
    alerts: [alertOf(incident, event.event_type === RESOLVED, began, event.occurred_at)],
  }
}

function alertOf(
  { id, title, html_url, service, priority, urgency, body }: z.output<typeof Incident>,
  isResolved: boolean,
  began: string,
  at: string,
): Alert {
  const details = isFields(body) ? body.details : undefined
  const told = firingText(details)
  return {
    source: 'pagerduty',
    status: isResolved ? 'resolved' : 'firing',
    name: told.labels.alertname ?? title,
    labels: {
      ...told.labels,
      ...(service === null || service === undefined
        ? {}
        : { pagerduty_service: service.summary, pagerduty_service_id: service.id }),
      ...defined({ severity: told.labels.severity ?? priority?.summary ?? urgency }),
    },
    annotations: { summary: title, ...told.annotations },
    startsAt: began,
    ...(isResolved && { endsAt: at }),
    fingerprint: id,
    ...defined({ generatorUrl: told.generatorUrl }),
    links: defined({ Incident: html_url }),
  }
}
