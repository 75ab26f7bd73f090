import { homedir } from 'node:os'
import { join } from 'node:path'
import type { AlertsConfig, ClusterConfig, ConfigFile } from './config/file.ts'
import { ConfigError, type Problem } from './config/problem.ts'
import { readConfigFile } from './config/read-file.ts'
import type { Secret } from './config/secret.ts'
import { VARIABLES, type LOG_LEVELS, type VariableName, type VariableValues } from './config/variables.ts'
import { accessOf, variableProblems, type PrometheusAccess } from './config/prometheus-access.ts'
import { policyOf } from './config/policy.ts'
import type { Policy } from './fixes/policy.ts'
import { kialiGraph, type LinkTemplate } from './report/links.ts'
import { nearestNames } from './mesh/names.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** Everything that can be configured, with defaults filled in. */
export interface Config {
  slack: { botToken?: Secret; appToken?: Secret; signingSecret?: Secret; apiUrl?: string; port: number }
  /** Absent: embedded in the data folder. */
  redisUrl?: Secret
  istioctl: string
  kubeconfig?: string
  prometheusUrl?: string
  /** How the Prometheus of that address is asked. */
  prometheusAccess: PrometheusAccess
  kiali: { url?: string; token?: Secret; tokenFile?: string }
  dataFolder: string
  healthPort: number
  logLevel: (typeof LOG_LEVELS)[number]
  /** The cluster the bot looks at, by its name among the clusters; absent when none is configured: KUBECONFIG's. */
  cluster?: string
  clusters: Record<string, ClusterConfig>
  channels: NonNullable<ConfigFile['channels']>
  /** `port` only where it is another than that of health. */
  alerts: AlertsConfig & {
    port?: number
    token?: Secret
    basic?: Secret
    grafana?: Secret
    pagerDuty?: Secret
    alertmanager?: string
  }
  /** stepTimeout in milliseconds, memory in bytes. */
  limits: {
    stepTimeout: number
    concurrency: number
    jobs: number
    memory?: number
    commands: { user: number; channel: number }
  }
  policy: Policy
  audit: { key?: Secret; webhook?: Secret }
  docsUrl?: string
  /** Other tools that reports link to, in the order of the file. */
  links: LinkTemplate[]
}

/** Where a value came from. */
export interface Origin {
  name: string
  /** As it may be shown: secrets are `[redacted]`. */
  shown: string
  from: string
}

/** Defined properties only, for exactOptionalPropertyTypes. */
function defined<T extends object>(values: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never
}

function readVariables(environment: Environment): { values: VariableValues; problems: Problem[] } {
  const values: Record<string, unknown> = {}
  const problems: Problem[] = []
  for (const [name, { schema }] of Object.entries(VARIABLES)) {
    const text = environment[name]
    if (text === undefined || text === '') continue
    const parsed = schema.safeParse(text)
    if (parsed.success) values[name] = parsed.data
    else problems.push({ where: name, says: parsed.error.issues.map(({ message }) => message).join('; ') })
  }
  return { values, problems: [...problems, ...variableProblems(values), ...unknownVariables(environment)] }
}

/** Kubernetes sets variables like MESH_MEDIC_PORT in pods beside a Service of that name. */
const FROM_KUBERNETES = /_SERVICE_(HOST|PORT)|_PORT(_\d|$)/

function unknownVariables(environment: Environment): Problem[] {
  return Object.keys(environment)
    .filter(
      (name) =>
        name.startsWith('MESH_MEDIC_') &&
        !name.startsWith('MESH_MEDIC_TEST_') &&
        !FROM_KUBERNETES.test(name) &&
        !(name in VARIABLES),
    )
    .map((name) => {
      const known = Object.keys(VARIABLES).filter((one) => one.startsWith('MESH_MEDIC_'))
      return {
        where: name,
        says: `is not a variable mesh-medic knows; ${
          nearestNames(
            name.toLowerCase(),
            known.map((one) => one.toLowerCase()),
            1,
          ).map((one) => `did you mean ${one.toUpperCase()}?`)[0] ?? `known are ${known.join(', ')}`
        }`,
      }
    })
}

/**
 * Reads the environment and the file it names.
 *
 * @throws {ConfigError} with every problem found
 */
export function loadConfig(environment: Environment): Config {
  const { values, problems } = readVariables(environment)
  const read = values.MESH_MEDIC_CONFIG === undefined ? undefined : readConfigFile(values.MESH_MEDIC_CONFIG)
  const all = [...problems, ...(read?.problems ?? [])]
  if (all.length > 0) throw new ConfigError(all)
  return combine(values, read?.file ?? {})
}

function combine(values: VariableValues, file: ConfigFile): Config {
  const state = values.XDG_STATE_HOME ?? join(values.HOME ?? homedir(), '.local', 'state')
  const { clusters = {}, limits = {} } = file
  return defined({
    slack: defined({
      botToken: values.SLACK_BOT_TOKEN,
      appToken: values.SLACK_APP_TOKEN,
      signingSecret: values.SLACK_SIGNING_SECRET,
      apiUrl: values.SLACK_API_URL,
      port: values.SLACK_PORT ?? 3000,
    }),
    redisUrl: values.REDIS_URL,
    istioctl: values.ISTIOCTL ?? 'istioctl',
    kubeconfig: values.KUBECONFIG,
    prometheusUrl: values.PROMETHEUS_URL,
    prometheusAccess: accessOf(values),
    kiali: defined({ url: values.KIALI_URL, token: values.KIALI_TOKEN, tokenFile: values.KIALI_TOKEN_FILE }),
    dataFolder: values.MESH_MEDIC_DATA ?? join(state, 'mesh-medic'),
    healthPort: values.HEALTH_PORT ?? 8080,
    logLevel: values.LOG_LEVEL ?? 'info',
    cluster: file.cluster ?? Object.keys(clusters)[0],
    clusters,
    channels: file.channels ?? {},
    alerts: defined({
      ...file.alerts,
      port: values.ALERTS_PORT,
      token: values.MESH_MEDIC_ALERTS_TOKEN,
      basic: values.MESH_MEDIC_ALERTS_BASIC,
      grafana: values.MESH_MEDIC_GRAFANA_SECRET,
      pagerDuty: values.MESH_MEDIC_PAGERDUTY_SECRETS,
      alertmanager: values.ALERTMANAGER_URL,
    }),
    limits: {
      stepTimeout: (limits.stepTimeout ?? 20) * 1000,
      concurrency: limits.concurrency ?? 6,
      jobs: limits.jobs ?? 4,
      commands: { user: limits.commandsPerUser ?? 30, channel: limits.commandsPerChannel ?? 120 },
      ...(limits.memory !== undefined && { memory: limits.memory * 1024 * 1024 }),
    },
    policy: policyOf(file),
    audit: defined({ key: values.MESH_MEDIC_AUDIT_KEY, webhook: values.MESH_MEDIC_AUDIT_WEBHOOK }),
    docsUrl: file.docsUrl,
    links: Object.entries(file.links ?? {}).map(([name, url]) => ({ name, url })),
  })
}

/** The links of reports about a cluster: those that are configured, and Kiali's graph unless one of that name is among them. */
export function linksFor({ links, kiali }: Config, own?: string): LinkTemplate[] {
  const url = own ?? kiali.url
  const graph = url === undefined ? undefined : kialiGraph(url)
  return graph === undefined || links.some(({ name }) => name === graph.name) ? links : [graph, ...links]
}

/** How Slack is reached with this configuration; undefined when something for it is missing. */
export function slackMode({ slack }: Config): 'socket' | 'http' | undefined {
  if (slack.botToken === undefined) return undefined
  return slack.appToken !== undefined ? 'socket' : slack.signingSecret !== undefined ? 'http' : undefined
}

/** Every variable that is set, as it may be shown. */
export function originsOf(environment: Environment): Origin[] {
  const { values } = readVariables(environment)
  return (Object.keys(VARIABLES) as VariableName[]).flatMap((name) => {
    const value = values[name]
    return value === undefined || name === 'HOME' ? [] : [{ name, shown: String(value), from: 'environment' }]
  })
}
