import { join } from 'node:path'
import { execa } from 'execa'
import type { Message, SlackStandIn } from '../../src/sandbox/slack/stand-in.ts'

export const ALERTS_TOKEN = 'a-token-of-the-bench'

/** One bot in a process of its own. */
export interface AlertBot {
  process: { kill(signal?: NodeJS.Signals): boolean } & PromiseLike<unknown>
  port: number
}

/** Starts a bot that takes alerts. */
export async function startAlertBot(standIn: SlackStandIn, env: Record<string, string>): Promise<AlertBot> {
  const bot = execa(process.execPath, [join(import.meta.dirname, 'alerts-child.ts')], {
    stdin: 'ignore',
    stderr: 'inherit',
    reject: false,
    env: {
      BENCH_SLACK_URL: standIn.url,
      BENCH_BOT_TOKEN: standIn.botToken,
      BENCH_APP_TOKEN: standIn.appToken,
      BENCH_ALERTS_TOKEN: ALERTS_TOKEN,
      ...env,
    },
  })
  const port = await new Promise<number>((resolve, reject) => {
    bot.stdout.once('data', (data: Buffer) => resolve(Number(data.toString().trim())))
    void bot.then(() => reject(new Error('the bot ended')))
  })
  return { process: bot, port }
}

/** The body of one alert, as Alertmanager sends it. */
export const bodyOf = (index: number, causes: number): string =>
  JSON.stringify({
    version: '4',
    receiver: 'bench',
    status: 'firing',
    groupKey: `group-${index}`,
    truncatedAlerts: 0,
    groupLabels: {},
    commonLabels: {},
    commonAnnotations: {},
    externalURL: 'http://alertmanager.example.com',
    alerts: [
      {
        status: 'firing',
        labels: {
          alertname: `Errors${index % 3}`,
          destination_service: `catalog-${index % causes}.istioinaction.svc.cluster.local`,
          n: String(index),
        },
        annotations: { summary: 'x'.repeat(200) },
        startsAt: '2026-11-30T09:12:43Z',
        endsAt: '0001-01-01T00:00:00Z',
        generatorURL: 'http://prometheus.example.com/graph?g0.expr=up',
        fingerprint: `fingerprint-${index}`,
      },
    ],
  })

/** Posts one; the status, 0 when there was no answer. */
export async function postAlert(port: number, body: string): Promise<number> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/alerts/alertmanager`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ALERTS_TOKEN}`, 'content-type': 'application/json' },
      body,
      signal: AbortSignal.timeout(5000),
    })
    await response.text()
    return response.status
  } catch {
    return 0
  }
}

/** Messages of the channel itself. */
export const rootsIn = (standIn: SlackStandIn): Message[] =>
  standIn
    .messages()
    .filter(
      ({ threadTs, channel, isTombstone }) => threadTs === undefined && channel === 'C_MESH' && isTombstone !== true,
    )

/** How many alerts each message counts, by its service. */
export const countsIn = (standIn: SlackStandIn): { service: string; alerts: number }[] =>
  rootsIn(standIn).map(({ blocks }) => {
    const text = JSON.stringify(blocks)
    return {
      service: /catalog-\d+/.exec(text)?.[0] ?? 'none',
      alerts: Number(/, (\d+) alerts?, last /.exec(text)?.[1] ?? 0),
    }
  })
