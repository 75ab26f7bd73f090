import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { diagnose } from '../../src/capabilities/diagnose.ts'
import { carryOut } from '../../src/capabilities/carry-out.ts'
import { createRun, readRun, updateRun } from '../../src/store/runs.ts'
import { openMortalHouse, type MortalHouse } from './mortal-house.ts'
import { shownIn } from './texts.ts'

let house: MortalHouse
beforeAll(async () => {
  house = await openMortalHouse()
})
afterAll(() => house.close())

describe('a worker that is killed at any moment', () => {
  it('also in a thread that was there before', async () => {
    await Promise.all(
      [1, 3, 5, 8, 12].map(async (nth) => {
        const channel = house.newChannel()
        const alarm = await house.slack.say('alarm', { channel })
        await house.killedAt(nth, alarm.ts, channel)
      }),
    )
  })
})

it('does not begin a run anew that was cancelled while no worker had it', async () => {
  const channel = house.newChannel()
  const run = await createRun(house.records, {
    request: { kind: 'diagnose', text: 'catalog' },
    asker: { user: 'U_ONCALL' },
    channel,
  })
  await updateRun(house.records, run.id, (now) => ({ ...now, cancelAsked: true, cancelAskedBy: 'U_SECOND' }))
  await carryOut(house.worker(), diagnose)({ run: run.id, kind: 'diagnose' }, new AbortController().signal)
  expect(house.slack.messages(channel).map(shownIn).join('\n')).toContain('Cancelled by @U_SECOND')
  expect((await readRun(house.records, run.id))?.state).toBe('cancelled')
})

it('goes back to the queue when its worker closes, and says nothing of it', async () => {
  const channel = house.newChannel()
  const run = await createRun(house.records, {
    request: { kind: 'diagnose', text: 'catalog' },
    asker: { user: 'U_ONCALL' },
    channel,
  })
  const job = { run: run.id, kind: 'diagnose' } as const
  await expect(carryOut(house.worker(), diagnose)(job, AbortSignal.abort(new Error('closing')))).rejects.toThrow()
  expect(house.slack.messages(channel).map(shownIn).join('\n')).toContain('⏱ Diagnosing')
  await carryOut(house.worker(), diagnose)(job, new AbortController().signal)
  expect(
    house.slack
      .messages(channel)
      .filter(({ threadTs }) => threadTs === undefined)
      .map(shownIn)
      .join('\n'),
  ).toContain('🔴 Ill')
})
