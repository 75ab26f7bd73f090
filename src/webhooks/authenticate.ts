import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { AlertSource } from '../alerts/alert.ts'

/** What senders of alerts prove themselves with; any one that is configured and fits is enough. */
export interface WebhookSecrets {
  /** Bearer token. */
  token?: string | undefined
  /** `user:password`. */
  basic?: string | undefined
  /** Grafana's key for HMAC-SHA256. */
  grafana?: string | undefined
  /** PagerDuty's signing secrets, of each subscription one. */
  pagerDuty?: readonly string[] | undefined
}

/** Whether a sender is who may send: `later` where only the body can tell. */
export type Authentication = 'yes' | 'no' | 'later'

/** Milliseconds that a signed time may be from our own: clocks are apart, and a delivery takes its time. */
const APART = 5 * 60_000

/** Compares in a time that tells nothing. */
const isSame = (one: string, other: string): boolean =>
  timingSafeEqual(createHash('sha256').update(one).digest(), createHash('sha256').update(other).digest())

/** What the header alone tells. PagerDuty's signature is looked at first: where its secrets are configured nothing else counts for it. */
export function authenticate(
  source: AlertSource,
  headers: IncomingHttpHeaders,
  secrets: WebhookSecrets,
): Authentication {
  if (source === 'pagerduty' && (secrets.pagerDuty ?? []).length > 0)
    return headers['x-pagerduty-signature'] === undefined ? 'no' : 'later'
  const { authorization = '' } = headers
  const [, scheme = '', value = ''] = /^(\S+)\s+(\S+)\s*$/.exec(authorization) ?? []
  if (secrets.token !== undefined && scheme.toLowerCase() === 'bearer' && isSame(value, secrets.token)) return 'yes'
  if (
    secrets.basic !== undefined &&
    scheme.toLowerCase() === 'basic' &&
    isSame(Buffer.from(value, 'base64').toString('utf8'), secrets.basic)
  )
    return 'yes'
  return source === 'grafana' && secrets.grafana !== undefined && headers[GRAFANA_SIGNATURE] !== undefined
    ? 'later'
    : 'no'
}

const GRAFANA_SIGNATURE = 'x-grafana-alerting-signature'
const GRAFANA_TIME = 'x-grafana-alerting-timestamp'

const headerOf = (headers: IncomingHttpHeaders, name: string): string => {
  const value = headers[name]
  return Array.isArray(value) ? value.join(',') : (value ?? '')
}

/** Whether the raw body was signed by who has the secret; `why` for the log when not. `now` in milliseconds. */
export function isSigned(
  source: AlertSource,
  headers: IncomingHttpHeaders,
  body: Buffer,
  secrets: WebhookSecrets,
  now: number,
): { ok: true } | { ok: false; why: string } {
  const hmac = (key: string, signed: Buffer | string): string => createHmac('sha256', key).update(signed).digest('hex')
  if (source === 'pagerduty') {
    const given = headerOf(headers, 'x-pagerduty-signature')
      .split(',')
      .map((one) => one.trim())
      .filter((one) => one.startsWith('v1='))
      .slice(0, 20)
    const expected = (secrets.pagerDuty ?? []).map((key) => `v1=${hmac(key, body)}`)
    // All are compared, whichever fits.
    const fitting = expected.flatMap((one) => given.map((signature) => isSame(one, signature)))
    return fitting.includes(true) ? { ok: true } : { ok: false, why: 'no signature of X-PagerDuty-Signature fits' }
  }
  const time = headerOf(headers, GRAFANA_TIME)
  const seconds = Number(time)
  if (time !== '' && !(Math.abs(now - seconds * 1000) <= APART))
    return { ok: false, why: `its time (${time.slice(0, 40)}) is more than ${APART / 60_000} minutes from ours` }
  const signed = time === '' ? body : Buffer.concat([Buffer.from(`${time}:`), body])
  return isSame(headerOf(headers, GRAFANA_SIGNATURE), hmac(secrets.grafana ?? '', signed))
    ? { ok: true }
    : { ok: false, why: 'the signature does not fit' }
}
