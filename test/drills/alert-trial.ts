import { pino } from 'pino'
import { setTimeout as pause } from 'node:timers/promises'
import { startSlackStandIn } from '../../src/sandbox/slack/stand-in.ts'
import { bodyOf, countsIn, postAlert, rootsIn, startAlertBot } from '../bench/alert-load.ts'
import { openBackend } from '../../src/queue/open-backend.ts'
import { listDeliveries } from '../../src/store/deliveries.ts'
import { listSubjects } from '../../src/store/incidents.ts'
import { startRedis } from '../redis-server.ts'

const CAUSES = 20
const ALERTS = 200
/** Milliseconds over which alerts come. */
const OVER = 4000
/** Milliseconds in which all of it has to be told, and for which it is then looked whether more comes. */
const PATIENCE = 120_000
const QUIET = 5000

/** What came of a trial; `odd` is empty when there is one message for each cause, with all of its alerts. */
export interface Trial {
  messages: number
  odd: string[]
  seconds: number
}

/**
 * Two bots on one Redis, alerts to both, and in the middle one of them or Redis is killed.
 * @param after milliseconds from the first alert
 */
export async function alertTrial(
  folder: string,
  { kill, after }: { kill: 'worker' | 'redis'; after: number },
): Promise<Trial> {
  const redis = await startRedis({ appendOnly: true })
  const standIn = await startSlackStandIn()
  const env = {
    BENCH_FOLDER: folder,
    BENCH_REDIS_URL: redis.url,
    BENCH_SERVICES: String(CAUSES),
    BENCH_EDIT_EVERY: '1000',
    BENCH_POST_EVERY: '0',
    BENCH_HOLD: '3000',
  }
  const bots = [await startAlertBot(standIn, env), await startAlertBot(standIn, env)] as const
  const began = performance.now()
  try {
    const alive = new Set(bots.map(({ port }) => port))
    const killing = pause(after).then(async () => {
      if (kill === 'worker') {
        alive.delete(bots[0].port)
        bots[0].process.kill('SIGKILL')
        return
      }
      await redis.kill()
      await pause(1500)
      await redis.start()
    })
    await Promise.all(
      Array.from({ length: ALERTS }, async (_, index) => {
        await pause((index * OVER) / ALERTS)
        for (let tries = index; ; tries += 1) {
          const ports = [...alive]
          const status = await postAlert(ports[tries % ports.length] ?? 0, bodyOf(index, CAUSES))
          // As Alertmanager does it: anything but 2xx of a server in trouble is sent again.
          if (status >= 200 && status < 300) return
          if (status >= 400 && status < 500) throw new Error(`an alert was refused with ${status}`)
          await pause(300)
        }
      }),
    )
    await killing
    const odd = (): string[] => {
      const counts = countsIn(standIn)
      return Array.from({ length: CAUSES }, (_, index) => `catalog-${index}`).flatMap((service) => {
        const own = counts.filter((one) => one.service === service)
        if (own.length !== 1) return [`${own.length} messages of ${service}`]
        const [{ alerts } = { alerts: 0 }] = own
        return alerts === ALERTS / CAUSES ? [] : [`${service} counts ${alerts}`]
      })
    }
    while (odd().length > 0 && performance.now() - began < PATIENCE) await pause(300)
    const seconds = Math.round((performance.now() - began) / 1000)
    await pause(QUIET)
    if (odd().length > 0) await dump(folder, redis.url)
    return { messages: rootsIn(standIn).length, odd: odd(), seconds }
  } finally {
    for (const { process } of bots) process.kill('SIGKILL')
    await Promise.all(bots.map(({ process }) => process))
    await standIn.close()
    await redis.stop()
  }
}

/** Says what is stored, when what is shown is not as it should be. */
async function dump(folder: string, redisUrl: string): Promise<void> {
  const backend = await openBackend({ dataFolder: folder, redisUrl, log: pino({ level: 'silent' }) })
  const waiting = await listDeliveries(backend.records)
  console.log(
    `${waiting.length} deliveries wait`,
    waiting.slice(0, 3).map(({ begun, heldUntil }) => ({ begun, heldUntil })),
  )
  for (const { incidents } of await listSubjects(backend.records))
    for (const { target, alerts, shown, run } of incidents)
      console.log(
        `${target?.text ?? ''}: ${Object.keys(alerts).length} alerts, run ${run ?? 'none'}, shown ${JSON.stringify(shown)}`,
      )
  await backend.close()
}
