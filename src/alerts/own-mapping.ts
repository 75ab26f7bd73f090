import type { Alert } from './alert.ts'
import type { FoundBy } from './alert-target.ts'

/** Alerts that an administrator says the target of. All that is given must fit. */
export interface AlertMapping {
  alertname?: string | undefined
  receiver?: string | undefined
  labels?: Readonly<Record<string, string>> | undefined
  /** A target as `/mesh diagnose` takes it; `{{label}}` stands for a label's value. */
  target: string
}

const PLACEHOLDER = /\{\{\s*([\w./-]+)\s*\}\}/g

/** Rank 1: what the alert or the configuration says outright. */
export function byOwnMapping(alert: Alert, receiver: string, mapping: readonly AlertMapping[]): FoundBy {
  const given = alert.labels.mesh_target ?? alert.annotations.mesh_target
  if (given !== undefined && given !== '') return { text: given, by: `mesh_target="${given}"` }
  const fitting = mapping.find((one) => fits(one, alert, receiver))
  if (fitting === undefined)
    return { none: mapping.length === 0 ? 'none is configured' : `none of ${mapping.length} fits` }
  const lacking = [...fitting.target.matchAll(PLACEHOLDER)].flatMap(([, label = '']) =>
    (alert.labels[label] ?? '') === '' ? [label] : [],
  )
  if (lacking.length > 0) return { none: `the mapping to ${fitting.target} needs the label ${lacking.join(', ')}` }
  return {
    text: fitting.target.replaceAll(PLACEHOLDER, (_, label: string) => alert.labels[label] ?? ''),
    by: `the mapping to ${fitting.target}`,
  }
}

function fits({ alertname, receiver, labels = {} }: AlertMapping, alert: Alert, from: string): boolean {
  return (
    (alertname === undefined || alertname === alert.name) &&
    (receiver === undefined || receiver === from) &&
    Object.entries(labels).every(([name, value]) => alert.labels[name] === value)
  )
}
