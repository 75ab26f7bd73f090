import { expect, it } from 'vitest'

import { closeAfterEach, openSlack, openSocketApp } from './bolt-app.ts'
import type { SlackStandIn, SlackStandInOptions } from '../../src/sandbox/slack/stand-in.ts'

closeAfterEach()

const post = async (url: string, body: unknown): Promise<readonly [number, string]> => {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return [answer.status, await answer.text()]
}

const commandUrl = async (
  options: SlackStandInOptions = {},
): Promise<{ readonly slack: SlackStandIn; readonly url: string }> => {
  const slack = await openSlack(options)
  await openSocketApp(slack, (bolt) => {
    bolt.command('/mesh', ({ ack }) => ack())
  })
  return { slack, url: (await slack.type('/mesh')).responseUrl! }
}

it('works five times', async () => {
  const { slack, url } = await commandUrl()
  const statuses: number[] = []
  for (let use = 1; use <= 6; use += 1) statuses.push((await post(url, { text: `use ${use}` }))[0])
  expect(statuses).toEqual([200, 200, 200, 200, 200, 404])
  expect(slack.ephemerals('U_ONCALL')).toHaveLength(5)
})

it('expires', async () => {
  const { url } = await commandUrl({ times: { responseUrl: 20 } })
  await new Promise((resolve) => setTimeout(resolve, 40))
  expect(await post(url, { text: 'late' })).toEqual([404, '{"ok":false,"error":"expired_url"}'])
})

it('posts for all with in_channel, and refuses what breaks the rules', async () => {
  const { slack, url } = await commandUrl()
  expect((await post(url, { response_type: 'in_channel', text: 'for all' }))[0]).toBe(200)
  expect(slack.messages()).toMatchObject([{ text: 'for all' }])
  expect(await post(url, { text: '' })).toEqual([400, '{"ok":false,"error":"no_text"}'])
})

it.each([
  ['what Slack does not document', { text: 'x', channel: 'C_MESH' }],
  ['another type', { text: 'x', replace_original: 'perhaps' }],
  ['another kind of response', { text: 'x', response_type: 'everybody' }],
  ['a thread for what one person sees', { text: 'x', response_type: 'ephemeral', thread_ts: '1.2' }],
  ['a thread where nothing says who sees it', { text: 'x', thread_ts: '1.2' }],
])('refuses %s', async (_what, body) => {
  const { slack, url } = await commandUrl()
  const [status, says] = await post(url, body)
  expect([status, says]).toEqual([400, expect.stringContaining('invalid_arguments')])
  expect(slack.ephemerals('U_ONCALL')).toEqual([])
})

it('replaces and deletes the message of the button', async () => {
  const slack = await openSlack()
  const { client } = await openSocketApp(slack, (bolt) => {
    bolt.action('go', ({ ack }) => ack())
  })
  const blocks = [
    {
      type: 'actions' as const,
      elements: [{ type: 'button' as const, action_id: 'go', text: { type: 'plain_text' as const, text: 'Go' } }],
    },
  ]
  await client.chat.postEphemeral({ channel: 'C_MESH', user: 'U_ONCALL', text: 'yours', blocks })
  const { responseUrl } = await slack.click(slack.ephemerals('U_ONCALL')[0]!, 'go')
  await post(responseUrl!, { replace_original: true, text: 'changed' })
  expect(slack.ephemerals('U_ONCALL')).toMatchObject([{ text: 'changed', blocks: [] }])
  await post(responseUrl!, { delete_original: true })
  expect(slack.ephemerals('U_ONCALL')).toEqual([])
})
