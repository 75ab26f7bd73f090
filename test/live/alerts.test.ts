import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openClients } from '../../src/cli/clients.ts'
import { openBackend } from '../../src/queue/open-backend.ts'
import type { Backend } from '../../src/queue/backend.ts'
import { startSlackStandIn, type Message, type SlackStandIn } from '../../src/sandbox/slack/stand-in.ts'
import { messageLines } from '../../src/sandbox/slack/terminal.ts'
import { startBot, type Bot } from '../../src/bot.ts'
import { startHttpServer, type HttpServer } from '../../src/webhooks/http-server.ts'
import { listPast } from '../../src/store/incidents.ts'
import { readSituation } from '../situation.ts'
import { startAlertStack, type AlertStack } from './alert-stack.ts'
import { abandonNamespace, makeIll, mend, sendRequests } from './mesh.ts'

const { PROMETHEUS_URL, MESH_MEDIC_TEST_PROMETHEUS: lab = PROMETHEUS_URL ?? '' } = process.env
const NAMESPACE = 'mesh-medic-alerts'
const SERVICE = `catalog.${NAMESPACE}.svc.cluster.local`
const TRAFFIC = { host: `catalog.${NAMESPACE}.io`, path: '/items', requests: 10 }
const TOKEN = 'a-token-of-the-live-suite'
const CHANNEL = 'C_MESH'
const log = pino({ level: 'silent' })

/** The share of 5xx, told by service and flag; and the same with all labels summed away, as rules are written by hand. */
const failed = `istio_requests_total{destination_service="${SERVICE}",reporter="source",response_code=~"5.."}`
const all = `istio_requests_total{destination_service="${SERVICE}",reporter="source"}`
const RULES = [
  {
    alert: 'CatalogErrorShare',
    expr: `sum by (destination_service, response_flags) (rate(${failed}[30s])) / ignoring(response_flags) group_left sum by (destination_service) (rate(${all}[30s])) > 0.05`,
    labels: { severity: 'critical' },
  },
  {
    alert: 'CatalogErrors',
    expr: `sum(rate(${failed}[30s])) / sum(rate(${all}[30s])) > 0.05`,
    labels: { severity: 'warning' },
  },
]

describe('alerts of a real Prometheus by a real Alertmanager', () => {
  const situation = readSituation('selector-matches-nothing')
  let folder: string
  let standIn: SlackStandIn
  let backend: Backend
  let bot: Bot
  let server: HttpServer
  let stack: AlertStack
  let isSending = true
  let sending: Promise<void>

  beforeAll(async () => {
    await makeIll(situation, NAMESPACE)
    folder = await mkdtemp(join(tmpdir(), 'mesh-medic-live-'))
    standIn = await startSlackStandIn()
    backend = await openBackend({ dataFolder: folder, log })
    bot = await startBot({
      backend,
      log,
      clients: openClients({ istioctl: process.env.ISTIOCTL, prometheus: { url: lab } }, new AbortController()),
      options: {
        botToken: standIn.botToken,
        appToken: standIn.appToken,
        apiUrl: standIn.url,
        alerts: {
          routing: { channels: [{ channel: CHANNEL, receivers: ['mesh'] }] },
          secrets: { token: TOKEN },
          editEvery: 2000,
          keepOpen: 0,
          lookAgain: 5000,
          sweepEvery: 500,
        },
      },
    })
    const { alerts } = bot
    if (alerts === undefined) throw new Error('no webhooks')
    server = await startHttpServer(0, [alerts], '')
    stack = await startAlertStack(lab, RULES, {
      url: `http://127.0.0.1:${server.port}/alerts/alertmanager`,
      token: TOKEN,
      receiver: 'mesh',
    })
    sending = (async () => {
      while (isSending) await sendRequests(TRAFFIC, NAMESPACE)
    })()
  })
  afterAll(async () => {
    isSending = false
    await sending
    await stack.stop()
    await server.close()
    await bot.stop()
    await backend.close()
    await standIn.close()
    await rm(folder, { recursive: true, force: true })
    await abandonNamespace(NAMESPACE)
  })

  const read = (message: Message): string => messageLines(message, standIn.names).join('\n')
  const roots = (): Message[] =>
    standIn.messages().filter(({ threadTs, channel }) => threadTs === undefined && channel === CHANNEL)
  const shows = (what: RegExp, from = 0): Promise<Message> =>
    standIn.waitFor(
      () =>
        roots()
          .slice(from)
          .find((one) => what.test(read(one))),
      240_000,
    )

  it('one summary with the right cause, for the rule with labels and for the one that sums them away', async () => {
    const message = await shows(/Cause[\s\S]*MESH0303/)
    expect(read(message)).toMatch(new RegExp(`Ill\\s+.?Service ${NAMESPACE}/catalog`))
    const both = await shows(
      /2 alerts[\s\S]*(?:CatalogErrorShare[\s\S]*CatalogErrors|CatalogErrors[\s\S]*CatalogErrorShare)/,
    )
    expect(roots()).toHaveLength(1)
    expect(read(both)).toMatch(new RegExp(`Changed before .*${NAMESPACE}/catalog`))
    expect(read(both)).toContain('critical')
  })

  it('resolved: the same message says after how long, and what ended it', async () => {
    await mend(situation, NAMESPACE)
    const text = read(await shows(/Resolved at/))
    expect(text).toMatch(new RegExp(`Resolved at .* after .*: after Service ${NAMESPACE}/catalog changed by kubectl`))
    expect(roots()).toHaveLength(1)
    await standIn.waitFor(async () => ((await listPast(backend.records)).length === 1 ? true : undefined), 60_000)
  })

  it('remembers it the second time', async () => {
    await makeIll(situation, NAMESPACE)
    const again = read(await shows(/Seen before once/, 1))
    expect(again).toMatch(/MESH0303/)
    expect(roots()).toHaveLength(2)
  })
})
