import { describe, expect, it } from 'vitest'
import { recordedClients } from '../replay.ts'
import { ended, openHousesOfFile, type House } from './house.ts'
import { heldClients } from './slow-clients.ts'
import { shownIn } from './texts.ts'

const opened = openHousesOfFile()
const WHO = { user: 'U_ONCALL', channel: 'C_MESH' }

/** Every message of a finished diagnosis is there, once, in one thread. */
function expectWhole({ slack }: House, channel = 'C_MESH'): void {
  const [parent, ...replies] = slack.messages(channel).filter(({ isTombstone }) => isTombstone !== true)
  expect(shownIn(parent!)).toContain('🔴 Ill')
  expect(replies.map(({ text }) => text)).toEqual(['Proof'])
  expect(replies.every(({ threadTs }) => threadTs === parent!.ts)).toBe(true)
}

describe.concurrent('Slack fails for a while', () => {
  it.each([
    ['limits posting', 'chat.postMessage', { status: 429, retryAfter: 1 }],
    ['limits updates', 'chat.update', { status: 429, retryAfter: 1 }],
    ['answers posting with 503', 'chat.postMessage', { status: 503 }],
    ['answers updates with 500', 'chat.update', { status: 500 }],
    ['loses the answer of a post that it carried out', 'chat.postMessage', { cut: 'after' }],
    ['cuts the connection before a post', 'chat.postMessage', { cut: 'before' }],
    ['has an internal error', 'chat.postMessage', { error: 'internal_error' }],
  ] as const)('%s: nothing is missing and nothing is there twice', async (_name, method, fault) => {
    const house = await opened()
    house.slack.fail.next(method, fault, 'retryAfter' in fault ? 1 : 2)
    await house.slack.type('/mesh diagnose catalog', WHO)
    expect((await ended(house)).state).toBe('done')
    expectWhole(house)
  })

  it('with posting limited as strictly as Slack does', async () => {
    const house = await opened({ slack: { postingLimit: { perSecond: 1, burst: 1 } } })
    await house.slack.type('/mesh diagnose catalog', WHO)
    expect((await ended(house)).state).toBe('done')
    expectWhole(house)
  })

  it('for the response_url: the person is told another way', async () => {
    const house = await opened()
    house.slack.fail.next('response_url', { status: 500 }, 5)
    const typed = await house.slack.type('/mesh nonsense', WHO)
    await house.slack.waitFor(() => typed.ephemerals()[0])
    expect(typed.ephemerals()[0]!.via).toBe('chat.postEphemeral')
  })

  it('for what one person is told in a thread: the person is told in the channel, by the response_url', async () => {
    const house = await opened()
    const { slack, bot } = house
    const parent = await slack.say('hm', WHO)
    const text = { type: 'plain_text', text: 'Again' } as const
    const button = { type: 'button', action_id: 'run-again', value: 'gone', text } as const
    const { ts } = await bot.app.client.chat.postMessage({
      ...{ channel: 'C_MESH', thread_ts: parent.ts, text: 'a reply' },
      blocks: [{ type: 'actions', elements: [button] }],
    })
    const press = async (): Promise<unknown> => {
      const click = await slack.click(slack.message('C_MESH', ts!)!, 'run-again', WHO)
      return slack.waitFor(() => click.ephemerals()[0])
    }
    expect(await press()).toMatchObject({ via: 'chat.postEphemeral', threadTs: parent.ts })
    slack.fail.next('chat.postEphemeral', { status: 503 })
    const told = await press()
    expect(told).toMatchObject({ via: 'response_url' })
    expect(told).not.toHaveProperty('threadTs')
  })

  it('for good: the run is tried again and ends later', async () => {
    const house = await opened({ options: { pauses: [10] } })
    house.slack.fail.next('chat.update', { status: 503 }, 2)
    await house.slack.type('/mesh diagnose catalog', WHO)
    expect((await ended(house)).state).toBe('done')
    expectWhole(house)
  })
})

describe.concurrent('the Web API does not work', () => {
  it('the person sees by the response_url that they were heard, and that Slack takes no messages', async () => {
    const house = await opened({ options: { heardWithin: 0, pauses: [10] } })
    house.slack.fail.next('chat.postMessage', { status: 503 }, 2)
    const typed = await house.slack.type('/mesh diagnose catalog', WHO)
    await house.slack.waitFor(() => typed.ephemerals()[1])
    const told = typed.ephemerals()
    expect(told.every(({ via }) => via === 'response_url')).toBe(true)
    expect(shownIn(told[0]!)).toContain('Received: /mesh diagnose catalog')
    expect(shownIn(told[1]!)).toContain('Slack does not accept messages from the bot at the moment')
    expect((await ended(house)).state).toBe('done')
    expectWhole(house)
  })

  it('an answer that comes soon is not announced', async () => {
    const house = await opened()
    const typed = await house.slack.type('/mesh diagnose catalog', WHO)
    expect((await ended(house)).state).toBe('done')
    expect(typed.ephemerals()).toEqual([])
  })

  it.each(['token_revoked', 'invalid_auth', 'account_inactive'])(
    'a token that is refused (%s) is named',
    async (error) => {
      const house = await opened()
      house.slack.fail.next('chat.postMessage', { error }, 50)
      const typed = await house.slack.type('/mesh diagnose catalog', WHO)
      await house.slack.waitFor(() => typed.ephemerals()[0])
      const [told] = typed.ephemerals()
      expect(told!.via).toBe('response_url')
      expect(shownIn(told!)).toContain(`Slack refuses the bot's token (${error})`)
      expect(shownIn(told!)).toContain('SLACK_BOT_TOKEN')
    },
  )
})

describe.concurrent('somebody deletes', () => {
  it("the run's message while it runs: a new one takes its place", async () => {
    const held = heldClients(recordedClients('chapter-10/ill'))
    const house = await opened({ clients: held.clients })
    const { slack } = house
    await slack.type('/mesh diagnose catalog', WHO)
    const parent = await slack.waitFor(() => slack.messages('C_MESH')[0])
    slack.deleteMessage(parent)
    held.release()
    const run = await ended(house)
    expect(run.thread).not.toBe(parent.ts)
    expectWhole(house)
  })

  it("the run's message between the verdict and the details: they go on under a new one", async () => {
    const house = await opened()
    const { slack } = house
    const stop = slack.on('message', ({ message }) => {
      if (message.threadTs === undefined) return
      stop()
      setImmediate(() => slack.deleteMessage(message.threadTs!))
    })
    await slack.type('/mesh diagnose catalog', WHO)
    expect((await ended(house)).state).toBe('done')
    const alive = slack.messages('C_MESH').filter(({ isTombstone }) => isTombstone !== true)
    expect(alive.filter(({ text }) => text === 'Proof')).toHaveLength(1)
  })

  it('the new message too: the run ends all the same', async () => {
    const held = heldClients(recordedClients('chapter-10/ill'))
    const house = await opened({ clients: held.clients })
    const { slack } = house
    slack.on('message', ({ message }) => {
      if (message.threadTs === undefined) setImmediate(() => slack.deleteMessage(message))
    })
    await slack.type('/mesh diagnose catalog', WHO)
    await slack.waitFor(() => held.asked() > 0)
    held.release()
    expect(await ended(house)).toMatchObject({ state: 'done', outcome: { verdict: 'ill' } })
    expect(slack.messages('C_MESH')).toEqual([])
  })
})

describe.concurrent('the channel closes while a run is under way', () => {
  it('tells who asked, directly', async () => {
    const held = heldClients(recordedClients('chapter-10/ill'))
    const house = await opened({ clients: held.clients })
    const { slack } = house
    await slack.type('/mesh diagnose catalog', WHO)
    await slack.waitFor(() => held.asked() > 0)
    slack.fail.next('chat.update', { error: 'is_archived' }, 50)
    held.release()
    expect(await ended(house)).toMatchObject({ state: 'done', outcome: { verdict: 'ill' } })
    const direct = slack.messages().filter(({ channel }) => channel !== 'C_MESH')
    expect(direct).toHaveLength(1)
    expect(shownIn(direct[0]!)).toContain('The channel is archived')
    expect(shownIn(direct[0]!)).toContain('🔴 Ill')
    expect(shownIn(direct[0]!)).not.toContain('[Run again]')
  })
})
