import { createHmac, randomBytes } from 'node:crypto'

import type { AttemptResult, Payload, Transport } from './delivery.ts'
import type { Fields } from './records.ts'
import { isFields } from '../../mesh/fields.ts'

/** Something wrong with a signed delivery, to see the app refuse it. */
export type Forgery = 'wrong signature' | 'stale timestamp' | 'no signature'

/** Bolt and Slack's docs refuse timestamps older than five minutes. */
const STALE_SECONDS = 6 * 60

/**
 * The headers by which Slack signs a request body.
 * @param timestamp seconds since 1970
 */
export const signatureHeaders = (
  secret: string,
  body: string,
  timestamp: number,
): Readonly<Record<string, string>> => ({
  'x-slack-request-timestamp': String(timestamp),
  'x-slack-signature': `v0=${createHmac('sha256', secret).update(`v0:${timestamp}:${body}`).digest('hex')}`,
})

/** Delivers to a request URL over signed HTTP, as Slack does for apps without Socket Mode. */
export class HttpDelivery implements Transport {
  readonly #url: string
  readonly #secret: string
  #forgery: Forgery | undefined

  constructor(url: string, secret: string) {
    this.#url = url
    this.#secret = secret
  }

  /** Makes the next delivery a forged one. */
  forgeNext(forgery: Forgery): void {
    this.#forgery = forgery
  }

  async attempt(
    payload: Payload,
    retry: { readonly number: number; readonly reason: string } | undefined,
    signal: AbortSignal,
  ): Promise<AttemptResult> {
    const { body, contentType } = encode(payload)
    const startedAt = Date.now()
    const retryHeaders =
      retry === undefined
        ? {}
        : {
            'x-slack-retry-num': String(retry.number),
            'x-slack-retry-reason': retry.reason === 'timeout' ? 'http_timeout' : 'http_error',
          }
    try {
      const response = await fetch(this.#url, {
        method: 'POST',
        body,
        signal,
        headers: { 'content-type': contentType, ...this.#signed(body), ...retryHeaders },
      })
      const text = await response.text()
      const { status } = response
      if (!response.ok) return { ok: false, error: 'http_service_error', status }
      return {
        ok: true,
        milliseconds: Date.now() - startedAt,
        response: decode(text, response.headers.get('content-type') ?? ''),
        status,
      }
    } catch {
      return { ok: false, error: signal.aborted ? 'operation_timeout' : 'dispatch_failed' }
    }
  }

  /** Sends a url_verification event. @returns whether the app answered with the challenge */
  async verify(): Promise<boolean> {
    const challenge = randomBytes(16).toString('hex')
    const body = JSON.stringify({ token: 'verification-token', challenge, type: 'url_verification' })
    try {
      const response = await fetch(this.#url, {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json', ...this.#signed(body) },
      })
      const text = await response.text()
      return response.ok && (text === challenge || decode(text, 'application/json').challenge === challenge)
    } catch {
      return false
    }
  }

  #signed(body: string): Readonly<Record<string, string>> {
    const forgery = this.#forgery
    this.#forgery = undefined
    const now = Math.floor(Date.now() / 1000)
    if (forgery === 'no signature') return {}
    if (forgery === 'wrong signature') return signatureHeaders(`not ${this.#secret}`, body, now)
    return signatureHeaders(this.#secret, body, forgery === 'stale timestamp' ? now - STALE_SECONDS : now)
  }
}

/** Events are JSON; commands are forms; interactions are forms with JSON in `payload`. */
const encode = (payload: Payload): { readonly body: string; readonly contentType: string } => {
  if (payload.kind === 'events_api') return { body: JSON.stringify(payload.body), contentType: 'application/json' }
  const form =
    payload.kind === 'interactive'
      ? { payload: JSON.stringify(payload.body) }
      : Object.fromEntries(Object.entries(payload.body).map(([name, value]) => [name, String(value)]))
  return { body: new URLSearchParams(form).toString(), contentType: 'application/x-www-form-urlencoded' }
}

const decode = (text: string, contentType: string): Fields => {
  if (text.trim() === '') return {}
  if (!contentType.includes('json')) return { text }
  try {
    const value: unknown = JSON.parse(text)
    return isFields(value) ? value : {}
  } catch {
    return { text }
  }
}
