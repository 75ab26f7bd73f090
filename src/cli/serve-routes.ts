import type { CustomRoute } from '@slack/bolt'
import { slackMode, type Config } from '../config.ts'
import { ALERT_SOURCES } from '../alerts/alert.ts'
import { HEALTH_PATHS } from '../health.ts'
import { ALERTS_PATH } from '../webhooks/alert-webhooks.ts'
import { startHttpServer, type HttpServer, type Route } from '../webhooks/http-server.ts'

/** What is served where. */
interface Served {
  /** Routes on the port that Slack posts to. */
  beside: CustomRoute[]
  servers: HttpServer[]
}

/** Serves health and alerts on their ports: on one where they are the same, and beside Slack's events where that is theirs, too. */
export async function serveRoutes(
  config: Pick<Config, 'slack' | 'healthPort' | 'alerts'>,
  { health, alerts }: { health: Route; alerts: Route },
): Promise<Served> {
  const slackPort = slackMode(config as Config) === 'http' ? config.slack.port : undefined
  const alertsPort = config.alerts.port ?? config.healthPort
  const all = [
    { port: config.healthPort, route: health, paths: [...HEALTH_PATHS], methods: ['GET', 'HEAD'] },
    {
      port: alertsPort,
      route: alerts,
      paths: ALERT_SOURCES.map((source) => `${ALERTS_PATH}${source}`),
      methods: ['POST', 'PUT'],
    },
  ]
  const servers: HttpServer[] = []
  for (const [port, served] of Map.groupBy(
    all.filter((one) => one.port !== slackPort),
    (one) => one.port,
  ))
    servers.push(
      await startHttpServer(
        port,
        served.map(({ route }) => route),
        `paths: ${served.flatMap(({ paths }) => paths).join(', ')}`,
      ),
    )
  const beside = all
    .filter((one) => one.port === slackPort)
    .flatMap(({ route, paths, methods }) =>
      paths.map((path): CustomRoute => ({
        path,
        method: methods,
        handler: (request, response) => {
          if (!route(request, response)) response.writeHead(404).end()
        },
      })),
    )
  return { beside, servers }
}
