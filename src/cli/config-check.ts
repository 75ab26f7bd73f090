import { originsOf, slackMode, loadConfig, type Config } from '../config.ts'
import type { PrometheusAccess } from '../config/prometheus-access.ts'
import { EXIT } from './exit-codes.ts'
import { answer } from './output.ts'
import { ConfigError } from '../config/problem.ts'

/** `mesh-medic config check`: what is configured, where it comes from, and what is missing for which use. */
export async function configCheck(): Promise<number> {
  try {
    await answer(`${explain(loadConfig(process.env)).join('\n')}\n`)
    return EXIT.healthy
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const { problems } = error
    await answer(
      [
        `${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}:`,
        ...problems.map(({ where, says }) => `  ✗ ${where}: ${says}`),
        '',
      ].join('\n'),
    )
    return EXIT.usage
  }
}

function explain(config: Config): string[] {
  const origins = originsOf(process.env)
  const from = (name: string): string => (origins.some((one) => one.name === name) ? name : 'default')
  const file = process.env.MESH_MEDIC_CONFIG ?? ''
  const { clusters, limits, channels } = config
  const lines = [
    'From the environment:',
    ...origins.map(({ name, shown }) => `  ${name} = ${shown}`),
    ...(origins.length === 0 ? ['  nothing'] : []),
    '',
  ]
  lines.push(file === '' ? 'No file (MESH_MEDIC_CONFIG is not set).' : `From ${file}:`)
  for (const [name, { kubeconfig, context, prometheus, prometheusAccess, kiali }] of Object.entries(clusters)) {
    lines.push(
      `  cluster ${name}${name === config.cluster ? ' (the one the bot looks at)' : ''}: kubeconfig ${kubeconfig ?? 'as KUBECONFIG'}, context ${context ?? 'the current one'}, Prometheus ${prometheus === undefined ? (config.prometheusUrl ?? 'none') : `${prometheus}${accessShown(prometheusAccess)}`}, Kiali ${kiali ?? config.kiali.url ?? 'none'}`,
    )
  }
  for (const [channel, { cluster, fourEyes }] of Object.entries(channels)) {
    const named = (['viewer', 'operator', 'approver'] as const).map(
      (role) => `${role}s ${counted(config.policy.roles(channel)[role])}`,
    )
    lines.push(
      `  channel ${channel}: ${named.join(', ')}${fourEyes === false ? '; people may approve what they asked for themselves' : ''}${cluster === undefined ? '' : `; cluster ${cluster} (not used yet)`}`,
    )
  }
  lines.push(
    '',
    'In use:',
    `  istioctl: ${config.istioctl} (${from('ISTIOCTL')})`,
    `  Prometheus: ${config.prometheusUrl ?? 'none'}${accessShown(config.prometheusAccess)} (${from('PROMETHEUS_URL')})`,
    `  Kiali: ${config.kiali.url ?? 'none'} (${from('KIALI_URL')})`,
    `  records and jobs: ${config.redisUrl === undefined ? `embedded, in ${config.dataFolder} (${from('MESH_MEDIC_DATA')})` : 'Redis (REDIS_URL)'}`,
    `  health: port ${config.healthPort} (${from('HEALTH_PORT')})`,
    `  log level: ${config.logLevel} (${from('LOG_LEVEL')})`,
    `  limits: ${limits.stepTimeout / 1000} s for each read, ${limits.concurrency} reads at once, ${limits.jobs} diagnoses at once`,
    `  changes: a proposal waits ${config.policy.approvalSeconds / 60} min for its approval; a change is proved for ${config.policy.proofSeconds} s; objects that GitOps owns: ${config.policy.gitops === 'patch' ? 'a patch only' : 'applied anyway'}; dry runs as ${config.policy.rehearseAs.user}`,
    `  leases: ${config.policy.leases.proxies} proxies, ${config.policy.leases.minutes} min${config.policy.leases.ztunnels ? ', ztunnels too' : ''}`,
    '',
    'What works with this:',
    '  ✓ diagnose, follow, status, doctor, log-level: need a cluster only (mesh-medic doctor tests it)',
    ...changeLines(config),
    ...slackLines(config),
  )
  return lines
}

/** By which credentials a Prometheus is asked: none of their values. */
function accessShown({ username, tokenFile, caFile, certFile }: PrometheusAccess = {}): string {
  const by = [
    ...(tokenFile === undefined ? [] : [`the token in ${tokenFile}`]),
    ...(username === undefined ? [] : [`a password as ${username}`]),
    ...(certFile === undefined ? [] : [`the certificate in ${certFile}`]),
    ...(caFile === undefined ? [] : [`the CA in ${caFile}`]),
  ]
  return by.length === 0 ? '' : `, by ${by.join(' and ')}`
}

function slackLines(config: Config): string[] {
  const { botToken, appToken, signingSecret } = config.slack
  const mode = slackMode(config)
  if (mode === 'socket') return ['  ✓ serve: Slack over Socket Mode']
  if (mode === 'http') return [`  ✓ serve: Slack over HTTP, port ${config.slack.port}`]
  const missing = [
    ...(botToken === undefined ? ['SLACK_BOT_TOKEN'] : []),
    ...(appToken === undefined && signingSecret === undefined
      ? ['SLACK_APP_TOKEN (Socket Mode) or SLACK_SIGNING_SECRET (HTTP)']
      : []),
  ]
  return [`  ✗ serve: missing ${missing.join(' and ')}`]
}

const counted = (
  members: { users?: readonly string[] | undefined; groups?: readonly string[] | undefined } | undefined,
): string =>
  members === undefined ? 'none named' : [...(members.users ?? []), ...(members.groups ?? [])].join(' ') || 'none named'

/** Whether anybody could change anything, and what is missing for it. */
function changeLines({ channels, policy }: Config): string[] {
  const approvers = Object.keys(channels).flatMap((channel) => policy.roles(channel).approver?.users ?? [])
  const groups = Object.keys(channels).some((channel) => (policy.roles(channel).approver?.groups ?? []).length > 0)
  if (approvers.length === 0 && !groups)
    return ['  ✗ changes from Slack: no channel names an approver (channels.CHANNEL.roles.approver)']
  const unmapped = approvers.filter((user) => policy.identity(user, []) === undefined)
  return [
    unmapped.length === 0
      ? '  ✓ changes from Slack'
      : `  ✗ changes from Slack: approvers without a Kubernetes user (identities.users): ${unmapped.join(', ')}`,
  ]
}
