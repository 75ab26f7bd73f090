import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { setTimeout as pause } from 'node:timers/promises'
import { missingSubset } from '../../src/checks/missing-subset.ts'
import { diagnose } from '../../src/capabilities/diagnose.ts'
import { carryOut, type CarryOutDeps } from '../../src/capabilities/carry-out.ts'
import { claimTarget } from '../../src/store/claims.ts'
import type { Records } from '../../src/store/records.ts'
import { createRun, readRun, updateRun } from '../../src/store/runs.ts'
import type { SlackStandIn } from '../../src/sandbox/slack/stand-in.ts'
import { startPatientStandIn } from '../sandbox/patient-stand-in.ts'
import { SlackCalls } from '../../src/slack/transport/calls.ts'
import { SlackThread } from '../../src/slack/thread/thread.ts'
import { memoryRecords } from '../store/memory-records.ts'
import { capabilityDeps } from '../capabilities/deps.ts'
import { rememberingLog } from './house.ts'
import { shownIn } from './texts.ts'
import { defined } from '../../src/mesh/defined.ts'

/** SIGKILL just before the nth effect, which is just after the one before: from then on nothing this worker does reaches anybody. */
class Death {
  private readonly nth: number
  effects = 0
  isDead = false
  constructor(nth: number) {
    this.nth = nth
  }

  async effect<T>(act: () => Promise<T>): Promise<T> {
    this.effects += 1
    this.isDead ||= this.effects === this.nth
    return this.isDead ? forever() : act()
  }
}

const forever = (): Promise<never> => new Promise(() => {})

class MortalCalls extends SlackCalls {
  private readonly death: Death
  constructor(options: ConstructorParameters<typeof SlackCalls>[0], death: Death) {
    super(options)
    this.death = death
  }
  override patiently<T>(
    name: string,
    call: Parameters<SlackCalls['patiently']>[1],
    find?: () => Promise<unknown>,
  ): Promise<T> {
    return this.death.effect(() => super.patiently(name, call, find)) as Promise<T>
  }
}

function mortalRecords(records: Records, death: Death): Records {
  return {
    ...records,
    read: (...all) => (death.isDead ? forever() : records.read(...all)),
    write: (...all) => death.effect(() => records.write(...all)),
    remove: (...all) => death.effect(() => records.remove(...all)),
    append: (...all) => death.effect(() => records.append(...all)),
  }
}

const CHANNELS = Array.from({ length: 200 }, (_, index) => ({ id: `C_${index}`, name: `channel-${index}` }))

let slack: SlackStandIn
let records: Records
beforeAll(async () => {
  slack = await startPatientStandIn({ channels: CHANNELS })
  records = memoryRecords()
})
afterAll(() => slack.close())

/** A worker as the processors see it. */
function worker(death: Death): CarryOutDeps {
  const { log } = rememberingLog()
  const mortal = mortalRecords(records, death)
  const calls = new MortalCalls({ token: slack.botToken, apiUrl: slack.url, log, pauses: [10, 20] }, death)
  return capabilityDeps(mortal, {
    log,
    audit: () => Promise.resolve(),
    cancelPoll: 100_000,
    openThread: (run) =>
      new SlackThread(
        { records: mortal, slack: calls, telling: { checks: [missingSubset] }, log, updateEvery: 100_000, underWay: 1 },
        run,
      ),
  }).deps
}

const immortal = (): Death => new Death(Infinity)
let channels = 0
const SIDE_BY_SIDE = 8

/** Runs a job on a worker that dies at its nth effect, then on another one. @returns false when the first lived to the end */
async function killedAt(nth: number, root?: string, channel = CHANNELS[channels++]!.id): Promise<boolean> {
  const target = { key: `service/${channel}`, kind: 'Service', namespace: 'istioinaction', name: 'catalog' }
  const run = await createRun(records, {
    request: { kind: 'diagnose', text: 'catalog', target },
    asker: { user: 'U_ONCALL' },
    channel,
    ...defined({ thread: root }),
  })
  await claimTarget(records, target.key, run.id)
  const job = { run: run.id, kind: 'diagnose' } as const
  const death = new Death(nth)
  const first = carryOut(worker(death), diagnose)(job, new AbortController().signal)
  const dies = (async () => {
    while (!death.isDead) await pause(1)
  })()
  await Promise.race([first, dies])
  if (death.isDead) await carryOut(worker(immortal()), diagnose)(job, new AbortController().signal)

  const ours = slack.messages(channel).filter(({ botId }) => botId !== undefined)
  const [parent, ...replies] = ours
  const where = `killed before effect ${nth}`
  expect(shownIn(parent!), where).toContain('🔴 Ill')
  expect(
    replies.map(({ text }) => text.split(':').slice(0, 2).join(':')),
    where,
  ).toEqual([...new Set(replies.map(({ text }) => text.split(':').slice(0, 2).join(':')))])
  expect(
    replies.map(({ text }) => text),
    where,
  ).toEqual(['Proof'])
  expect(
    replies.every(({ threadTs }) => threadTs === (root ?? parent!.ts)),
    where,
  ).toBe(true)
  expect(await readRun(records, run.id), where).toMatchObject({ state: 'done', thread: root ?? parent!.ts })
  expect(await claimTarget(records, target.key, 'another'), where).toBe('another')
  return death.isDead
}

describe('a worker that is killed at any moment', () => {
  it('another one goes on, and nothing is posted twice or missing', async () => {
    let survived: number | undefined
    // Each run has a channel and a target of its own: several can die side by side.
    for (let from = 1; survived === undefined; from += SIDE_BY_SIDE) {
      const nths = Array.from({ length: SIDE_BY_SIDE }, (_, index) => from + index)
      const died = await Promise.all(nths.map((nth) => killedAt(nth)))
      survived = nths.find((_, index) => !died[index])
    }
    expect(survived).toBeGreaterThan(15)
  })

  it('also in a thread that was there before', async () => {
    await Promise.all(
      [1, 3, 5, 8, 12].map(async (nth) => {
        const channel = CHANNELS[channels++]!.id
        const alarm = await slack.say('alarm', { channel })
        await killedAt(nth, alarm.ts, channel)
      }),
    )
  })
})

it('does not begin a run anew that was cancelled while no worker had it', async () => {
  const channel = CHANNELS[channels++]!.id
  const run = await createRun(records, {
    request: { kind: 'diagnose', text: 'catalog' },
    asker: { user: 'U_ONCALL' },
    channel,
  })
  await updateRun(records, run.id, (now) => ({ ...now, cancelAsked: true, cancelAskedBy: 'U_SECOND' }))
  await carryOut(worker(immortal()), diagnose)({ run: run.id, kind: 'diagnose' }, new AbortController().signal)
  expect(slack.messages(channel).map(shownIn).join('\n')).toContain('Cancelled by @U_SECOND')
  expect((await readRun(records, run.id))?.state).toBe('cancelled')
})

it('goes back to the queue when its worker closes, and says nothing of it', async () => {
  const channel = CHANNELS[channels++]!.id
  const run = await createRun(records, {
    request: { kind: 'diagnose', text: 'catalog' },
    asker: { user: 'U_ONCALL' },
    channel,
  })
  const job = { run: run.id, kind: 'diagnose' } as const
  await expect(carryOut(worker(immortal()), diagnose)(job, AbortSignal.abort(new Error('closing')))).rejects.toThrow()
  expect(slack.messages(channel).map(shownIn).join('\n')).toContain('⏱ Diagnosing')
  await carryOut(worker(immortal()), diagnose)(job, new AbortController().signal)
  expect(
    slack
      .messages(channel)
      .filter(({ threadTs }) => threadTs === undefined)
      .map(shownIn)
      .join('\n'),
  ).toContain('🔴 Ill')
})
