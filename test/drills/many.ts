/**
 * npm run drill:many -- --diagnoses 200 --trouble frozen
 *
 * Asks for 200 diagnoses at once, with logs of 100 MB among what they read. When a tenth is answered Redis is frozen, killed, read-only or out of memory for 10 s,
 * or the bot is killed. Counts what was answered once, twice, never, and how much memory the bot took. Needs redis-server. Ends with 1 when not
 * all were answered once, when a diagnosis that ran when it was over still runs a minute later, when nothing went on for ten minutes, or when the bot took 1 GiB.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Redis } from 'ioredis'
import { openBackend } from '../../src/queue/open-backend.ts'
import { startSlackStandIn } from '../../src/sandbox/slack/stand-in.ts'
import { isFinished, listRuns } from '../../src/store/runs.ts'
import { startRedis, type TestRedis } from '../redis-server.ts'
import { rememberingLog } from '../slack/house.ts'
import { shownIn } from '../slack/texts.ts'

const { values } = parseArgs({
  options: { diagnoses: { type: 'string', default: '200' }, trouble: { type: 'string' } },
})
const DIAGNOSES = Number(values.diagnoses)
/** Milliseconds for which the trouble lasts, after which nobody may be left running, and after which nothing comes any more: a machine may be busy with something else. */
const LASTS = 10_000
const GOES_ON_WITHIN = 60_000
const HANGS = 600_000
const MOST = 1024
const LARGE = 100e6

/** One command to Redis, by a connection of its own. */
async function tellRedis({ port }: TestRedis, ...words: [string, ...string[]]): Promise<void> {
  const redis = new Redis(port, '127.0.0.1')
  await redis.call(...words)
  redis.disconnect()
}

interface Scene {
  redis: TestRedis
  killBot: () => Promise<void>
}
const during = async (begin: () => Promise<void> | void, end: () => Promise<void> | void): Promise<void> => {
  await begin()
  await pause(LASTS)
  await end()
}
const TROUBLES: Readonly<Record<string, (scene: Scene) => Promise<void>>> = {
  none: () => Promise.resolve(),
  frozen: ({ redis }) =>
    during(
      () => redis.freeze(),
      () => redis.thaw(),
    ),
  killed: ({ redis }) =>
    during(
      () => redis.kill(),
      () => redis.start(),
    ),
  'read-only': ({ redis }) =>
    during(
      () => tellRedis(redis, 'REPLICAOF', '127.0.0.1', '1'),
      () => tellRedis(redis, 'REPLICAOF', 'NO', 'ONE'),
    ),
  'out of memory': ({ redis }) =>
    during(
      () => tellRedis(redis, 'CONFIG', 'SET', 'maxmemory', '1'),
      () => tellRedis(redis, 'CONFIG', 'SET', 'maxmemory', '0'),
    ),
  'bot killed': ({ killBot }) => killBot(),
}

/** An API server whose logs are 100 MB. */
async function largeLogs(): Promise<Server> {
  const piece = Buffer.from(`${'GET /items 200 '.repeat(20)}\n`.repeat(200))
  const server = createServer((_, response) => {
    let left = LARGE
    const more = (): void => {
      while (left > 0 && !response.destroyed) {
        left -= piece.length
        if (!response.write(piece)) return
      }
      if (!response.destroyed) response.end()
    }
    response.on('drain', more)
    more()
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return server
}

/** Largest resident memory of a process so far, in MiB. */
const peakOf = ({ pid }: ChildProcess): number =>
  Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid ?? 0}/status`, 'utf8'))?.[1] ?? 0) / 1024

async function trial(name: string): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'mesh-medic-many-'))
  const redis = await startRedis({ appendOnly: true, settings: ['--maxmemory-policy', 'noeviction'] })
  const channels = Array.from({ length: DIAGNOSES }, (_, index) => ({ id: `C_${index}`, name: `channel-${index}` }))
  const slack = await startSlackStandIn({ channels })
  const logs = await largeLogs()
  const server = `http://127.0.0.1:${(logs.address() as AddressInfo).port}`
  const kubeconfig = join(folder, 'kubeconfig')
  const one = {
    name: 'x',
    cluster: { server, 'insecure-skip-tls-verify': true },
    context: { cluster: 'x', user: 'x' },
    user: {},
  }
  writeFileSync(kubeconfig, JSON.stringify({ 'current-context': 'x', clusters: [one], contexts: [one], users: [one] }))
  const backend = await openBackend({ redisUrl: redis.url, dataFolder: '/nowhere', log: rememberingLog().log })
  let peak = 0
  let bot: ChildProcess
  const start = async (): Promise<void> => {
    bot = spawn(process.execPath, ['--max-old-space-size=640', join(import.meta.dirname, 'many-child.ts')], {
      env: {
        ...process.env,
        BOT_REDIS_URL: redis.url,
        BOT_SLACK_URL: slack.url,
        BOT_TOKEN: slack.botToken,
        BOT_APP_TOKEN: slack.appToken,
        BOT_KUBECONFIG: kubeconfig,
        BOT_SERVICES: String(DIAGNOSES),
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(bot.stdout!, 'data')
  }
  const end = async (): Promise<void> => {
    peak = Math.max(peak, peakOf(bot))
    const gone = once(bot, 'exit')
    bot.kill('SIGKILL')
    await gone
  }
  const roots = (channel: string): string[] =>
    slack
      .messages(channel)
      .filter(({ threadTs }) => threadTs === undefined)
      .map(shownIn)
  const isAnswered = (channel: string): boolean =>
    roots(channel).some((root) => root.includes('🔴 Ill') || root.includes('Unclear'))
  const answered = (): number => channels.filter(({ id }) => isAnswered(id)).length

  await start()
  await slack.type('/mesh help', { channel: 'C_0' })
  const began = Date.now()
  const typed = await Promise.all(
    channels.map(({ id }, index) => slack.type(`/mesh diagnose catalog-${index} -n istioinaction`, { channel: id })),
  )
  while (answered() < DIAGNOSES / 10) await pause(100)
  const before = answered()
  await TROUBLES[name]?.({
    redis,
    killBot: async () => {
      await end()
      await start()
    },
  })
  const over = Date.now()
  const running = async (): Promise<string[]> =>
    (await listRuns(backend.records)).filter(({ state }) => state === 'running').map(({ id }) => id)
  const ranThen = new Set(await running())
  const left = pause(GOES_ON_WITHIN).then(async () => (await running()).filter((id) => ranThen.has(id)).length)
  let [last, lastAt, stood] = [answered(), Date.now(), 0]
  while (last < DIAGNOSES && Date.now() - lastAt < HANGS) {
    await pause(250)
    const now = answered()
    if (now > last) [last, lastAt] = [now, Date.now()]
    stood = Math.max(stood, Date.now() - lastAt)
  }
  const took = (Date.now() - over) / 1000
  // What is told last, and what would be told twice.
  await pause(5000)
  const unfinished = (await listRuns(backend.records)).filter((run) => !isFinished(run)).length
  const leftRunning = await left
  const twice = channels.filter(({ id }) => roots(id).length > 1).length
  peak = Math.max(peak, peakOf(bot!))
  const isGood = last === DIAGNOSES && twice === 0 && unfinished === 0 && leftRunning === 0 && peak < MOST
  console.log(
    `${isGood ? 'ok  ' : 'FAIL'} ${name}: ${JSON.stringify({
      acknowledged: typed.filter(({ outcome }) => outcome === 'acknowledged').length,
      answeredBefore: before,
      answered: last,
      twice,
      unfinished,
      ranWhenOver: ranThen.size,
      leftRunningAfterAMinute: leftRunning,
      untilTrouble: Math.round((over - began) / 1000),
      secondsAfterwards: Math.round(took),
      longestStandstill: Math.round(stood / 1000),
      peakMiB: Math.round(peak),
    })}`,
  )
  await end()
  await backend.close()
  await slack.close()
  logs.closeAllConnections()
  logs.close()
  await redis.stop()
  rmSync(folder, { recursive: true })
  return isGood
}

let isGood = true
for (const name of Object.keys(TROUBLES))
  if (values.trouble === undefined || values.trouble === name) isGood = (await trial(name)) && isGood
process.exit(isGood ? 0 : 1)
