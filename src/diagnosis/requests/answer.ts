import { once } from '../../checks/facts/fact.ts'
import { nearest, type Request } from '../../checks/facts/requests-to.ts'
import type { AccessLogLine } from '../../mesh/access-log.ts'

/**
 * What came of one request, as its caller sees it.
 * - `answered`: as wanted
 * - `failed`: a 5xx, no answer, or a 4xx that a proxy gave and not the application
 * - `declined`: a 3xx or 4xx of the application, or a missing or refused token: wanted or not, that the requests beside it tell
 * - `unknown`: the caller hung up, or a connection that tells nothing of what went over it
 */
export type Answer = 'answered' | 'failed' | 'declined' | 'unknown'

/** Flags of a line without a response that say that the mesh or the upstream failed, not the caller. */
const FAILING = /^(U|N|LR$|LH$|OM$|DF$|DPE$|RL|FI$)/
/** Answers of a proxy that depend on what the caller shows: its token, or what an external service thinks of it. */
const ASKS_FOR_CREDENTIALS = /^(jwt_authn|ext_authz_denied|oauth)/

/** True when the response came from the other end and not from this proxy. */
const isFromUpstream = ({ details, flags }: AccessLogLine): boolean =>
  details === 'via_upstream' || (details === undefined && flags.length === 0)

/** What one line says by itself. */
function answerOfLine(entry: AccessLogLine): Answer {
  const { code, flags, details = '', method } = entry
  if (code >= 500) return 'failed'
  if (code === 0) {
    if (flags.some((flag) => FAILING.test(flag))) return 'failed'
    if (/filter_chain_not_found|rbac_access_denied/.test(`${details} ${entry.termination ?? ''}`)) return 'failed'
    return method === undefined && flags.length === 0 && entry.upstreamHost !== undefined ? 'answered' : 'unknown'
  }
  if (code < 300) return 'answered'
  if (isFromUpstream(entry)) return 'declined'
  // A redirect that a route makes is what the route is for, until it is new.
  if (code < 400) return 'declined'
  // An external service that could not be asked has refused nobody.
  const isAsked = ASKS_FOR_CREDENTIALS.test(details) || (flags.includes('UAEX') && details !== 'ext_authz_error')
  return isAsked ? 'declined' : 'failed'
}

/** What came of a request; where its caller's proxy only passed an answer on, the sidecar that gave it decides. */
export const answerOf = once((request: Request): Answer => {
  const own = answerOfLine(request.entry)
  if (own === 'failed' || own === 'unknown' || request.inner === undefined) return own
  const inner = answerOfLine(nearest(request).entry)
  return inner === 'failed' ? 'failed' : own
})
