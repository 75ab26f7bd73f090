import { afterAll } from 'vitest'
import { setTimeout as pause } from 'node:timers/promises'
import type { Backend } from '../../src/queue/backend.ts'
import type { Log } from '../../src/queue/log.ts'
import { missingSubset } from '../../src/checks/missing-subset.ts'
import type { Clients } from '../../src/evidence/clients/clients.ts'
import { startBot, type BotOptions, type BotRequest, type Bot } from '../../src/bot.ts'
import type { SlackStandIn } from '../../src/sandbox/slack/stand-in.ts'
import { startPatientStandIn } from '../sandbox/patient-stand-in.ts'
import type { SlackStandInOptions } from '../../src/sandbox/slack/contract.ts'
import { isFinished, listRuns, type RunRecord } from '../../src/store/runs.ts'
import { recordedClients } from '../replay.ts'
import { memoryBackend } from '../queue/memory-backend.ts'

/** A line of the log, for assertions. */
export interface Logged {
  level: string
  fields: Record<string, unknown>
  says: string
}

/** A log that remembers. */
export function rememberingLog(): { log: Log; logged: Logged[] } {
  const logged: Logged[] = []
  const write =
    (level: string) =>
    (fields: unknown, says?: string): void => {
      logged.push({
        level,
        fields: typeof fields === 'object' && fields !== null ? (fields as Record<string, unknown>) : {},
        says: says ?? String(fields),
      })
      if (process.env.SHOW_LOG !== undefined && level !== 'debug')
        process.stderr.write(
          `${level} ${says ?? ''} ${JSON.stringify(fields, (_k, v: unknown) => (v instanceof Error ? `${v.stack ?? v.message} ${String(v.cause)}` : v))}\n`,
        )
    }
  return { log: { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }, logged }
}

export interface House {
  slack: SlackStandIn
  backend: Backend
  bot: Bot
  logged: Logged[]
  /** ISO time. */
  openedAt: string
  close(): Promise<void>
}

/** The bot as it is in production, on a stand-in for Slack and a recorded mesh. */
export async function openHouse({
  clients = recordedClients('chapter-10/ill'),
  slack: slackOptions,
  backend: given,
  options = {},
  checks = [missingSubset],
  ...rights
}: { clients?: Clients; slack?: SlackStandInOptions; backend?: Backend; options?: Partial<BotOptions> } & Pick<
  BotRequest,
  'policy' | 'writer'
> &
  Partial<Pick<BotRequest, 'checks'>> = {}): Promise<House> {
  const backend = given ?? memoryBackend()
  const openedAt = new Date().toISOString()
  const slack = await startPatientStandIn(slackOptions)
  const { log, logged } = rememberingLog()
  const bot = await startBot({
    backend,
    clients,
    log,
    checks,
    ...rights,
    options: {
      botToken: slack.botToken,
      appToken: slack.appToken,
      apiUrl: slack.url,
      updateEvery: 50,
      // Said only where a test is about it: how soon an answer comes is up to the machine.
      heardWithin: 600_000,
      postEvery: 0,
      cancelPoll: 50,
      pauses: [20, 50, 100],
      ...options,
    },
  })
  return {
    slack,
    backend,
    bot,
    logged,
    openedAt,
    async close() {
      await bot.stop({ graceMilliseconds: 500 })
      await slack.close()
    },
  }
}

/** Waits until the nth run asked for in this house has ended, and gives its record. */
export async function ended(
  { backend, openedAt }: Pick<House, 'backend' | 'openedAt'>,
  nth = 1,
  patience = 30_000,
): Promise<RunRecord> {
  for (const late = Date.now() + patience; ;) {
    const run = (await listRuns(backend.records)).filter(({ createdAt }) => createdAt >= openedAt)[nth - 1]
    if (run !== undefined && isFinished(run)) return run
    if (Date.now() > late) throw new Error(`the run does not end: ${JSON.stringify(run)}`)
    await pause(20)
  }
}

/** Opens houses that stay open until the tests of a file are over: for tests that mostly wait and run side by side, each in a house of its own. */
export function openHousesOfFile(): typeof openHouse {
  const open: House[] = []
  afterAll(() => Promise.all(open.map((house) => house.close())))
  return async (...given) => {
    const house = await openHouse(...given)
    open.push(house)
    return house
  }
}
