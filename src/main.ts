import { realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { openClients } from './cli/clients.ts'
import { clusterWriter } from './fixes/writer.ts'
import { botConnection } from './cli/connection.ts'
import { EXIT } from './cli/exit-codes.ts'
import { interruptible, Interruption } from './cli/interruption.ts'
import { linksFor, loadConfig, slackMode, type Config } from './config.ts'
import { ConfigError } from './config/problem.ts'
import { healthRoute } from './health.ts'
import { alertOptions } from './config/alert-options.ts'
import { serveRoutes } from './cli/serve-routes.ts'
import { ALERTS_PATH } from './webhooks/alert-webhooks.ts'
import type { Route } from './webhooks/http-server.ts'
import { BackendError } from './queue/backend-error.ts'
import { openBackend } from './queue/open-backend.ts'
import { createLog } from './log.ts'
import { startBot, type BotOptions, type Bot } from './bot.ts'
import { VERSION } from './version.ts'
import { defined } from './mesh/defined.ts'

/** Milliseconds running diagnoses may take to end when the process is told to. */
const GRACE = 20_000

/** Runs the bot until SIGTERM or SIGINT; answers the exit code. What is wrong with the configuration is said on standard error. */
export async function serve(): Promise<number> {
  try {
    const config = loadConfig(process.env)
    requireSlack(config)
    return await run(config)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    process.stderr.write(`${error.message}\nmesh-medic config check explains.\n`)
    return EXIT.usage
  }
}

function requireSlack(config: Config): void {
  if (slackMode(config) !== undefined) return
  const missing = config.slack.botToken === undefined ? 'SLACK_BOT_TOKEN' : 'SLACK_APP_TOKEN'
  throw new ConfigError([
    {
      where: missing,
      says: 'is missing; the bot needs SLACK_BOT_TOKEN, and SLACK_APP_TOKEN (Socket Mode) or SLACK_SIGNING_SECRET (HTTP)',
    },
  ])
}

async function run(config: Config): Promise<number> {
  const log = createLog({ level: config.logLevel })
  const stop = interruptible()
  const clients = openClients(botConnection(config), stop)
  const opened: (() => Promise<void>)[] = []
  try {
    const backend = await openBackend({
      dataFolder: config.dataFolder,
      log,
      ...(config.redisUrl !== undefined && { redisUrl: config.redisUrl.reveal() }),
    })
    opened.unshift(() => backend.close())
    const started: { bot?: Bot } = {}
    const ready = async (): Promise<void> => {
      if (started.bot === undefined || stop.signal.aborted)
        throw new Error(stop.signal.aborted ? 'shutting down' : 'connecting to Slack')
      await started.bot.ready()
    }
    const alerts: Route = (request, response) => {
      if (started.bot !== undefined) return started.bot.alerts?.(request, response) ?? false
      if (request.url?.startsWith(ALERTS_PATH) !== true) return false
      response.writeHead(503, { 'retry-after': '5' }).end('starting; send it again\n')
      return true
    }
    const health = healthRoute({ ready, queue: backend.queue, version: VERSION })
    const { beside, servers } = await serveRoutes(config, { health, alerts })
    opened.unshift(...servers.map((server) => () => server.close()))
    const bot = await startBot({
      backend,
      clients,
      options: { ...botOptions(config), ...(beside.length > 0 && { customRoutes: beside }) },
      log,
      policy: config.policy,
      writer: clusterWriter({ clients, capture: config.policy.captures.image, ...botConnection(config) }),
    })
    opened.unshift(() => bot.stop({ graceMilliseconds: GRACE }))
    started.bot = bot
    if (Object.values(config.channels).some(({ cluster }) => cluster !== undefined))
      log.warn({}, 'clusters of channels are not used yet')
    log.info(
      {
        version: VERSION,
        slack: slackMode(config),
        store: backend.kind,
        health: config.healthPort,
        alerts: bot.alerts === undefined ? 'none' : (config.alerts.port ?? config.healthPort),
      },
      'mesh-medic is ready',
    )
    await new Promise<void>((resolve) => {
      if (stop.signal.aborted) resolve()
      else stop.signal.addEventListener('abort', () => resolve(), { once: true })
    })
    if (!(stop.signal.reason instanceof Interruption)) throw stop.signal.reason
    log.info({}, 'shutting down')
    return EXIT.healthy
  } catch (err) {
    log.fatal({ err }, err instanceof BackendError ? err.message : 'mesh-medic stopped')
    return EXIT.broken
  } finally {
    for (const close of opened) await close().catch((err: unknown) => log.warn({ err }, 'could not close cleanly'))
  }
}

function botOptions(config: Config): BotOptions {
  const { slack, docsUrl, limits, audit } = config
  const { botToken, appToken, signingSecret, apiUrl, port } = slack
  return {
    botToken: botToken?.reveal() ?? '',
    port,
    jobs: limits.jobs,
    stepTimeout: limits.stepTimeout,
    concurrency: limits.concurrency,
    commandLimits: limits.commands,
    links: linksFor(config, config.cluster === undefined ? undefined : config.clusters[config.cluster]?.kiali),
    ...defined({ alerts: alertOptions(config) }),
    auditHead: { key: audit.key?.reveal(), webhook: audit.webhook?.reveal() },
    ...(appToken !== undefined && { appToken: appToken.reveal() }),
    ...(signingSecret !== undefined && { signingSecret: signingSecret.reveal() }),
    ...defined({ apiUrl, docsUrl }),
  }
}

const isProgram = process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)
if (isProgram) process.exit(await serve())
