/**
 * npm run drill:restart -- --trials 50 --kills 50 --lanes 4 --refresh 60
 *
 * Restarts the bot (SIGTERM and SIGKILL in turn) while Slack is slow to take the first message of a diagnosis, and counts what was answered: once, not at
 * all, or twice; and how often the person was told instead that the store did not answer in time, as on an overloaded machine. Then kills it as soon as a
 * command is acknowledged, and counts the same. Then types 5 commands a second for `--refresh` seconds while Slack renews the Socket Mode connection every
 * 10 s, and counts what was lost or doubled. Needs redis-server. Ends with 1 when not all were answered once.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { openBackend } from '../../src/queue/open-backend.ts'
import type { Backend } from '../../src/queue/backend.ts'
import { startSlackStandIn, type SlackStandIn } from '../../src/sandbox/slack/stand-in.ts'
import { isFinished, listRuns } from '../../src/store/runs.ts'
import { rememberingLog } from '../slack/house.ts'
import { shownIn } from '../slack/texts.ts'
import { startRedis, type TestRedis } from '../redis-server.ts'

/** Milliseconds that the answer to the first post takes. */
const LATE = { least: 1200, most: 3000 }
const PATIENCE = 60_000
/** Milliseconds between two commands, and between two renewals of the connection. */
const TYPE_EVERY = 200
const REFRESH_EVERY = 10_000

const between = (least: number, most: number): number => Math.round(least + Math.random() * (most - least))

/** What became of one command: its messages, whether it was answered, and whether the person was told instead that the store does not answer. */
interface Trial {
  roots: number
  finished: boolean
  refused: boolean
}

/** A Slack, a bot and a store of their own. */
class Lane {
  private bot: ChildProcess | undefined
  private readonly redis: TestRedis
  private readonly backend: Backend
  readonly slack: SlackStandIn

  private constructor(redis: TestRedis, backend: Backend, slack: SlackStandIn) {
    this.redis = redis
    this.backend = backend
    this.slack = slack
  }

  static async open(): Promise<Lane> {
    const redis = await startRedis({ appendOnly: true })
    const backend = await openBackend({ redisUrl: redis.url, dataFolder: '/nowhere', log: rememberingLog().log })
    const lane = new Lane(redis, backend, await startSlackStandIn())
    await lane.start()
    return lane
  }

  async close(): Promise<void> {
    await this.end('SIGKILL')
    await this.backend.close()
    await this.slack.close()
    await this.redis.stop()
  }

  /** Asks, kills the bot as soon as Slack has the acknowledgement, and says how often the verdict was told. */
  async kill(): Promise<Trial> {
    const { slack } = this
    const told = this.told()
    const before = new Set(slack.messages('C_MESH').map(({ ts }) => ts))
    const runsBefore = (await listRuns(this.backend.records)).length
    const { outcome } = await slack.type('/mesh diagnose catalog', { user: 'U_ONCALL', channel: 'C_MESH' })
    await this.end('SIGKILL')
    if (outcome !== 'acknowledged') throw new Error(`the command was not accepted: ${outcome}`)
    await this.start()
    return this.answered(before, runsBefore + 1, told)
  }

  /** Waits until as many runs are over, and counts the messages since that tell a verdict. */
  private async answered(before: ReadonlySet<string>, runs: number, told: number): Promise<Trial> {
    const { slack } = this
    const roots = () => slack.messages('C_MESH').filter((one) => !before.has(one.ts) && one.threadTs === undefined)
    const isOver = async (): Promise<boolean> => {
      const known = await listRuns(this.backend.records)
      return known.length >= runs && known.every(isFinished) && roots().some((one) => shownIn(one).includes('🔴 Ill'))
    }
    const until = Date.now() + PATIENCE
    while (!(await isOver()) && this.told() === told && Date.now() < until) await pause(100)
    return { roots: roots().length, finished: await isOver(), refused: this.told() > told }
  }

  /** How often the person was told that the store does not answer. */
  private told(): number {
    return this.slack.ephemerals('U_ONCALL').filter((one) => shownIn(one).includes('its store and queue do not answer'))
      .length
  }

  /** Asks, restarts the bot while the first message is on its way, and says how often the verdict was told. */
  async trial(signal: 'SIGTERM' | 'SIGKILL'): Promise<Trial & { signal: string; after: number }> {
    const { slack } = this
    const told = this.told()
    const before = new Set(slack.messages('C_MESH').map(({ ts }) => ts))
    const runsBefore = (await listRuns(this.backend.records)).length
    const late = between(LATE.least, LATE.most)
    slack.fail.next('chat.postMessage', { delayMilliseconds: late })
    const { outcome } = await slack.type('/mesh diagnose catalog', { user: 'U_ONCALL', channel: 'C_MESH' })
    if (outcome !== 'acknowledged') throw new Error(`the command was not accepted: ${outcome}`)
    while ((await listRuns(this.backend.records)).length === runsBefore) await pause(5)
    const after = between(0, late)
    await pause(after)
    await this.end(signal)
    slack.fail.clear()
    await this.start()
    await this.answered(before, runsBefore + 1, told)
    // What the process that was ended had sent may still come.
    await pause(Math.max(0, late - after) + 200)
    return { signal, after, ...(await this.answered(before, runsBefore + 1, told)) }
  }

  /** Many commands while the connection is renewed again and again. */
  async refresh(seconds: number): Promise<{ typed: number; lost: number; doubled: number; renewals: number }> {
    const { slack } = this
    const typing: Promise<unknown>[] = []
    let unacknowledged = 0
    let renewals = 0
    const renewing = setInterval(() => {
      renewals += 1
      slack.disconnect('ask')
    }, REFRESH_EVERY)
    for (const until = Date.now() + seconds * 1000; Date.now() < until;) {
      typing.push(
        slack.type('/mesh help', { user: 'U_ONCALL', channel: 'C_MESH' }).then(({ outcome }) => {
          if (outcome !== 'acknowledged') unacknowledged += 1
        }),
      )
      await pause(TYPE_EVERY)
    }
    await Promise.all(typing)
    clearInterval(renewing)
    await pause(2000)
    const told = slack.ephemerals('U_ONCALL').length
    return {
      typed: typing.length,
      lost: Math.max(unacknowledged, typing.length - told),
      doubled: Math.max(0, told - typing.length),
      renewals,
    }
  }

  private async start(): Promise<void> {
    this.bot = spawn(process.execPath, [join(import.meta.dirname, '..', 'slack', 'bot-child.ts')], {
      env: {
        ...process.env,
        BOT_REDIS_URL: this.redis.url,
        BOT_SLACK_URL: this.slack.url,
        BOT_TOKEN: this.slack.botToken,
        BOT_APP_TOKEN: this.slack.appToken,
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(this.bot.stdout!, 'data')
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const { bot } = this
    if (bot?.exitCode !== null || bot.signalCode !== null) return
    const gone = once(bot, 'exit')
    bot.kill(signal)
    await gone
  }
}

const { values } = parseArgs({
  options: {
    trials: { type: 'string', default: '50' },
    kills: { type: 'string', default: '50' },
    lanes: { type: 'string', default: '4' },
    refresh: { type: 'string', default: '60' },
  },
})
const [trials, kills, lanes, refresh] = [values.trials, values.kills, values.lanes, values.refresh].map(Number) as [
  number,
  number,
  number,
  number,
]

interface Told {
  answered: number
  twice: number
  never: number
  refused: number
}

/** Does something so many times, on several lanes, and counts what came of it. */
async function many(
  times: number,
  act: (lane: Lane, number: number) => Promise<Trial & { what: string }>,
): Promise<Told> {
  const told: Told = { answered: 0, twice: 0, never: 0, refused: 0 }
  let next = 0
  await Promise.all(
    Array.from({ length: Math.min(lanes, times) }, async () => {
      const lane = await Lane.open()
      while (next < times) {
        next += 1
        const number = next
        const { what, roots, finished, refused } = await act(lane, number)
        if (!finished && refused) told.refused += 1
        else if (!finished) told.never += 1
        else if (roots > 1) told.twice += 1
        else told.answered += 1
        console.log(
          `${number}: ${what}: ${finished ? `${roots} messages` : refused ? 'told that the store does not answer' : 'never answered'}`,
        )
      }
      await lane.close()
    }),
  )
  return told
}

const say = (what: string, times: number, { answered, twice, never, refused }: Told): void =>
  console.log(
    `${what} ${times}: answered once ${answered}, twice ${twice}, never ${never}, told that the store does not answer ${refused}`,
  )

const restarted = await many(trials, async (lane, number) => {
  const { signal, after, ...told } = await lane.trial(number % 2 === 0 ? 'SIGTERM' : 'SIGKILL')
  return { what: `${signal} after ${after} ms`, ...told }
})
say('restarts', trials, restarted)
const killed = await many(kills, async (lane) => ({ what: 'SIGKILL once acknowledged', ...(await lane.kill()) }))
say('kills', kills, killed)

const lane = await Lane.open()
const { typed, lost, doubled, renewals } = await lane.refresh(refresh)
await lane.close()
console.log(`commands ${typed}, connections renewed ${renewals} times: lost ${lost}, answered twice ${doubled}`)
process.exit(restarted.answered === trials && killed.answered === kills && lost === 0 && doubled === 0 ? 0 : 1)
