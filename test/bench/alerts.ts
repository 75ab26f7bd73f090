import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { execa } from 'execa'
import { startSlackStandIn } from '../../src/sandbox/slack/stand-in.ts'
import { redisIsPresent, startRedis } from '../redis-server.ts'
import { bodyOf, countsIn, postAlert, rootsIn, startAlertBot } from './alert-load.ts'
import { median, percentile, round } from './figures.ts'

const ALERTS = 1000
const CAUSES = 20
const SECONDS = 10
const EDIT_SECONDS = 45
/** Seconds in which every message has to count all of its alerts. */
const PATIENCE = 240

/** 1,000 alerts of 20 causes within 10 s: milliseconds to the answers of the webhook, messages, edits of each. */
export async function benchAlerts(): Promise<Record<string, unknown>> {
  const result: Record<string, unknown> = { embedded: await once(undefined) }
  if (redisIsPresent()) {
    const redis = await startRedis()
    result.redis = await once(redis.url)
    await redis.stop()
  }
  return {
    alerts: ALERTS,
    causes: CAUSES,
    ...result,
    wanted: `p99 <= 50 ms, ${CAUSES} messages, each with all of its alerts, at most 1 + duration / 45 s edits each`,
  }
}

async function once(redisUrl: string | undefined): Promise<Record<string, unknown>> {
  const folder = await mkdtemp(join(tmpdir(), 'mesh-medic-bench-'))
  const standIn = await startSlackStandIn()
  const bot = await startAlertBot(standIn, {
    BENCH_FOLDER: folder,
    BENCH_REDIS_URL: redisUrl ?? '',
    BENCH_SERVICES: String(CAUSES + 1),
  })
  try {
    // A bot that has diagnosed before, as one that has been there for a while.
    await postAlert(bot.port, bodyOf(CAUSES + 100 * (CAUSES + 1), CAUSES + 1))
    while (!JSON.stringify(rootsIn(standIn)).includes('sources read')) await pause(200)
    const began = performance.now()
    // In a process of its own: what Slack's stand-in does here is no part of an answer's time.
    const { stdout } = await execa(process.execPath, [join(import.meta.dirname, 'alerts-sender.ts')], {
      env: {
        BENCH_PORT: String(bot.port),
        BENCH_ALERTS: String(ALERTS),
        BENCH_CAUSES: String(CAUSES),
        BENCH_SECONDS: String(SECONDS),
      },
    })
    const samples = JSON.parse(stdout) as { status: number; milliseconds: number }[]
    const own = () => countsIn(standIn).filter(({ service }) => service !== `catalog-${CAUSES}`)
    const isWhole = (): boolean => {
      const counts = own()
      return counts.length === CAUSES && counts.every(({ alerts }) => alerts === ALERTS / CAUSES)
    }
    while (!isWhole() && performance.now() - began < PATIENCE * 1000) await pause(500)
    const seconds = (performance.now() - began) / 1000
    const edits = rootsIn(standIn).map(
      ({ ts }) =>
        standIn.calls.filter(({ method, arguments: given }) => method === 'chat.update' && given.ts === ts).length,
    )
    const times = samples.map(({ milliseconds }) => milliseconds)
    return {
      stored: samples.filter(({ status }) => status === 202).length,
      milliseconds: {
        median: round(median(times)),
        p99: round(percentile(times, 0.99)),
        max: round(Math.max(...times)),
      },
      messages: own().length,
      whole: isWhole(),
      seconds: round(seconds),
      mostEdits: Math.max(0, ...edits),
      editsAllowed: 1 + Math.floor(seconds / EDIT_SECONDS),
    }
  } finally {
    bot.process.kill()
    await bot.process
    await standIn.close()
    await rm(folder, { recursive: true, force: true })
  }
}
