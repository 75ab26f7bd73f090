import { request } from 'node:http'

import { describe, expect, it } from 'vitest'

import { clientOf, closeAfterEach, openSlack, openSocketApp } from './bolt-app.ts'
import type { SlackStandIn } from '../../src/sandbox/slack/stand-in.ts'

closeAfterEach()

const shown = async (slack: SlackStandIn, user = 'U_ONCALL'): Promise<string> =>
  (await fetch(`${slack.pageUrl}page/shown?user=${user}`)).text()

/** Posts as a page of that origin would. */
const post = async (
  slack: SlackStandIn,
  what: string,
  body: unknown,
  origin: string | undefined = slack.pageUrl.slice(0, -1),
): Promise<readonly [number, string]> => {
  const answer = await fetch(`${slack.pageUrl}page/${what}`, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: origin === '' ? {} : { origin },
  })
  return [answer.status, await answer.text()]
}

/** The status for a request that names another host, as after DNS rebinding. */
const statusForHost = (slack: SlackStandIn, host: string): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    request(slack.pageUrl, { headers: { host } }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
      .on('error', reject)
      .end()
  })

const offer = [
  {
    type: 'actions' as const,
    elements: [{ type: 'button' as const, action_id: 'go', text: { type: 'plain_text' as const, text: 'Go' } }],
  },
]

describe('the page', () => {
  it('shows threads, what only this person sees, and escapes everything', async () => {
    const slack = await openSlack()
    const client = clientOf(slack)
    const { ts } = await client.chat.postMessage({
      channel: 'C_MESH',
      text: '*bold* <script>alert(1)</script> <javascript:alert(1)|x> &lt;b&gt;',
      blocks: [],
    })
    await client.chat.postMessage({
      channel: 'C_MESH',
      text: 'x',
      thread_ts: ts!,
      blocks: [{ type: 'header', text: { type: 'plain_text', text: '<img onerror=1>' } }, ...offer],
    })
    await client.chat.postEphemeral({ channel: 'C_MESH', user: 'U_SECOND', text: 'for second' })
    const html = await shown(slack)
    expect(html).toContain('<b>bold</b>')
    expect(html).toContain('&lt;b&gt;')
    expect(html).toContain('&lt;img onerror=1&gt;')
    expect(html).toContain('data-action="go"')
    expect(html).not.toMatch(/<script|javascript:alert\(1\)"|<img/)
    expect(html).not.toContain('for second')
    expect(await shown(slack, 'U_SECOND')).toContain('for second')
  })

  it('carries a policy that runs its own script alone', async () => {
    const slack = await openSlack()
    const answer = await fetch(slack.pageUrl)
    const html = await answer.text()
    expect(answer.headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; style-src (\S+)page\/page\.css; script-src \1page\/page\.js; img-src 'self' data:; connect-src 'self';/,
    )
    expect(html).toContain('<option value="U_ONCALL">oncall</option>')
    expect(html).not.toMatch(/<style|<script(?![^>]* src="\/page\/page\.js"><\/script>)| on\w+=| style=/)
    for (const [file, type] of [
      ['page.css', 'text/css'],
      ['page.js', 'text/javascript'],
    ] as const)
      expect((await fetch(`${slack.pageUrl}page/${file}`)).headers.get('content-type'), file).toContain(type)
  })

  it('types commands, presses buttons and fills modals in', async () => {
    const slack = await openSlack()
    const seen: unknown[] = []
    const { client } = await openSocketApp(slack, (bolt) => {
      bolt.command('/mesh', async ({ ack, command }) => {
        await ack()
        seen.push(command.text)
      })
      bolt.action('go', async ({ ack, body }) => {
        await ack()
        const label = { type: 'plain_text' as const, text: 'Why' }
        const view = {
          type: 'modal' as const,
          callback_id: 'why',
          title: label,
          submit: label,
          blocks: [
            { type: 'input' as const, label, element: { type: 'plain_text_input' as const, action_id: 'reason' } },
          ],
        }
        await client.views.open({ trigger_id: 'trigger_id' in body ? body.trigger_id : '', view })
      })
      bolt.view('why', async ({ ack, view }) => {
        await ack()
        seen.push(Object.values(view.state.values)[0]?.reason?.value)
      })
    })
    expect((await post(slack, 'type', { user: 'U_SECOND', line: '/mesh diagnose catalog' }))[0]).toBe(200)
    const { ts } = await client.chat.postMessage({ channel: 'C_MESH', text: 'x', blocks: offer })
    await post(slack, 'click', { user: 'U_SECOND', place: ts, action: 'go' })
    const view = await slack.waitFor(() => slack.views('U_SECOND')[0])
    expect(await shown(slack, 'U_SECOND')).toContain('<dialog')
    await post(slack, 'submit', { user: 'U_SECOND', place: view.id, values: { reason: 'because' } })
    expect(seen).toEqual(['diagnose catalog', 'because'])
    expect(await post(slack, 'click', { user: 'U_SECOND', place: ts, action: 'undo' })).toMatchObject([
      400,
      expect.stringContaining('There is nothing "undo" here'),
    ])
  })

  it('refuses posts from elsewhere, and other host names', async () => {
    const slack = await openSlack()
    for (const origin of ['https://example.com', 'null', ''])
      expect((await post(slack, 'type', { line: '/mesh' }, origin))[0], origin).toBe(403)
    expect(await statusForHost(slack, 'rebound.example.com')).toBe(403)
    expect(slack.deliveries).toEqual([])
  })

  it('tells the browser when something happened', async () => {
    const slack = await openSlack()
    const answer = await fetch(`${slack.pageUrl}page/events`)
    const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader()
    expect((await reader.read()).value).toContain('hello')
    await slack.say('news')
    expect((await reader.read()).value).toContain('changed')
    await reader.cancel()
  })
})
