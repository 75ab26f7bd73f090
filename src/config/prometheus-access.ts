import { defined } from '../mesh/defined.ts'
import { hasCredentials } from './has-credentials.ts'
import type { Problem } from './problem.ts'
import type { Secret } from './secret.ts'
import type { VariableName, VariableValues } from './variables.ts'

/** How a Prometheus is asked: by which credentials, and over TLS with which certificates. Files are paths. */
export interface PrometheusAccess {
  username?: string | undefined
  password?: Secret | undefined
  passwordFile?: string | undefined
  tokenFile?: string | undefined
  caFile?: string | undefined
  certFile?: string | undefined
  keyFile?: string | undefined
}
type Part = keyof PrometheusAccess

/** What each part is called among the environment variables. */
export const PROMETHEUS_VARIABLES = {
  username: 'PROMETHEUS_USERNAME',
  password: 'PROMETHEUS_PASSWORD',
  passwordFile: 'PROMETHEUS_PASSWORD_FILE',
  tokenFile: 'PROMETHEUS_TOKEN_FILE',
  caFile: 'PROMETHEUS_CA_FILE',
  certFile: 'PROMETHEUS_CERT_FILE',
  keyFile: 'PROMETHEUS_KEY_FILE',
} as const satisfies Record<Part, VariableName>

/** As the environment has it. */
export const accessOf = (values: VariableValues): PrometheusAccess =>
  defined(Object.fromEntries(Object.entries(PROMETHEUS_VARIABLES).map(([part, name]) => [part, values[name]])))

/** What is wrong with it as the environment has it. */
export function variableProblems(values: VariableValues): Problem[] {
  const named = (part: Part): string => PROMETHEUS_VARIABLES[part]
  const url = values.PROMETHEUS_URL
  return [
    ...(url !== undefined && hasCredentials(url)
      ? [
          {
            where: 'PROMETHEUS_URL',
            says: 'must hold no name and no password: set PROMETHEUS_USERNAME and PROMETHEUS_PASSWORD_FILE',
          },
        ]
      : []),
    ...accessProblems(accessOf(values), url, 'PROMETHEUS_URL', named).map(({ of, says }) => ({
      where: named(of),
      says,
    })),
  ]
}

/**
 * What is wrong with how a Prometheus is asked, by the part it is about.
 *
 * @param called what its address is called where it is configured, and what a part is
 */
export function accessProblems(
  access: PrometheusAccess,
  url: string | undefined,
  called: string,
  named: (part: Part) => string = (part) => part,
): { of: Part; says: string }[] {
  const problems: { of: Part; says: string }[] = []
  const has = (part: Part): boolean => access[part] !== undefined
  const needs = (of: Part, ...others: [Part, ...Part[]]): void => {
    if (has(of) && !others.some(has)) problems.push({ of, says: `needs ${others.map(named).join(' or ')}` })
  }
  const excludes = (of: Part, other: Part): void => {
    if (has(of) && has(other)) problems.push({ of, says: `and ${named(other)} exclude each other` })
  }
  const parts = (Object.keys(PROMETHEUS_VARIABLES) as Part[]).filter(has)
  const [first] = parts
  if (first === undefined) return []
  if (url === undefined) return [{ of: first, says: `is of no use without ${called}` }]
  // The file has no passwords.
  if (named('password') === 'password') needs('username', 'passwordFile')
  else needs('username', 'password', 'passwordFile')
  needs('password', 'username')
  needs('passwordFile', 'username')
  excludes('password', 'passwordFile')
  excludes('tokenFile', 'username')
  needs('certFile', 'keyFile')
  needs('keyFile', 'certFile')
  if (access.username?.includes(':') === true) problems.push({ of: 'username', says: 'must hold no colon' })
  const tls = (['caFile', 'certFile', 'keyFile'] as const).find(has)
  if (tls !== undefined && !url.startsWith('https:'))
    problems.push({ of: tls, says: `needs an https address (${called})` })
  return problems
}
