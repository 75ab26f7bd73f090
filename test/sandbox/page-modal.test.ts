import { expect, it } from 'vitest'

import { raiseLogLevelView } from '../../src/slack/modals/raise-log-level.ts'
import { closeAfterEach, openSlack, openSocketApp } from './bolt-app.ts'

closeAfterEach()

// Fields of several blocks may share an action_id: Slack tells them by their blocks.
it('keeps the fields of a window apart, shows what is chosen already, and sends it', async () => {
  const slack = await openSlack()
  let sent: unknown
  const view = raiseLogLevelView('abcdefghijkmnpqrstuv', {
    target: 'catalog',
    loggers: ['http', 'pool', 'router'],
    fitting: ['http', 'router'],
    proxies: ['shop/catalog-1', 'shop/catalog-2', 'shop/catalog-3'],
    most: { proxies: 2, minutes: 15 },
  })
  const { client } = await openSocketApp(slack, (bolt) => {
    bolt.action('go', async ({ ack, body }) => {
      await ack()
      await client.views.open({ trigger_id: 'trigger_id' in body ? body.trigger_id : '', view })
    })
    bolt.view('raise_log_level', async ({ ack, view: { state } }) => {
      await ack()
      sent = Object.fromEntries(
        Object.entries(state.values).map(([block, { chosen }]) => [
          block,
          chosen?.selected_options?.map(({ value }) => value) ?? chosen?.selected_option?.value,
        ]),
      )
    })
  })
  const { ts } = await client.chat.postMessage({
    channel: 'C_MESH',
    text: 'x',
    blocks: [
      { type: 'actions', elements: [{ type: 'button', action_id: 'go', text: { type: 'plain_text', text: 'Go' } }] },
    ],
  })
  await slack.click(ts!, 'go')
  const shown = await slack.waitFor(() => slack.views('U_ONCALL')[0])
  const html = await (await fetch(`${slack.pageUrl}page/shown?user=U_ONCALL`)).text()
  const all = (pattern: RegExp): string[] => [...html.matchAll(pattern)].map(([, found = '']) => found)
  // Many of a list are ticked, one of a list is chosen from a menu.
  expect(all(/<(?:select|div class="boxes")[^>]* (?:data-)?name="([^"]*)"/g)).toEqual([
    'loggers',
    'level',
    'proxies',
    'minutes',
  ])
  expect(all(/<(?:option|input [^>]*) ?value="([^"]*)" (?:selected|checked)/g)).toEqual([
    'http',
    'router',
    'debug',
    'shop/catalog-1',
    'shop/catalog-2',
    '5',
  ])
  const values = { loggers: ['pool'], level: 'trace', proxies: ['shop/catalog-3'], minutes: '1' }
  const answer = await fetch(`${slack.pageUrl}page/submit`, {
    method: 'POST',
    body: JSON.stringify({ user: 'U_ONCALL', place: shown.id, values }),
    headers: { origin: slack.pageUrl.slice(0, -1) },
  })
  expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining('"responseAction":"close"')])
  expect(sent).toEqual(values)
})
