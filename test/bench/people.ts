import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { execa } from 'execa'
import { startSlackStandIn, type SlackStandIn } from '../../src/sandbox/slack/stand-in.ts'
import { redisIsPresent, startRedis } from '../redis-server.ts'
import { median, percentile, round } from './figures.ts'

const PEOPLE = 50
/** Each target is asked about by two people, in two channels. */
const TARGETS = PEOPLE / 2
/** Diagnoses of one person alone, one after the other; the first makes the process warm. */
const ALONE = 4
/** Jobs at the same time, as the bot has them unless told otherwise. */
const SLOTS = 4
/** Milliseconds in which every thread has to end. */
const PATIENCE = 240_000

/** 50 people ask for a diagnosis at once, two of them about each target: milliseconds to the first word, and to the end of every thread against that of one person alone. */
export async function benchPeople(): Promise<Record<string, unknown>> {
  const result: Record<string, unknown> = { embedded: await once(undefined) }
  if (redisIsPresent()) {
    const redis = await startRedis()
    result.redis = await once(redis.url)
    await redis.stop()
  }
  return {
    people: PEOPLE,
    targets: TARGETS,
    ...result,
    wanted: `${TARGETS} threads that end, ${PEOPLE - TARGETS} people told of the thread of another, p99 of first words <= 1000 ms, timesAlone <= 3`,
  }
}

/** Whether the message of a run says that it is over. */
const isOver = (standIn: SlackStandIn, channel: string): boolean =>
  standIn
    .messages(channel)
    .some(({ threadTs, blocks }) => threadTs === undefined && JSON.stringify(blocks).includes('sources read'))

async function once(redisUrl: string | undefined): Promise<Record<string, unknown>> {
  const folder = await mkdtemp(join(tmpdir(), 'mesh-medic-bench-'))
  const people = Array.from({ length: PEOPLE }, (_, index) => ({
    user: `U_${index}`,
    channel: `C_${index}`,
    target: `catalog-${index % TARGETS}`,
  }))
  const alone = Array.from({ length: ALONE }, (_, index) => ({
    user: `U_${index}`,
    channel: `C_ALONE_${index}`,
    target: `catalog-${TARGETS + index}`,
  }))
  const standIn = await startSlackStandIn({
    channels: [...people, ...alone].map(({ channel }) => ({ id: channel, name: channel.toLowerCase() })),
    people: people.map(({ user }) => ({ id: user, name: user.toLowerCase() })),
  })
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
      BENCH_SERVICES: String(TARGETS + ALONE),
    },
  })
  const ask = ({ user, channel, target }: (typeof people)[number]): Promise<unknown> =>
    standIn.type(`/mesh diagnose ${target} -n istioinaction`, { user, channel })
  try {
    await new Promise<void>((resolve) => {
      bot.stdout.once('data', () => resolve())
    })
    const times: number[] = []
    for (const one of alone) {
      const began = performance.now()
      await ask(one)
      await until(() => isOver(standIn, one.channel), 20)
      times.push(performance.now() - began)
    }
    const oneAlone = median(times.slice(1))
    const began = performance.now()
    const firstWord = new Map<string, number>()
    const ended = new Map<string, number>()
    const look = (): boolean => {
      const now = performance.now() - began
      for (const { user, channel } of people) {
        if (ended.has(channel)) continue
        const isTold = standIn.ephemerals(user).some((one) => one.channel === channel)
        const isOpen = standIn.messages(channel).length > 0
        if ((isTold || isOpen) && !firstWord.has(user)) firstWord.set(user, now)
        if (isOpen && isOver(standIn, channel) && !ended.has(channel)) ended.set(channel, now)
      }
      return firstWord.size === PEOPLE && ended.size === TARGETS
    }
    const asked = Promise.all(people.map(ask))
    await until(look)
    await asked
    // Whether more threads come than there are targets.
    await pause(2000)
    look()
    const words = [...firstWord.values()]
    const slowest = Math.max(...ended.values())
    return {
      oneAloneMilliseconds: round(oneAlone),
      threadsThatEnded: ended.size,
      threads: people.filter(({ channel }) => standIn.messages(channel).length > 0).length,
      toldOfAnother: people.filter(({ user }) =>
        standIn.ephemerals(user).some((one) => JSON.stringify(one.blocks).includes('already being diagnosed')),
      ).length,
      firstWordMilliseconds: {
        median: round(median(words)),
        p99: round(percentile(words, 0.99)),
        max: round(Math.max(...words)),
      },
      slowestMilliseconds: round(slowest),
      // Of the time that one slot would need for its share of the targets.
      timesAlone: round(slowest / (oneAlone * Math.ceil(TARGETS / SLOTS))),
    }
  } finally {
    bot.kill()
    await bot
    await standIn.close()
    await rm(folder, { recursive: true, force: true })
  }
}

async function until(is: () => boolean, every = 100): Promise<void> {
  for (const late = performance.now() + PATIENCE; !is() && performance.now() < late;) await pause(every)
}
