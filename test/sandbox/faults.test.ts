import { WebClientEvent } from '@slack/web-api'
import { expect, it } from 'vitest'

import { clientOf, closeAfterEach, openSlack, openSocketApp, refusalOf } from './bolt-app.ts'

closeAfterEach()

it('the client waits for Retry-After on 429, and the call log shows both', async () => {
  const slack = await openSlack()
  slack.fail.next('chat.postMessage', { status: 429, retryAfter: 1 })
  const client = clientOf(slack, 3)
  const waits: unknown[] = []
  client.on(WebClientEvent.RATE_LIMITED, (seconds) => waits.push(seconds))
  await client.chat.postMessage({ channel: 'C_MESH', text: 'patience' })
  expect(waits).toEqual([1])
  expect(slack.calls.map(({ method, status, ok }) => [method, status, ok])).toEqual([
    ['chat.postMessage', 429, false],
    ['chat.postMessage', 200, true],
  ])
  expect(slack.messages()).toHaveLength(1)
})

it.each([
  ['a server error', { status: 503 }],
  ['an error of Slack', { error: 'internal_error' }],
  ['a connection cut before anything was done', { cut: 'before' }],
] as const)('%s leaves nothing posted', async (_name, fault) => {
  const slack = await openSlack()
  slack.fail.next('chat.postMessage', fault)
  expect(await refusalOf(clientOf(slack).chat.postMessage({ channel: 'C_MESH', text: 'lost' }))).toBeDefined()
  expect(slack.messages()).toEqual([])
  expect(slack.calls).toMatchObject([{ method: 'chat.postMessage', ok: false }])
})

it('an answer that is lost leaves the message posted, so that a client which retries posts twice', async () => {
  const slack = await openSlack()
  slack.fail.next('chat.postMessage', { cut: 'after' })
  await clientOf(slack, 2).chat.postMessage({ channel: 'C_MESH', text: 'twice' })
  expect(slack.messages().map((message) => message.text)).toEqual(['twice', 'twice'])
})

it('a fault of a response_url reaches respond()', async () => {
  const slack = await openSlack()
  const thrown: unknown[] = []
  await openSocketApp(slack, (bolt) => {
    bolt.command('/mesh', async ({ ack, respond }) => {
      await ack()
      await respond('hello').catch((error: unknown) => thrown.push(error))
      await respond('hello again')
    })
  })
  slack.fail.next('response_url', { status: 500 })
  const invocation = await slack.type('/mesh')
  await slack.waitFor(() => invocation.ephemerals()[0])
  expect(thrown).toHaveLength(1)
  expect(invocation.ephemerals()).toMatchObject([{ text: 'hello again' }])
})

it('posting faster than one a second in a channel is limited when asked for', async () => {
  const slack = await openSlack({
    postingLimit: { perSecond: 1, burst: 2 },
    channels: [
      { id: 'C_MESH', name: 'mesh' },
      { id: 'C_OTHER', name: 'other' },
    ],
  })
  const post = async (channel: string) => {
    const answer = await fetch(`${slack.url}chat.postMessage`, {
      method: 'POST',
      headers: { authorization: `Bearer ${slack.botToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ channel, text: 'x' }),
    })
    return [answer.status, answer.headers.get('retry-after')]
  }
  expect([await post('C_MESH'), await post('C_MESH'), await post('C_MESH'), await post('C_OTHER')]).toEqual([
    [200, null],
    [200, null],
    [429, '1'],
    [200, null],
  ])
})
