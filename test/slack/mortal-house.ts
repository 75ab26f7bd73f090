import { expect } from 'vitest'
import { setTimeout as pause } from 'node:timers/promises'
import { missingSubset } from '../../src/checks/missing-subset.ts'
import { diagnose } from '../../src/capabilities/diagnose.ts'
import { carryOut, type CarryOutDeps } from '../../src/capabilities/carry-out.ts'
import { claimTarget } from '../../src/store/claims.ts'
import type { Records } from '../../src/store/records.ts'
import { createRun, readRun } from '../../src/store/runs.ts'
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

export interface MortalHouse {
  slack: SlackStandIn
  records: Records
  /** One where nobody has said anything. */
  newChannel(): string
  /** A worker as the processors see it; with none given it does not die. */
  worker(death?: Death): CarryOutDeps
  /** Runs a job on a worker that dies at its nth effect, then on another one. @returns false when the first lived to the end */
  killedAt(nth: number, root?: string, channel?: string): Promise<boolean>
  close(): Promise<void>
}

/** Slack and records, and workers on them that die. */
export async function openMortalHouse(): Promise<MortalHouse> {
  const slack = await startPatientStandIn({ channels: CHANNELS })
  const records = memoryRecords()
  let channels = 0
  const newChannel = (): string => CHANNELS[channels++]!.id

  /** A worker as the processors see it. */
  const worker = (death = new Death(Infinity)): CarryOutDeps => {
    const { log } = rememberingLog()
    const mortal = mortalRecords(records, death)
    const calls = new MortalCalls(
      { token: slack.botToken, apiUrl: slack.url, log, pauses: [10, 20], postEvery: 0 },
      death,
    )
    return capabilityDeps(mortal, {
      log,
      audit: () => Promise.resolve(),
      cancelPoll: 100_000,
      openThread: (run) =>
        new SlackThread(
          {
            records: mortal,
            slack: calls,
            telling: { checks: [missingSubset] },
            log,
            updateEvery: 100_000,
            underWay: 1,
          },
          run,
        ),
    }).deps
  }

  const killedAt = async (nth: number, root?: string, channel = newChannel()): Promise<boolean> => {
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
    if (death.isDead) await carryOut(worker(), diagnose)(job, new AbortController().signal)

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

  return { slack, records, newChannel, worker, killedAt, close: () => slack.close() }
}
