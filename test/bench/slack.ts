import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { startSlackStandIn } from '../../src/sandbox/slack/stand-in.ts'
import { redisIsPresent, startRedis } from '../redis-server.ts'
import { median, percentile, round } from './figures.ts'

const COMMANDS = 50

/** Many people type at once, each in a channel of their own: milliseconds to the acknowledgement, and to the first message in the channel. */
export async function benchSlack(): Promise<Record<string, unknown>> {
  const result: Record<string, unknown> = { embedded: await once(undefined) }
  if (redisIsPresent()) {
    const redis = await startRedis()
    result.redis = await once(redis.url)
    await redis.stop()
  }
  return { commands: COMMANDS, ...result, wanted: 'p99 of acknowledgements <= 250, of first messages <= 1500' }
}

async function once(redisUrl: string | undefined): Promise<Record<string, unknown>> {
  const folder = await mkdtemp(join(tmpdir(), 'mesh-medic-bench-'))
  const channels = Array.from({ length: COMMANDS }, (_, index) => ({ id: `C_${index}`, name: `channel-${index}` }))
  const standIn = await startSlackStandIn({ channels })
  // The bot has a process of its own, as it has beside the real Slack.
  const bot = execa(process.execPath, [join(import.meta.dirname, 'slack-child.ts')], {
    stdin: 'ignore',
    stderr: 'inherit',
    reject: false,
    env: {
      BENCH_SLACK_URL: standIn.url,
      BENCH_BOT_TOKEN: standIn.botToken,
      BENCH_APP_TOKEN: standIn.appToken,
      BENCH_FOLDER: folder,
      BENCH_REDIS_URL: redisUrl ?? '',
      BENCH_SERVICES: String(COMMANDS),
    },
  })
  try {
    await new Promise<void>((resolve) => {
      bot.stdout.once('data', () => resolve())
    })
    await standIn.type('/mesh help', { channel: 'C_0' })
    const began = performance.now()
    const firstMessage = new Map<string, number>()
    standIn.on('message', ({ message: { channel, threadTs } }) => {
      if (threadTs === undefined && !firstMessage.has(channel)) firstMessage.set(channel, performance.now() - began)
    })
    const typed = await Promise.all(
      channels.map(({ id }, index) =>
        standIn.type(`/mesh diagnose catalog-${index} -n istioinaction`, { channel: id }),
      ),
    )
    await standIn.waitFor(() => firstMessage.size === COMMANDS, 30_000)
    const acknowledged = typed.map(({ acknowledgedInMilliseconds }) => acknowledgedInMilliseconds ?? Infinity)
    const figures = (samples: number[]) => ({
      median: round(median(samples)),
      p99: round(percentile(samples, 0.99)),
      max: round(Math.max(...samples)),
    })
    return {
      acknowledgementMilliseconds: figures(acknowledged),
      firstMessageMilliseconds: figures([...firstMessage.values()]),
    }
  } finally {
    bot.kill()
    await bot
    await standIn.close()
    await rm(folder, { recursive: true, force: true })
  }
}
