import { z } from 'zod'
import type { AlertNotification } from '../alerts/alert.ts'
import { ALERT_SOURCES } from '../alerts/alert.ts'
import { explainNotification, type ExplainedAlert } from '../alerts/explain.ts'
import type { TargetHelp } from '../alerts/find-target.ts'
import type { AlertRouting } from '../alerts/routing.ts'
import { changeSubject, subjectId, type IncidentSubject } from '../store/incidents.ts'
import { derivedId } from '../store/opaque-id.ts'
import type { Records } from '../store/records.ts'
import { fold } from './fold.ts'

const Text = z.record(z.string(), z.string())
/** A notification as it is stored between its answer and its handling. */
export const StoredNotification: z.ZodType<AlertNotification> = z.object({
  source: z.enum(ALERT_SOURCES),
  receiver: z.string(),
  groupKey: z.string(),
  sentAt: z.string().exactOptional(),
  externalUrl: z.string().exactOptional(),
  truncated: z.number(),
  noNews: z.string().exactOptional(),
  alerts: z.array(
    z.object({
      source: z.enum(ALERT_SOURCES),
      status: z.enum(['firing', 'resolved']),
      name: z.string(),
      labels: Text,
      annotations: Text,
      startsAt: z.string(),
      endsAt: z.string().exactOptional(),
      fingerprint: z.string(),
      generatorUrl: z.string().exactOptional(),
      links: Text,
    }),
  ),
})

/** What a notification is folded with. */
export interface TakeDeps {
  records: Records
  help: TargetHelp
  routing: AlertRouting
  /** Hears of an alert that no channel takes. */
  nowhere?: (explained: ExplainedAlert) => void
}

/** A notification and when it came; ISO time. */
export interface Arrived {
  notification: AlertNotification
  at: string
}

/**
 * Folds the alerts of notifications into incidents, in their order: of each subject its record is written once. Doing it again changes nothing.
 * @returns the subjects concerned, as they are now
 */
export async function takeNotifications(
  { records, help, routing, nowhere }: TakeDeps,
  arrived: readonly Arrived[],
): Promise<IncidentSubject[]> {
  const groups = new Map<string, { at: string; explained: ExplainedAlert & { route: { channel: string } } }[]>()
  for (const { notification, at } of arrived)
    for (const explained of explainNotification(notification, help, routing)) {
      if (!hasChannel(explained)) {
        nowhere?.(explained)
        continue
      }
      const subject = aboutOf(explained, notification.receiver)
      groups.set(subject, [...(groups.get(subject) ?? []), { at, explained }])
    }
  const touched: IncidentSubject[] = []
  for (const [id, alerts] of groups)
    touched.push(
      await changeSubject(records, id, (now) => {
        const next = alerts.reduce(
          (subject, { at, explained }) =>
            fold(subject, {
              explained,
              at,
              newId: derivedId(`incident:${id}:${explained.alert.fingerprint}:${explained.alert.startsAt}`),
            }),
          now,
        )
        return next === now ? undefined : next
      }),
    )
  return touched
}

const hasChannel = (one: ExplainedAlert): one is ExplainedAlert & { route: { channel: string } } =>
  one.route.channel !== undefined

/** What alerts have in common that may be one incident: cluster and callee, or without a callee the alert's name. */
function aboutOf({ alert, target, route }: ExplainedAlert, receiver: string): string {
  return target === undefined
    ? subjectId(route.cluster, 'alert', alert.name, receiver)
    : subjectId(route.cluster, 'target', target.text.replace(/:\d+$/, ''), target.namespace)
}
