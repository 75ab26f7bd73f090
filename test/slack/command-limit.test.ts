import { expect, it } from 'vitest'
import { CommandLimit } from '../../src/slack/access/command-limit.ts'

function limit(limits: { user?: number; channel?: number }) {
  const clock = { now: 1_000_000 }
  const counted = new CommandLimit(limits, () => clock.now)
  return { clock, take: (user: string, channel = 'C1') => counted.take(user, channel) }
}

it('takes so many commands of a person within a minute, and says when the next is taken', () => {
  const { clock, take } = limit({ user: 2 })
  expect(take('U1')).toBeUndefined()
  clock.now += 20_000
  expect(take('U1', 'C2')).toBeUndefined()
  expect(take('U1')).toEqual({ of: 'user', most: 2, again: 40, isFirst: true })
  expect(take('U1')).toEqual({ of: 'user', most: 2, again: 40, isFirst: false })
  expect(take('U2')).toBeUndefined()
  clock.now += 40_000
  expect(take('U1')).toBeUndefined()
  expect(take('U1')).toEqual({ of: 'user', most: 2, again: 20, isFirst: true })
})

it('takes so many in a channel, of all who are there; what is not taken counts for nobody', () => {
  const { take } = limit({ user: 3, channel: 2 })
  expect([take('U1'), take('U2')]).toEqual([undefined, undefined])
  expect(take('U3')).toMatchObject({ of: 'channel', most: 2, isFirst: true })
  expect(take('U4')).toMatchObject({ of: 'channel', isFirst: false })
  expect([take('U3', 'C2'), take('U3', 'C2'), take('U3', 'C3')]).toEqual([undefined, undefined, undefined])
  expect(take('U3', 'C4')).toMatchObject({ of: 'user', most: 3 })
})

it('takes as many as come where no limit is set', () => {
  const { take } = limit({})
  for (let at = 0; at < 1000; at += 1) expect(take('U1')).toBeUndefined()
})
