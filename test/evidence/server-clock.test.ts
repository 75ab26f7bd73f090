import { describe, expect, it } from 'vitest'
import { ServerClock } from '../../src/evidence/clients/server-clock.ts'

const NOON = Date.parse('2026-11-24T12:00:00.000Z')
const DAY = 24 * 3600_000
const header = (time: number): string => new Date(time).toUTCString()

describe("the API server's clock", () => {
  it("is the machine's while nothing was heard", () => {
    expect(new ServerClock().now(NOON)).toEqual(new Date(NOON))
  })

  it.each([
    ['no header', undefined],
    ['no time', 'yesterday'],
  ])("is the machine's after %s", (_, said) => {
    const clock = new ServerClock()
    clock.heard(said, NOON, NOON)
    expect(clock.now(NOON)).toEqual(new Date(NOON))
  })

  it.each([
    ['the same second, cut off', NOON + 900, NOON + 950, NOON],
    ['an answer that was long under way', NOON, NOON + 8000, NOON + 4000],
  ])("is the machine's while they may agree: %s", (_, sentAt, receivedAt, said) => {
    const clock = new ServerClock()
    clock.heard(header(said), sentAt, receivedAt)
    expect(clock.ahead).toBe(0)
  })

  it.each([
    ['behind', -400 * DAY],
    ['ahead', 300_000],
  ])('is followed where it is %s, to half a second', (_, ahead) => {
    const clock = new ServerClock()
    clock.heard(header(NOON + ahead), NOON, NOON)
    expect(Math.abs(clock.ahead - ahead)).toBeLessThanOrEqual(500)
    expect(clock.now(NOON + 60_000).getTime()).toBe(NOON + 60_000 + clock.ahead)
  })

  it('is known the better the more was heard', () => {
    const clock = new ServerClock()
    // An hour ahead and 300 ms: seconds begin there 700 ms after they begin here.
    const ahead = 3_600_300
    for (const at of [0, 650, 750]) {
      const there = NOON + at + ahead
      clock.heard(header(Math.floor(there / 1000) * 1000), NOON + at, NOON + at)
    }
    expect(Math.abs(clock.ahead - ahead)).toBeLessThanOrEqual(50)
  })

  it('follows when one of the clocks is set', () => {
    const clock = new ServerClock()
    clock.heard(header(NOON), NOON, NOON)
    clock.heard(header(NOON + DAY), NOON + 1000, NOON + 1000)
    expect(Math.round(clock.ahead / 1000)).toBe(DAY / 1000)
    clock.heard(header(NOON + 2000), NOON + 2000, NOON + 2000)
    expect(clock.ahead).toBe(0)
  })
})
