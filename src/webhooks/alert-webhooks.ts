import type { IncomingMessage } from 'node:http'
import { ALERT_SOURCES, type AlertNotification, type AlertSource } from '../alerts/alert.ts'
import { parseNotification, UnknownPayloadError } from '../alerts/parse-notification.ts'
import { StoreUnavailableError, type Records } from '../store/records.ts'
import { keepDelivery } from '../store/deliveries.ts'
import { authenticate, isSigned, type WebhookSecrets } from './authenticate.ts'
import { deliveryId } from './delivery-id.ts'
import type { Route } from './http-server.ts'
import { readBody } from './read-body.ts'

/** The log, as far as webhooks need it. */
interface WebhookLog {
  info(fields: object, says: string): void
  warn(fields: object, says: string): void
  error(fields: object, says: string): void
}

/** What the webhooks work with. */
export interface WebhookDeps {
  records: Records
  log: WebhookLog
  secrets: WebhookSecrets
  /** Milliseconds for which this process handles what it stored. */
  hold: number
  /** Hears of what was stored; it is handled after the answer. */
  stored: (id: string, notification: AlertNotification) => void
  /** Bytes of a body. Default 2 MiB. */
  mostBytes?: number
}

/** Where alerts are posted to. */
export const ALERTS_PATH = '/alerts/'
const MOST_BYTES = 2 * 1024 * 1024
/** Milliseconds after which nobody sends something again; less than it is remembered. */
const TOO_OLD = 3 * 24 * 3600_000
/** Reasons that are remembered, so that each is logged once. */
const MOST_REASONS = 200

/**
 * `POST /alerts/alertmanager`, `/alerts/grafana` and `/alerts/pagerduty`: what is posted is stored before it is answered. 2xx: it is stored, or was before. 4xx: it will
 * never be taken as it is (senders drop it). 503: it could not be stored, and is to be sent again.
 */
export function alertWebhooks(deps: WebhookDeps): Route {
  const logged = new Set<string>()
  /** Says something once, however often a sender repeats it. */
  const once = (fields: { source: AlertSource; why: string }, says: string): void => {
    const key = `${says}:${fields.source}:${fields.why}`
    if (logged.has(key) || logged.size >= MOST_REASONS) return
    logged.add(key)
    deps.log.warn(fields, says)
  }
  return (request, response) => {
    const [path = ''] = (request.url ?? '').split('?')
    if (!path.startsWith(ALERTS_PATH)) return false
    const source = ALERT_SOURCES.find((one) => path === `${ALERTS_PATH}${one}`)
    const respond = (status: number, body: string, headers: Record<string, string> = {}): void => {
      if (response.headersSent) return
      // What is not read any more is not waited for.
      const closing = status === 413 || status === 401 ? { connection: 'close' } : {}
      response
        .writeHead(status, { 'content-type': 'text/plain; charset=utf-8', ...closing, ...headers })
        .end(`${body}\n`)
    }
    if (source === undefined) respond(404, `paths: ${ALERT_SOURCES.map((one) => ALERTS_PATH + one).join(', ')}`)
    else if (request.method !== 'POST' && !(source === 'grafana' && request.method === 'PUT'))
      respond(405, 'POST only', { allow: 'POST' })
    else
      answer(deps, source, request, respond, once).catch((err: unknown) => {
        deps.log.error({ err, source }, 'an alert could not be taken')
        // A mistake of ours is no reason for the sender to drop it.
        respond(503, 'it could not be taken; send it again', { 'retry-after': '10' })
      })
    return true
  }
}

type Respond = (status: number, body: string, headers?: Record<string, string>) => void
type Once = (fields: { source: AlertSource; why: string }, says: string) => void

async function answer(
  { records, log, secrets, hold, stored, mostBytes = MOST_BYTES }: WebhookDeps,
  source: AlertSource,
  request: IncomingMessage,
  respond: Respond,
  once: Once,
): Promise<void> {
  const who = authenticate(source, request.headers, secrets)
  if (who === 'no') {
    once({ source, why: 'the token is missing or wrong' }, 'alerts were refused')
    respond(401, 'the token is missing or wrong', { 'www-authenticate': 'Bearer' })
    return
  }
  const body = await readBody(request, mostBytes)
  if (body === 'too large') {
    once({ source, why: `the body is larger than ${mostBytes} bytes` }, 'alerts were refused')
    respond(413, `the body is larger than ${mostBytes} bytes`)
    return
  }
  if (body === 'cut off') return
  if (who === 'later') {
    const signed = isSigned(source, request.headers, body, secrets, Date.now())
    if (!signed.ok) {
      once({ source, why: signed.why }, 'alerts were refused')
      respond(401, signed.why)
      return
    }
  }
  const read = notificationIn(source, body)
  if ('why' in read) {
    once({ source, why: read.why }, 'alerts of an unknown shape were refused')
    respond(422, [read.why, ...read.remedies].join(' '))
    return
  }
  const { notification } = read
  if (notification.noNews !== undefined || notification.alerts.length === 0) {
    respond(200, notification.noNews === undefined ? 'no alerts' : `${notification.noNews.slice(0, 100)} is no news`)
    return
  }
  // By then it is forgotten what was received; nobody tries for so long.
  if (notification.sentAt !== undefined && Date.now() - Date.parse(notification.sentAt) > TOO_OLD) {
    respond(200, 'it is older than three days and changes nothing')
    return
  }
  const id = deliveryId(notification)
  try {
    if (!(await keepDelivery(records, id, notification, hold))) {
      respond(200, 'known already')
      return
    }
  } catch (error) {
    if (!(error instanceof StoreUnavailableError)) throw error
    log.warn({ err: error, source }, 'alerts could not be stored')
    respond(503, 'it could not be stored; send it again', { 'retry-after': '10' })
    return
  }
  respond(202, `stored: ${notification.alerts.length} ${notification.alerts.length === 1 ? 'alert' : 'alerts'}`)
  stored(id, notification)
}

function notificationIn(
  source: AlertSource,
  body: Buffer,
): { notification: AlertNotification } | { why: string; remedies: readonly string[] } {
  let json: unknown
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch {
    return { why: 'The body is not JSON in UTF-8.', remedies: [] }
  }
  try {
    return { notification: parseNotification(source, json) }
  } catch (error) {
    if (!(error instanceof UnknownPayloadError)) throw error
    return { why: error.why, remedies: error.remedies }
  }
}
