import { afterEach, expect, it } from 'vitest'
import { serveRoutes } from '../../src/cli/serve-routes.ts'
import { loadConfig } from '../../src/config.ts'
import type { HttpServer, Route } from '../../src/webhooks/http-server.ts'

let open: HttpServer[] = []
afterEach(async () => {
  await Promise.all(open.map((server) => server.close()))
  open = []
})

const saying =
  (word: string, paths: readonly string[]): Route =>
  (request, response) => {
    if (!paths.includes(request.url ?? '')) return false
    response.end(word)
    return true
  }
const ROUTES = { health: saying('health', ['/healthz']), alerts: saying('alerts', ['/alerts/alertmanager']) }
const BOT = { SLACK_BOT_TOKEN: 'xoxb-1', HOME: '/nowhere' }

async function served(environment: Record<string, string>) {
  const made = await serveRoutes(loadConfig({ ...BOT, ...environment }), ROUTES)
  open = made.servers
  return made
}
const ask = async (server: HttpServer | undefined, path: string, method = 'GET'): Promise<string> => {
  const response = await fetch(`http://127.0.0.1:${server?.port ?? 0}${path}`, { method })
  return `${response.status} ${await response.text()}`
}

it('on one port when nothing else is said, in Socket Mode too', async () => {
  const { servers, beside } = await served({ SLACK_APP_TOKEN: 'xapp-1', HEALTH_PORT: '0' })
  expect([servers.length, beside]).toEqual([1, []])
  expect(await ask(servers[0], '/healthz')).toBe('200 health')
  expect(await ask(servers[0], '/alerts/alertmanager', 'POST')).toBe('200 alerts')
  expect(await ask(servers[0], '/')).toMatch(/^404 paths: \/healthz, .*\/alerts\/pagerduty\n$/)
})

it('each on its own port: what is for one is not on the other', async () => {
  const first = await served({ SLACK_APP_TOKEN: 'xapp-1', HEALTH_PORT: '0' })
  const free = first.servers[0]?.port ?? 0
  await Promise.all(first.servers.map((server) => server.close()))
  const { servers: apart } = await served({ SLACK_APP_TOKEN: 'xapp-1', HEALTH_PORT: '0', ALERTS_PORT: String(free) })
  expect(apart).toHaveLength(2)
  expect(await ask(apart[0], '/alerts/alertmanager', 'POST')).toMatch(/^404/)
  expect(await ask(apart[1], '/healthz')).toMatch(/^404/)
  expect(await ask(apart[1], '/alerts/alertmanager', 'POST')).toBe('200 alerts')
})

it("beside Slack's events where that is their port", async () => {
  const http = { SLACK_SIGNING_SECRET: 'secret-of-slack', SLACK_PORT: '3999' }
  const alone = await served({ ...http, HEALTH_PORT: '0', ALERTS_PORT: '3999' })
  expect(alone.beside.map(({ path }) => path)).toEqual(['/alerts/alertmanager', '/alerts/grafana', '/alerts/pagerduty'])
  expect(alone.servers).toHaveLength(1)
  await Promise.all(alone.servers.map((server) => server.close()))
  const both = await served({ ...http, HEALTH_PORT: '3999' })
  expect(both.beside).toHaveLength(6)
  expect(both.servers).toEqual([])
})
