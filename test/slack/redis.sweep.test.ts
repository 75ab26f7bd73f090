import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { openBackend } from '../../src/queue/open-backend.ts'
import type { SlackStandIn } from '../../src/sandbox/slack/stand-in.ts'
import { startPatientStandIn } from '../sandbox/patient-stand-in.ts'
import { onRedis, redisIsPresent, startRedis, type TestRedis } from '../redis-server.ts'
import { ended, openHouse, rememberingLog } from './house.ts'
import { shownIn } from './texts.ts'

const WHO = { user: 'U_ONCALL', channel: 'C_MESH' }

describe.skipIf(!redisIsPresent()).concurrent(onRedis, () => {
  const open: (() => unknown)[] = []
  afterAll(async () => {
    for (const close of open.splice(0).reverse()) await close()
  })

  async function redisServer(): Promise<TestRedis> {
    const redis = await startRedis({ appendOnly: true })
    open.push(() => redis.stop())
    return redis
  }

  it('tells who types while Redis is down, and works again when it is back', async ({ expect }) => {
    const redis = await redisServer()
    const backend = await openBackend({ redisUrl: redis.url, dataFolder: '/nowhere', log: rememberingLog().log })
    open.push(() => backend.close())
    const house = await openHouse({ backend })
    open.push(() => house.close())
    await redis.kill()
    const typed = await house.slack.type('/mesh diagnose catalog', WHO)
    expect(typed.outcome).toBe('acknowledged')
    await house.slack.waitFor(() => typed.ephemerals()[0])
    expect(shownIn(typed.ephemerals()[0]!)).toContain('its store and queue do not answer')
    expect(house.slack.messages('C_MESH')).toEqual([])
    await redis.start()
    await expect
      .poll(() =>
        backend.ping().then(
          () => true,
          () => false,
        ),
      )
      .toBe(true)
    await house.slack.type('/mesh diagnose catalog', WHO)
    expect((await ended(house)).outcome?.verdict).toBe('ill')
  })

  it('goes on in another process after a bot was killed in the middle of its thread', async () => {
    const redis = await redisServer()
    const slack = await startPatientStandIn()
    open.push(() => slack.close())
    const first = await startBot(redis, slack)
    let killed = false
    slack.on('message', ({ message: { threadTs } }) => {
      if (threadTs === undefined || killed) return
      killed = true
      first.kill('SIGKILL')
    })
    await slack.type('/mesh diagnose catalog', WHO)
    const [second] = await Promise.all([startBot(redis, slack), slack.waitFor(() => killed, 120_000)])
    await slack.waitFor(() => slack.messages('C_MESH').some(({ text }) => text === 'Proof'), 120_000)
    const [parent, ...replies] = slack.messages('C_MESH')
    expect(shownIn(parent!)).toContain('🔴 Ill')
    expect(replies.every(({ threadTs }) => threadTs === parent!.ts)).toBe(true)
    expect(replies.map(({ text }) => text)).toEqual(['Proof'])
    expect(second.exitCode).toBeNull()
  })

  /** A bot in a process of its own. */
  async function startBot(redis: TestRedis, slack: SlackStandIn): Promise<ChildProcess> {
    const env = {
      ...process.env,
      BOT_REDIS_URL: redis.url,
      BOT_SLACK_URL: slack.url,
      BOT_TOKEN: slack.botToken,
      BOT_APP_TOKEN: slack.appToken,
      BOT_DELAY: '20',
    }
    const bot = spawn(process.execPath, [join(import.meta.dirname, 'bot-child.ts')], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    open.push(async () => {
      if (bot.exitCode !== null || bot.signalCode !== null) return
      const gone = once(bot, 'exit')
      bot.kill('SIGKILL')
      await gone
    })
    await once(bot.stdout, 'data')
    return bot
  }
})
