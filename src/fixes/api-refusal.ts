import { redact } from '../evidence/redaction.ts'
import { WriteError, type FieldConflict } from './cluster-writer.ts'

/** What the API server answered. */
export interface ApiAnswer {
  status: number
  text: string
}

interface Cause {
  reason?: string
  message?: string
  field?: string
}
interface Status {
  message?: string
  reason?: string
  details?: { causes?: Cause[] }
}

const MOST_WORDS = 600
/** Refused before anything could be stored: an admission webhook that must be asked and does not answer. */
const WEBHOOK_AWAY = 'failed calling webhook'
/** Answered with 500, and never anything else than a manifest that does not fit the kind's schema. */
const NO_SUCH_SHAPE = 'failed to create typed patch object'
/** RBAC's own words, and those of other authorizers; admission plugins answer 403 too. */
const NO_RIGHT = /\bcannot (\w+) resource\b/
/** An object of the same name, made anew since. */
const OTHER_UID = 'metadata.uid: Invalid value'
/** How kinds whose versions must be named say that there is one already, when told that there is none. */
const NOT_ABSENT = /metadata\.resourceVersion: Invalid value: \S*: must be specified for an update/

/** The API server's refusal of a write, by what can be done about it. `what` names the object in texts: `DestinationRule shop/catalog`. */
export function refusal({ status, text }: ApiAnswer, what: string): WriteError {
  const said = parseStatus(text)
  const words = redact((said.message ?? text).trim()).slice(0, MOST_WORDS) || `it answered ${status} without a message`
  const causes = said.details?.causes ?? []
  const conflicts = fieldConflicts(causes)
  if (conflicts.length > 0) return new WriteError('conflict', words, { conflicts })
  if (status === 401) return new WriteError('forbidden', `the API server refused the credentials: ${words}`)
  if (status === 403 && NO_RIGHT.test(words)) return new WriteError('forbidden', words)
  if (status === 409) return new WriteError('moved', `${what} was changed at the same time: ${words}`, { sent: true })
  if (status === 422 && (words.includes(OTHER_UID) || NOT_ABSENT.test(words)))
    return new WriteError('moved', `${what} was created at the same time: ${words}`, { sent: true })
  if (status >= 400 && status < 500 && status !== 408 && status !== 429) return new WriteError('refused', words)
  if (words.includes(NO_SUCH_SHAPE)) return new WriteError('refused', words)
  return new WriteError('unavailable', `the API server answered ${status}: ${words}`, {
    sent: status !== 429 && !words.includes(WEBHOOK_AWAY),
  })
}

/** True when a write may be tried again after reading the object once more: its status was written meanwhile, say. */
export const isRace = (error: unknown): boolean => error instanceof WriteError && error.reason === 'moved' && error.sent

function parseStatus(text: string): Status {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    // Proxies in front of an API server answer with plain text.
    return {}
  }
}

/** `conflict with "kubectl-client-side-apply" using networking.istio.io/v1` at `.spec.subsets`: fields by manager. */
function fieldConflicts(causes: readonly Cause[]): FieldConflict[] {
  const byManager = new Map<string, string[]>()
  for (const { reason, message = '', field = '' } of causes) {
    if (reason !== 'FieldManagerConflict') continue
    const manager = redact(/conflict with "((?:[^"\\]|\\.)*)"/.exec(message)?.[1] ?? message).slice(0, 128)
    byManager.set(manager, [...(byManager.get(manager) ?? []), field.slice(0, 256)])
  }
  return [...byManager].map(([manager, fields]) => ({ manager, fields }))
}

/** Connections that came to nothing before a request was sent. */
const NEVER_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_HAS_EXPIRED',
  'ERR_TLS_CERT_ALTNAME_INVALID',
])

/** No answer of the API server at `server`. */
export function noAnswer(error: unknown, server: string, signal: AbortSignal): WriteError {
  if (signal.aborted)
    return new WriteError('unavailable', 'the API server did not answer in time', { sent: true, cause: error })
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return new WriteError(
    'unavailable',
    `the API server at ${server} could not be reached (${error instanceof Error ? error.message : String(error)})`,
    { sent: !NEVER_SENT.has(code), cause: error },
  )
}
