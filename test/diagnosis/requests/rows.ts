import type { Request } from '../../../src/checks/facts/requests-to.ts'
import type { AccessLogLine } from '../../../src/mesh/access-log.ts'

/** The moment from which rows are counted. */
export const MOMENT = Date.parse('2026-01-01T00:00:00Z')

const log: Request['log'] = {
  kind: 'access-log',
  ok: true,
  source: 'kubectl logs',
  at: '',
  value: { lines: [], unreadable: 0 },
}

/** What a line of a log says, in short. */
const LINES = {
  /** Answered by the application. */
  ok: { code: 200, details: 'via_upstream' },
  /** The application's own error. */
  broken: { code: 500, details: 'via_upstream' },
  /** No route at the proxy. */
  nr: { code: 404, flags: ['NR'], details: 'route_not_found' },
  /** The application does not know the path. */
  unknown: { code: 404, details: 'via_upstream' },
  /** The application sends elsewhere. */
  moved: { code: 302, details: 'via_upstream' },
  /** A route sends elsewhere. */
  redirect: { code: 301, details: 'direct_response' },
  /** A policy refuses. */
  rbac: { code: 403, details: 'rbac_access_denied_matched_policy[none]' },
  /** A token is missing. */
  token: { code: 401, details: 'jwt_authn_access_denied{Jwt_is_missing}' },
  /** The external authorizer refuses. */
  asked: { code: 403, flags: ['UAEX'], details: 'ext_authz_denied' },
  /** The external authorizer could not be asked. */
  notAsked: { code: 403, flags: ['UAEX'], details: 'ext_authz_error' },
  /** Too many requests, says the proxy. */
  limited: { code: 429, flags: ['RL'], details: 'local_rate_limited' },
  /** The route's timeout of 1 s was over. */
  late: { code: 504, flags: ['UT'], details: 'response_timeout', duration: 1000 },
  /** Answered just before that timeout. */
  near: { code: 200, details: 'via_upstream', duration: 800 },
  /** Answered long before it. */
  quick: { code: 200, details: 'via_upstream', duration: 5 },
  /** The caller hung up. */
  gone: { code: 0, flags: ['DC'], details: 'downstream_remote_disconnect' },
  /** No endpoint. */
  empty: { code: 503, flags: ['UH'], details: 'no_healthy_upstream' },
  /** A connection that was carried. */
  tcp: { code: 0, method: undefined, upstreamHost: '10.0.0.9:6379' },
  /** A connection that nobody took. */
  tcpFailed: { code: 0, method: undefined, flags: ['UF'], upstreamHost: '10.0.0.9:6379' },
  /** A connection that no filter chain takes. */
  noChain: { code: 0, method: undefined, flags: ['NR'], details: 'filter_chain_not_found' },
  /** A line of which nothing is known. */
  dark: { code: 0, method: undefined },
} satisfies Record<string, Partial<Record<keyof AccessLogLine, unknown>>>

export type Line = keyof typeof LINES

/** A request as its caller's proxy logged it and, when it is given, as the sidecar did that took it. */
export function request(line: Line, second = 1, inner?: Line): Request {
  const entry = (of: Line): AccessLogLine => ({
    method: 'GET',
    flags: [],
    at: new Date(MOMENT + second * 1000).toISOString(),
    ...(LINES[of] as Partial<AccessLogLine> & { code: number }),
  })
  return { entry: entry(line), log, ...(inner !== undefined && { inner: { entry: entry(inner), log } }) }
}

/** A row of requests, one a second from just after the moment: `3 ok, 2 nr`; `-` before a number: so many before the moment. */
export function row(text: string): Request[] {
  const lines = text.split(', ').flatMap((part) => {
    const [, before, count = '', line = ''] = /^(-?)(\d+) (\w+)$/.exec(part) ?? []
    return Array.from({ length: Number(count) }, () => ({ line: line as Line, isBefore: before === '-' }))
  })
  const before = lines.filter(({ isBefore }) => isBefore).length
  return lines.map(({ line }, index) => request(line, index < before ? index - before : index - before + 1))
}
