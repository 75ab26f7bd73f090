import type { LogLevels } from '../../evidence/collectors/log-levels.ts'

/** What a request passes in a proxy: always worth reading. */
const REQUEST = ['http', 'router', 'connection', 'pool', 'client']

/** Loggers that say more about findings, by the first digits of their code; the longest that fits counts. */
const BY_CODE: Readonly<Record<string, readonly string[]>> = {
  // Routing: which route and cluster a request took, and what of RDS and CDS was taken.
  MESH01: ['http', 'router', 'rds', 'config', 'upstream'],
  // Sync: what came from istiod, and why it was refused.
  MESH02: ['config', 'init', 'upstream', 'rds', 'grpc'],
  MESH0203: ['grpc', 'config', 'connection', 'dns'],
  // Endpoints: what the balancer had to choose from.
  MESH03: ['upstream', 'router', 'pool', 'connection', 'health_checker'],
  MESH04: [...REQUEST, 'upstream'],
  MESH0406: ['http', 'router', 'filter'],
  // Overflows and ejections are told by the cluster.
  MESH0409: ['http', 'router', 'pool', 'upstream'],
  // Security: handshakes are logged by connection, decisions by rbac and jwt.
  MESH05: ['connection', 'rbac', 'jwt', 'ext_authz', 'filter', 'http'],
  MESH0501: ['connection', 'filter', 'conn_handler', 'pool', 'upstream'],
  // Who refuses a request, and which request that was.
  MESH0503: ['rbac', 'ext_authz', 'http', 'router', 'filter'],
  MESH0508: ['rbac', 'ext_authz', 'http', 'router', 'filter'],
  MESH0509: ['rbac', 'http', 'router'],
  MESH0531: ['rbac', 'jwt', 'ext_authz', 'http', 'router', 'filter'],
  MESH0504: ['jwt', 'http', 'router', 'filter', 'upstream'],
  MESH0510: ['jwt', 'http', 'router', 'filter'],
  MESH0511: ['jwt', 'http', 'router', 'filter'],
  MESH06: ['http', 'router', 'connection', 'filter', 'conn_handler', 'rds'],
  MESH07: ['connection', 'pool', 'upstream', 'router', 'filter'],
  MESH09: ['config', 'grpc', 'init', 'connection'],
}

/**
 * Loggers that say more about a finding, of those that the proxy has.
 * @param code `MESH0101`; absent: what a request passes
 */
export function loggersFor(code: string | undefined, has: Readonly<LogLevels>): string[] {
  const key = Object.keys(BY_CODE)
    .filter((prefix) => code?.startsWith(prefix) === true)
    .toSorted((a, b) => b.length - a.length)[0]
  return ((key === undefined ? undefined : BY_CODE[key]) ?? REQUEST).filter((logger) => Object.hasOwn(has, logger))
}
