import { afterEach, expect, it } from 'vitest'
import { isFinished, listRuns } from '../../src/store/runs.ts'
import { ended, openHouse, type House } from './house.ts'
import { shownIn } from './texts.ts'

let house: House
afterEach(() => house.close())

const WHO = { user: 'U_ONCALL', channel: 'C_MESH' }
const runs = async (): Promise<number> =>
  (await listRuns(house.backend.records)).filter(({ createdAt }) => createdAt >= house.openedAt).length

it.each([
  'diagnose catalog',
  'status',
  'doctor',
  'follow catalog.istioinaction.io/items --from ingress',
  'telemetry catalog',
  'flags UT --target catalog',
])('/mesh %s runs once, however often the same request comes', async (line) => {
  house = await openHouse()
  const { slack, bot } = house
  await slack.type(`/mesh ${line}`, WHO)
  const { payload } = slack.deliveries.find(({ payload: { kind } }) => kind === 'slash_commands')!
  let acknowledged = 0
  const again = (): Promise<void> =>
    bot.app.processEvent({
      body: { ...payload.body },
      ack: () => {
        acknowledged += 1
        return Promise.resolve()
      },
      retryNum: 1,
      retryReason: 'timeout',
    })
  // While it runs, and after it has ended.
  await again()
  await ended(house)
  await again()
  expect(acknowledged).toBe(2)
  expect(await runs()).toBe(1)
  expect(
    (await listRuns(house.backend.records)).filter(({ createdAt }) => createdAt >= house.openedAt).every(isFinished),
  ).toBe(true)
  const roots = slack.messages('C_MESH').filter(({ threadTs }) => threadTs === undefined)
  expect(roots).toHaveLength(1)
})

it('the same line typed again is another request', async () => {
  house = await openHouse()
  await house.slack.type('/mesh status', WHO)
  await ended(house)
  await house.slack.type('/mesh status', WHO)
  await ended(house, 2)
  expect(await runs()).toBe(2)
})

it('a request that comes again does not count for the limit of commands; what is too many is said', async () => {
  house = await openHouse({ options: { commandLimits: { user: 2 } } })
  const { slack, bot } = house
  await slack.type('/mesh help', WHO)
  const { payload } = slack.deliveries.find(({ payload: { kind } }) => kind === 'slash_commands')!
  for (let time = 0; time < 3; time += 1)
    await bot.app.processEvent({ body: { ...payload.body }, ack: () => Promise.resolve() })
  const told = (typed: { ephemerals(): Parameters<typeof shownIn>[0][] }): string =>
    typed.ephemerals().map(shownIn).join('\n')
  const second = await slack.type('/mesh help', WHO)
  await slack.waitFor(() => told(second) !== '')
  expect(told(second)).not.toContain('within a minute')
  const third = await slack.type('/mesh status', WHO)
  await slack.waitFor(() => told(third).includes('within a minute'))
  expect(told(third)).toMatch(
    /You sent 2 commands within a minute, which is the limit\.[^]*Nothing was done for this one\. Send it again in \d+ s\./,
  )
  expect(await runs()).toBe(0)
})
