import type { Alert, AlertNotification } from './alert.ts'
import { findTarget, type AlertFinding, type TargetHelp } from './find-target.ts'
import { routeOf, type AlertRoute, type AlertRouting } from './routing.ts'

/** What becomes of one alert. */
export interface ExplainedAlert extends AlertFinding {
  alert: Alert
  route: AlertRoute
}

/** Target and channel of each alert of a notification. */
export const explainNotification = (
  { alerts, receiver }: Pick<AlertNotification, 'alerts' | 'receiver'>,
  help: TargetHelp,
  routing: AlertRouting,
): ExplainedAlert[] =>
  alerts.map((alert) => {
    const found = findTarget(alert, receiver, help)
    return { alert, ...found, route: routeOf(alert, receiver, found.target, routing) }
  })

/** That nothing names a workload, what was tried and what would help; a sentence each. */
export function withoutTarget({ tried }: AlertFinding): { why: string; tried: string[]; remedy: string } {
  return {
    why: 'No label names a workload.',
    tried: tried.map(({ looked, why }) => `${looked}: ${why}`),
    remedy: 'Add the label or annotation `mesh_target` to the rule, or a mapping under `alerts.mapping`.',
  }
}
