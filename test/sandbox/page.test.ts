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

  it('leads from the address of a message to it', async () => {
    const slack = await openSlack()
    const client = clientOf(slack)
    const { ts } = await client.chat.postMessage({ channel: 'C_MESH', text: 'x' })
    const { permalink } = await client.chat.getPermalink({ channel: 'C_MESH', message_ts: ts! })
    const answer = await fetch(permalink!, { redirect: 'manual' })
    expect([answer.status, answer.headers.get('location')]).toEqual([302, `/#message-${ts!}`])
    expect(await shown(slack)).toContain(`id="message-${ts!}"`)
  })

  it('has files: pictures to be shown, others to be kept and their text to be read, none of which runs anything', async () => {
    const slack = await openSlack()
    const client = clientOf(slack)
    for (const [filename, file] of [
      ['way.png', 'not really'],
      ['page.html', '<script>1</script>'],
    ] as const)
      await client.filesUploadV2({ channel_id: 'C_MESH', filename, file: Buffer.from(file), title: filename })
    const [, picture] = /<img src="([^"]*way\.png)" alt="way\.png">/.exec(await shown(slack))!
    const [, text] = /data-file="([^"]*page\.html)"/.exec(await shown(slack))!
    const get = async (path: string) => {
      const { headers, ...answer } = await fetch(slack.pageUrl.slice(0, -1) + path).then(async (found) => ({
        headers: found.headers,
        body: await found.text(),
      }))
      return [
        headers.get('content-type'),
        headers.get('content-disposition')?.split(';')[0],
        answer.body,
        headers.get('content-security-policy'),
      ]
    }
    expect(await get(picture!)).toEqual(['image/png', 'inline', 'not really', "default-src 'none'; sandbox"])
    expect(await get(text!)).toEqual([
      'application/octet-stream',
      'attachment',
      '<script>1</script>',
      "default-src 'none'; sandbox",
    ])
    expect((await get(`${text!}?view`))[2]).toBe('<pre tabindex="0">&lt;script&gt;1&lt;/script&gt;</pre>')
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
