import { afterEach, expect, it } from 'vitest'
import { openHouse, type House } from './house.ts'

let house: House
afterEach(() => house.close())

const WHO = { user: 'U_ONCALL', channel: 'C_MESH' }

const openings = (): number => house.slack.calls.filter(({ method }) => method === 'apps.connections.open').length

/** Types a command and says how its delivery ended. */
async function typed(): Promise<string> {
  const { outcome } = await house.slack.type('/mesh help', WHO)
  return outcome
}

it('opens the next connection before the old one is closed: no command falls into a gap', async () => {
  house = await openHouse()
  const { slack } = house
  for (let round = 0; round < 5; round += 1) {
    const opened = openings()
    slack.disconnect('ask')
    const outcomes = await Promise.all(Array.from({ length: 5 }, typed))
    await slack.waitFor(() => slack.connections() === 1)
    expect(openings()).toBe(opened + 1)
    outcomes.push(...(await Promise.all(Array.from({ length: 5 }, typed))))
    expect(outcomes, `round ${round}`).toEqual(Array.from({ length: 10 }, () => 'acknowledged'))
  }
  expect(slack.deliveries.filter(({ attempts }) => attempts.length !== 1 || !attempts[0]!.ok)).toEqual([])
})

it('connects again when its connection is cut', async () => {
  house = await openHouse()
  const { slack } = house
  const opened = openings()
  slack.disconnect('cut')
  await slack.waitFor(() => openings() > opened && slack.connections() > 0)
  expect(await typed()).toBe('acknowledged')
})

it('keeps its old connection while Slack opens no new one', async () => {
  house = await openHouse()
  const { slack } = house
  const opened = openings()
  slack.fail.next('apps.connections.open', { status: 503 }, 2)
  slack.disconnect('ask')
  expect(await typed()).toBe('acknowledged')
  await slack.waitFor(() => slack.connections() === 1)
  expect(openings()).toBe(opened + 3)
  expect(await typed()).toBe('acknowledged')
})
