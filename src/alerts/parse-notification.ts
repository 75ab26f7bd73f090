import { UserError } from '../mesh/user-error.ts'
import { isFields } from '../mesh/fields.ts'
import { parseAlertmanager } from './payloads/alertmanager.ts'
import { parseGrafana } from './payloads/grafana.ts'
import { parsePagerDuty } from './payloads/pagerduty.ts'
import type { AlertNotification, AlertSource } from './alert.ts'

/** A body that is not of the shape that its sender documents; `why` says what is different. */
export class UnknownPayloadError extends UserError {
  constructor(why: string, remedies: readonly string[] = []) {
    super({ why, remedies }, { code: 'alert-payload' })
  }
}

const PARSERS: Readonly<Record<AlertSource, (body: unknown) => AlertNotification>> = {
  alertmanager: parseAlertmanager,
  grafana: parseGrafana,
  pagerduty: parsePagerDuty,
}

/**
 * Reads what a sender posted.
 * @throws {UnknownPayloadError} naming what does not fit
 */
export function parseNotification(source: AlertSource, body: unknown): AlertNotification {
  try {
    return PARSERS[source](body)
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'PayloadShapeError') throw error
    throw new UnknownPayloadError(error.message, REMEDIES[source])
  }
}

const REMEDIES: Readonly<Record<AlertSource, readonly string[]>> = {
  alertmanager: [
    "Send Alertmanager's own webhook body (version 4): a webhook_config without a `payload` template of its own.",
  ],
  grafana: ['Send Grafana’s own webhook body (version 1): a webhook contact point without a custom payload.'],
  pagerduty: ['Send a V3 webhook subscription (Integrations, Generic Webhooks (v3)).'],
}

/** Whose payload a body is, by the marks that only one sender makes; undefined for none of them. */
export function sourceOf(body: unknown): AlertSource | undefined {
  if (!isFields(body)) return undefined
  if (isFields(body.event) && 'event_type' in body.event) return 'pagerduty'
  if (!('alerts' in body)) return undefined
  return 'orgId' in body || body.version === '1' ? 'grafana' : 'alertmanager'
}
