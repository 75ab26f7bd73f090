import type { AlertNotification } from '../alert.ts'
import { GroupedPayload, notificationOf, requireVersion } from './alertmanager.ts'
import { read } from './shape.ts'

/** Grafana Alerting's webhook contact point, version 1 (Grafana documentation, webhook notifier): Alertmanager's group with pages of its own. */
export function parseGrafana(body: unknown): AlertNotification {
  requireVersion(body, '1', "Grafana's webhook body")
  return notificationOf(read(GroupedPayload, body, "Grafana's webhook body of version 1"), 'grafana')
}
