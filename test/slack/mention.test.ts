import { afterEach, expect, it } from 'vitest'
import { ended, openHouse, type House } from './house.ts'
import { shownIn } from './texts.ts'

let house: House
afterEach(() => house.close())

const WHO = { user: 'U_ONCALL', channel: 'C_MESH' }

it('does what a mention says, in the channel', async () => {
  house = await openHouse()
  await house.slack.mention('@mesh-medic diagnose catalog', WHO)
  const run = await ended(house)
  expect(run.outcome?.verdict).toBe('ill')
  expect(shownIn(house.slack.message('C_MESH', run.thread!)!)).toContain('🔴 Ill')
})

it('answers in the thread it was mentioned in', async () => {
  house = await openHouse()
  const { slack } = house
  const alarm = await slack.say('catalog answers 503!', WHO)
  await slack.mention('@mesh-medic diagnose catalog -n istioinaction', { ...WHO, thread: alarm.ts })
  const run = await ended(house)
  expect(run.thread).toBe(alarm.ts)
  const ours = slack.messages('C_MESH').filter(({ botId }) => botId !== undefined)
  expect(ours.every(({ threadTs }) => threadTs === alarm.ts)).toBe(true)
  expect(shownIn(ours[0]!)).toContain('🔴 Ill')
  expect(ours.slice(1).map(({ text }) => text)).toEqual(['Proof'])
})

it('answers direct messages, and leaves alone what others say there', async () => {
  house = await openHouse({
    slack: { channels: [{ id: 'D_ONCALL', name: '', kind: 'im', members: ['U_ONCALL', 'U_MEDIC'] }] },
  })
  const { slack } = house
  const direct = { user: 'U_ONCALL', channel: 'D_ONCALL' }
  await slack.say('diagnose catalog', direct)
  const run = await ended(house)
  expect(shownIn(slack.message('D_ONCALL', run.thread!)!)).toContain('🔴 Ill')
  await slack.say('hello', direct)
  await slack.waitFor(() => slack.ephemerals('U_ONCALL')[0])
  expect(shownIn(slack.ephemerals('U_ONCALL')[0]!)).toContain('Unknown command "hello"')
  // What the bot says in reply is not heard as a request.
  const asked = slack.messages('D_ONCALL').filter(({ botId }) => botId === undefined)
  expect(asked.map(({ text }) => text)).toEqual(['diagnose catalog', 'hello'])
})

it('refuses only to the person, in the thread', async () => {
  house = await openHouse()
  const { slack } = house
  const alarm = await slack.say('hm', WHO)
  const mention = await slack.mention('@mesh-medic diagnose catlog', { ...WHO, thread: alarm.ts })
  await slack.waitFor(() => mention.ephemerals()[0])
  expect(shownIn(mention.ephemerals()[0]!)).toContain('There is no service catlog')
  expect(mention.ephemerals()[0]!.threadTs).toBe(alarm.ts)
})

it('shows the help to whoever only says the name', async () => {
  house = await openHouse()
  const mention = await house.slack.mention('@mesh-medic', WHO)
  await house.slack.waitFor(() => mention.ephemerals()[0])
  expect(shownIn(mention.ephemerals()[0]!)).toContain('/mesh diagnose TARGET')
})

it('reads links as what was typed', async () => {
  house = await openHouse()
  const mention = await house.slack.mention(
    '@mesh-medic diagnose <http://shop.example.com/items|shop.example.com/items>',
    WHO,
  )
  await house.slack.waitFor(() => mention.ephemerals()[0])
  expect(shownIn(mention.ephemerals()[0]!)).toContain('There is no host shop.example.com in any VirtualService')
})

it('hears an event once, however often Slack repeats it', async () => {
  house = await openHouse()
  const { slack, bot } = house
  await slack.mention('@mesh-medic diagnose catalog', WHO)
  await ended(house)
  const before = slack.messages('C_MESH').length
  const { payload } = slack.deliveries.find(({ payload: { kind } }) => kind === 'events_api')!
  await bot.app.processEvent({
    body: { ...payload.body },
    ack: () => Promise.resolve(),
    retryNum: 1,
    retryReason: 'timeout',
  })
  await new Promise((resolve) => setTimeout(resolve, 200))
  expect(slack.messages('C_MESH')).toHaveLength(before)
})
