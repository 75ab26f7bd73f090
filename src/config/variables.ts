import { z } from 'zod'
import { hasCredentials } from './has-credentials.ts'
import { Secret } from './secret.ts'

/** One environment variable: what it is for and what it may hold. */
export interface Variable<T = unknown> {
  about: string
  schema: z.ZodType<T, string>
}

const text = z.string()
const path = z.string()
const http = z
  .string()
  .refine((value) => ['http:', 'https:'].includes(protocolOf(value) ?? ''), 'must be an address like http://host:9090')
/** An address that messages and errors may show. @param instead what to do with a name and a password */
const shownHttp = (instead = '') =>
  http.refine(
    (value) => protocolOf(value) === undefined || !hasCredentials(value),
    `must hold no name and no password${instead}`,
  )
const port = z
  .string()
  .regex(/^\d{1,5}$/, 'must be a port number')
  .transform(Number)
  .refine((value) => value <= 65535, 'must be a port number')
const secret = (pattern: RegExp, message: string): z.ZodType<Secret, string> =>
  z
    .string()
    .regex(pattern, message)
    .transform((value) => new Secret(value))

function protocolOf(value: string): string | undefined {
  try {
    return new URL(value).protocol
  } catch {
    return undefined
  }
}

const variable = <T>(about: string, schema: z.ZodType<T, string>): Variable<T> => ({ about, schema })

/** Levels of the log, most talkative first. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

/** Every environment variable this project reads. An empty one counts as absent. */
export const VARIABLES = {
  SLACK_BOT_TOKEN: variable(
    'Bot token of the Slack app.',
    secret(/^xoxb-/, 'must begin with xoxb- (OAuth & Permissions, Bot User OAuth Token)'),
  ),
  SLACK_APP_TOKEN: variable(
    'App-level token: selects Socket Mode.',
    secret(/^xapp-/, 'must begin with xapp- (Basic Information, App-Level Tokens)'),
  ),
  SLACK_SIGNING_SECRET: variable(
    'Signing secret: selects HTTP, when there is no app token.',
    secret(/^\S{8,}$/, 'must be the signing secret of Basic Information'),
  ),
  SLACK_API_URL: variable("Address to use instead of Slack's, for a stand-in or proxy.", http),
  SLACK_PORT: variable('Port that Slack posts to, in HTTP mode. Default 3000.', port),
  REDIS_URL: variable(
    'Redis for records and jobs; without it both live in the data folder.',
    secret(/^rediss?:\/\/\S+$/, 'must be an address like redis://host:6379 or rediss://user:password@host:6380'),
  ),
  ISTIOCTL: variable('The istioctl program. Default: the one on PATH.', path),
  KUBECONFIG: variable(
    "The kubeconfig, as kubectl reads it. Default: ~/.kube/config, or the pod's service account.",
    path,
  ),
  PROMETHEUS_URL: variable('Prometheus for clusters that name none of their own.', http),
  PROMETHEUS_USERNAME: variable('Name for that Prometheus (basic authentication), with one of the next two.', text),
  PROMETHEUS_PASSWORD: variable('Its password.', secret(/./, 'must be a password')),
  PROMETHEUS_PASSWORD_FILE: variable('File with the password instead, read anew for each question.', path),
  PROMETHEUS_TOKEN_FILE: variable('File with a bearer token for it, read anew for each question.', path),
  PROMETHEUS_CA_FILE: variable(
    'File with the certificates (PEM) of the CA that it is trusted by. Default: those that Node trusts.',
    path,
  ),
  PROMETHEUS_CERT_FILE: variable('File with the client certificate (PEM) that it is shown.', path),
  PROMETHEUS_KEY_FILE: variable('File with the key of that certificate (PEM).', path),
  KIALI_URL: variable(
    'Kiali for clusters that name none of their own, with its web root: `http://kiali.istio-system:20001/kiali`.',
    shownHttp(': set KIALI_TOKEN or KIALI_TOKEN_FILE'),
  ),
  KIALI_TOKEN: variable(
    'Bearer token for the Kiali of KIALI_URL, or of clusters where that is not set; none for one with anonymous login.',
    secret(/^[\x21-\x7e]+$/, 'must be a token'),
  ),
  KIALI_TOKEN_FILE: variable('File with that token instead, read anew for each question.', path),
  MESH_MEDIC_CONFIG: variable('The YAML file below.', path),
  MESH_MEDIC_DATA: variable(
    "The data folder. Default: mesh-medic in the user's state directory (XDG_STATE_HOME or ~/.local/state).",
    path,
  ),
  MESH_MEDIC_AUDIT_KEY: variable(
    'Key that the head of the audit is signed with (HMAC-SHA256); `mesh-medic audit verify` needs the same. People who can write to the store must not have it.',
    secret(/^\S{32,}$/, 'must be at least 32 characters without spaces: openssl rand -hex 32'),
  ),
  MESH_MEDIC_AUDIT_WEBHOOK: variable(
    'Address that each new head of the audit is posted to, as JSON; it is logged in any case.',
    secret(/^https?:\/\/\S+$/, 'must be an address like https://host/path'),
  ),
  XDG_STATE_HOME: variable("The user's state directory.", path),
  ALERTS_PORT: variable(
    'Port of /alerts/alertmanager, /alerts/grafana and /alerts/pagerduty. Default: HEALTH_PORT.',
    port,
  ),
  ALERTMANAGER_URL: variable(
    'Alertmanager in which incidents are silenced. Default: none; then only what the bot says of them is.',
    shownHttp(),
  ),
  MESH_MEDIC_ALERTS_TOKEN: variable(
    'Bearer token that Alertmanager and Grafana send with alerts.',
    secret(/^\S{16,}$/, 'must be at least 16 characters without spaces: openssl rand -hex 32'),
  ),
  MESH_MEDIC_ALERTS_BASIC: variable(
    'The same for basic authentication: `user:password`.',
    secret(/^[^:\s]+:\S{12,}$/, 'must be user:password, the password of at least 12 characters without spaces'),
  ),
  MESH_MEDIC_GRAFANA_SECRET: variable(
    "Key of the HMAC that Grafana's webhook signs with (headers X-Grafana-Alerting-Signature and, if it is to be checked, X-Grafana-Alerting-Timestamp).",
    secret(/^\S{16,}$/, 'must be at least 16 characters without spaces: openssl rand -hex 32'),
  ),
  MESH_MEDIC_PAGERDUTY_SECRETS: variable(
    "Signing secrets of PagerDuty's webhook subscriptions, with commas between them.",
    secret(/^[^\s,]{16,}(?:,[^\s,]{16,})*$/, 'must be signing secrets with commas between them'),
  ),
  HEALTH_PORT: variable('Port of /healthz, /readyz and /metrics. Default 8080.', port),
  LOG_LEVEL: variable(`How much is logged: ${LOG_LEVELS.join(', ')}. Default info.`, z.enum(LOG_LEVELS)),
  HOME: variable("The user's home directory.", text),
} satisfies Record<string, Variable>

export type VariableName = keyof typeof VARIABLES
/** What the variables hold, those that are set. */
export type VariableValues = { [Name in VariableName]?: z.output<(typeof VARIABLES)[Name]['schema']> }
