import { afterEach, describe, expect, it } from 'vitest'
import { Pacer } from '../../src/slack/transport/pacer.ts'
import { ended, openHouse, type House } from './house.ts'

/** A clock that stands still but for what is waited. */
function standingClock() {
  let now = 1000
  let waiting: { at: number; go: () => void }[] = []
  return {
    now: () => now,
    wait: (milliseconds: number) =>
      new Promise<void>((go) => {
        waiting.push({ at: now + milliseconds, go })
      }),
    /** Lets time pass, in the order of what is waited for. */
    async pass(milliseconds: number): Promise<void> {
      const until = now + milliseconds
      for (;;) {
        await new Promise((resolve) => setImmediate(resolve))
        const next = waiting.toSorted((a, b) => a.at - b.at).find(({ at }) => at <= until)
        if (next === undefined) break
        waiting = waiting.filter((one) => one !== next)
        now = Math.max(now, next.at)
        next.go()
      }
      now = until
    },
  }
}

describe('turns', () => {
  it('come one a second in a channel, in the order of asking; the first at once', async () => {
    const clock = standingClock()
    const pacer = new Pacer(1000, clock)
    const got: [string, number][] = []
    for (const name of ['a', 'b', 'c', 'd', 'e']) void pacer.turn('C1').then(() => got.push([name, clock.now()]))
    void pacer.turn('C2').then(() => got.push(['other', clock.now()]))
    await clock.pass(10_000)
    expect(got).toEqual([
      ['a', 1000],
      ['other', 1000],
      ['b', 2000],
      ['c', 3000],
      ['d', 4000],
      ['e', 5000],
    ])
  })

  it('come at once again after a second of quiet', async () => {
    const clock = standingClock()
    const pacer = new Pacer(1000, clock)
    await pacer.turn('C1')
    await clock.pass(1000)
    await pacer.turn('C1')
    expect(clock.now()).toBe(2000)
  })

  it('are given up by whoever finds while waiting that they are not needed', async () => {
    const clock = standingClock()
    const pacer = new Pacer(1000, clock)
    const waits: unknown[] = []
    for (let n = 0; n < 8; n += 1) void pacer.turn('C1')
    pacer.turn('C1', () => Promise.reject(new Error('another has it'))).catch((error: unknown) => waits.push(error))
    await clock.pass(4000)
    expect(waits).toEqual([new Error('another has it')])
  })
})

describe('a burst of commands', () => {
  let house: House
  afterEach(() => house.close())

  const WHO = { user: 'U_ONCALL', channel: 'C_MESH' }
  const posts = () => house.slack.calls.filter(({ method }) => method === 'chat.postMessage')

  it('posts its messages one after the other', async () => {
    house = await openHouse({ options: { postEvery: 300 } })
    const began = Date.now()
    for (const line of ['/mesh diagnose catalog', '/mesh status', '/mesh doctor']) await house.slack.type(line, WHO)
    for (let nth = 1; nth <= 3; nth += 1) expect((await ended(house, nth)).state).toBe('done')
    expect(posts().length).toBeGreaterThanOrEqual(4)
    for (const [before, { at }] of posts().entries()) expect(at - began).toBeGreaterThanOrEqual(before * 300 - 20)
  })
})
