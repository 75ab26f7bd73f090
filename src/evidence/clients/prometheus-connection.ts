import { createHash } from 'node:crypto'
import type { Agent } from 'undici'
import { oneLine } from '../../mesh/visible.ts'
import { redact } from '../redaction.ts'
import { UnseenError } from './clients.ts'

/** Who asks, and with which certificates (PEM). */
export interface Credentials {
  /** The header, whole. */
  authorization?: string
  ca?: string
  cert?: string
  key?: string
}

/** Where a Prometheus is, and how it is asked. */
export interface PrometheusConnection {
  url: string
  /** Asked anew for each question. @throws {UnseenError} when they cannot be had */
  credentials?: () => Promise<Credentials>
  /** What the file of the client certificate's key is called in the configuration. */
  keyFile?: string
}

/** Characters of what others say that are shown. */
const MOST_SHOWN = 200

/** Sends questions over connections with the certificates that are in force; they are made anew when these change. */
export class PrometheusHttp {
  private kept: { name: string; agent: Agent } | undefined
  private readonly connection: PrometheusConnection

  constructor(connection: PrometheusConnection) {
    this.connection = connection
  }

  /** @throws {UnseenError} for credentials that cannot be had; what fetch throws */
  post(address: string, body: URLSearchParams, signal: AbortSignal): Promise<Response> {
    return this.ask(address, { method: 'POST', body }, signal)
  }

  /** As `post`, without a question in the body. */
  get(address: string, signal: AbortSignal): Promise<Response> {
    return this.ask(address, {}, signal)
  }

  private async ask(
    address: string,
    request: { method?: string; body?: URLSearchParams },
    signal: AbortSignal,
  ): Promise<Response> {
    const { authorization, ...tls } = (await this.connection.credentials?.()) ?? {}
    const options = {
      ...request,
      // Wherever it is redirected to is not who the credentials are for.
      redirect: 'manual' as const,
      ...(authorization !== undefined && { headers: { authorization } }),
      signal,
    }
    if (Object.keys(tls).length === 0) return fetch(address, options)
    // Node's own fetch takes no agent of another version.
    const undici = await import('undici')
    const name = createHash('sha256').update(JSON.stringify(tls)).digest('hex')
    if (this.kept?.name !== name) {
      void this.kept?.agent.close()
      this.kept = { name, agent: this.agentOf(undici.Agent, tls) }
    }
    return undici.fetch(address, { ...options, dispatcher: this.kept.agent })
  }

  private agentOf(Agents: typeof Agent, tls: Omit<Credentials, 'authorization'>): Agent {
    return new Agents({ connect: tls })
  }
}

type Failure = Error & { code?: unknown }

/** Why a question was not answered, as something that can be acted on. */
export function unreachable(error: unknown, { url, keyFile = 'the key' }: PrometheusConnection): UnseenError {
  const chain: Failure[] = []
  for (let one = error; one instanceof Error && chain.length < 5; one = one.cause) chain.push(one)
  const cause: Failure =
    chain.findLast(({ code }) => typeof code === 'string') ?? chain.at(-1) ?? new Error(String(error))
  const unseen = (reason: 'unavailable' | 'forbidden', says: string): UnseenError =>
    new UnseenError(reason, says, { cause: error })
  const code = typeof cause.code === 'string' ? cause.code : ''
  const host = new URL(url).hostname
  if (code === 'CERT_HAS_EXPIRED') return unseen('unavailable', 'the certificate of Prometheus has expired')
  if (code === 'CERT_NOT_YET_VALID')
    return unseen('unavailable', 'the certificate of Prometheus is not valid yet: is a clock wrong?')
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return unseen('unavailable', `the certificate of Prometheus is not for ${host}`)
  if (UNTRUSTED.has(code))
    return unseen(
      'unavailable',
      'the certificate of Prometheus is not signed by a CA that is trusted here: name its CA (PROMETHEUS_CA_FILE, or prometheusAccess.caFile of the cluster)',
    )
  if (/ALERT_(.*CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED|DECRYPT_ERROR|HANDSHAKE_FAILURE)/.test(code))
    return unseen(
      'forbidden',
      `Prometheus does not accept the client certificate, or wants one (${alertOf(code)}): ${CLIENT_CERTIFICATE}`,
    )
  // Some servers say nothing of a client certificate that they do not accept.
  if (new URL(url).protocol === 'https:' && ENDED.has(code))
    return unseen(
      'unavailable',
      `Prometheus ended the connection (${shown(cause.message)}); if it wants a client certificate, or another: ${CLIENT_CERTIFICATE}`,
    )
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG')
    return unseen('unavailable', `${new URL(url).host} does not speak TLS: is its address http?`)
  if (/^ERR_OSSL|^ERR_SSL_.*(KEY|PEM)|KEY_VALUES_MISMATCH/.test(code))
    return unseen(
      'unavailable',
      `the certificates for Prometheus cannot be used, ${keyFile} and what belongs to it: ${shown(cause.message)}`,
    )
  return unseen('unavailable', `Prometheus could not be reached (${shown(cause.message)})`)
}

const UNTRUSTED: ReadonlySet<string> = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_SIGNATURE_FAILURE',
])

const CLIENT_CERTIFICATE = 'set PROMETHEUS_CERT_FILE and PROMETHEUS_KEY_FILE, or certFile and keyFile of the cluster'
const ENDED: ReadonlySet<string> = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'])

/** `ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED`: certificate required */
const alertOf = (code: string): string => (code.split('ALERT_')[1] ?? code).toLowerCase().replaceAll('_', ' ')

const shown = (text: string): string => oneLine(redact(text.trim())).slice(0, MOST_SHOWN)

/** What a status that is no success says. */
export function refused({ status, headers }: Response, text: string, hasCredentials: boolean): UnseenError {
  if (status === 401)
    return new UnseenError(
      'forbidden',
      hasCredentials
        ? 'Prometheus does not accept the credentials (401)'
        : 'Prometheus wants credentials (401): set PROMETHEUS_TOKEN_FILE, or PROMETHEUS_USERNAME and PROMETHEUS_PASSWORD_FILE',
    )
  if (status === 403)
    return new UnseenError('forbidden', 'Prometheus, or what is in front of it, does not let us ask (403)')
  if (status >= 300 && status < 400)
    return new UnseenError(
      'unavailable',
      `Prometheus redirects to ${shown(headers.get('location') ?? 'nowhere')}: set PROMETHEUS_URL to where it is itself, and its credentials`,
    )
  const said = saidIn(text) ?? text
  return new UnseenError(
    'unavailable',
    status === 404 && (isPage(text) || text.trim() === '')
      ? 'Prometheus answered 404: does PROMETHEUS_URL lead to Prometheus, with its path?'
      : `Prometheus answered ${status}: ${shown(said)}`,
  )
}

/** True for HTML in place of JSON. */
export const isPage = (text: string): boolean => text.trimStart().startsWith('<')

/** The error in the answer of its API. */
function saidIn(text: string): string | undefined {
  try {
    const { error } = JSON.parse(text) as { error?: unknown }
    return typeof error === 'string' ? error : undefined
  } catch {
    return undefined
  }
}
