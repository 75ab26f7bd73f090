import { expect, it } from 'vitest'
import { CommandLimit, type TooMany } from '../../src/slack/access/command-limit.ts'
import { StoreUnavailableError, type Records } from '../../src/store/records.ts'
import { memoryRecords } from '../store/memory-records.ts'
import { rememberingLog } from './house.ts'

/** Several processes that share a store. */
function processes(limits: { user?: number; channel?: number }, many = 1, records: Records = memoryRecords()) {
  const clock = { now: 1_000_000 }
  const all = Array.from(
    { length: many },
    () => new CommandLimit(records, rememberingLog().log, limits, () => clock.now),
  )
  const take = (user: string, channel = 'C1', at = 0): Promise<TooMany | undefined> => all[at]!.take(user, channel)
  return { clock, take }
}

it('takes so many commands of a person within a minute, and says when the next is taken', async () => {
  const { clock, take } = processes({ user: 2 })
  expect(await take('U1')).toBeUndefined()
  clock.now += 20_000
  expect(await take('U1', 'C2')).toBeUndefined()
  expect(await take('U1')).toEqual({ of: 'user', most: 2, again: 40, isFirst: true })
  expect(await take('U1')).toEqual({ of: 'user', most: 2, again: 40, isFirst: false })
  expect(await take('U2')).toBeUndefined()
  clock.now += 40_000
  expect(await take('U1')).toBeUndefined()
  expect(await take('U1')).toEqual({ of: 'user', most: 2, again: 20, isFirst: true })
})

it('takes so many in a channel, of all who are there; what is not taken counts for nobody', async () => {
  const { take } = processes({ user: 3, channel: 2 })
  expect([await take('U1'), await take('U2')]).toEqual([undefined, undefined])
  expect(await take('U3')).toMatchObject({ of: 'channel', most: 2, isFirst: true })
  expect(await take('U4')).toMatchObject({ of: 'channel', isFirst: false })
  expect([await take('U3', 'C2'), await take('U3', 'C2'), await take('U3', 'C3')]).toEqual([
    undefined,
    undefined,
    undefined,
  ])
  expect(await take('U3', 'C4')).toMatchObject({ of: 'user', most: 3 })
})

it('counts what other processes took, and tells one of them alone that it is the first that is not taken', async () => {
  const { take } = processes({ user: 3 }, 3)
  for (const at of [0, 1, 2]) expect(await take('U1', 'C1', at)).toBeUndefined()
  const refused = await Promise.all([0, 1, 2].map((at) => take('U1', 'C1', at)))
  expect(refused.map((one) => one?.of)).toEqual(['user', 'user', 'user'])
  expect(refused.filter((one) => one?.isFirst)).toHaveLength(1)
})

it('takes no more of those that come at the same moment', async () => {
  const { take } = processes({ user: 5 }, 4)
  const taken = await Promise.all(Array.from({ length: 40 }, (_, at) => take('U1', 'C1', at % 4)))
  expect(taken.filter((one) => one === undefined)).toHaveLength(5)
})

it('takes as many as come where no limit is set', async () => {
  const { take } = processes({})
  for (let at = 0; at < 1000; at += 1) expect(await take('U1')).toBeUndefined()
})

it('refuses nobody while the store does not answer', async () => {
  const records = memoryRecords()
  const { take } = processes({ user: 1 }, 1, {
    ...records,
    read: () => Promise.reject(new StoreUnavailableError('read')),
  })
  expect([await take('U1'), await take('U1')]).toEqual([undefined, undefined])
})
