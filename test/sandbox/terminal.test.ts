import { expect, it } from 'vitest'

import { showThreads } from '../../src/sandbox/slack/terminal.ts'
import { clientOf, closeAfterEach, openSlack } from './bolt-app.ts'

closeAfterEach()

const steps = (...lines: readonly string[]) => [
  { type: 'header' as const, text: { type: 'plain_text' as const, text: 'catalog' } },
  { type: 'section' as const, text: { type: 'mrkdwn' as const, text: lines.join('\n') } },
]

it('shows messages, only what an update changed, replies and ephemerals', async () => {
  const slack = await openSlack()
  const client = clientOf(slack)
  let written = ''
  const stop = showThreads(slack, (text) => {
    written += text
  })
  const { ts } = await client.chat.postMessage({
    channel: 'C_MESH',
    text: 'x',
    blocks: steps(':hourglass: one', 'two'),
  })
  await client.chat.update({ channel: 'C_MESH', ts: ts!, text: 'x', blocks: steps(':white_check_mark: one', 'two') })
  await client.chat.update({ channel: 'C_MESH', ts: ts!, text: 'x', blocks: steps(':white_check_mark: one', 'two') })
  await client.chat.postMessage({
    channel: 'C_MESH',
    text: 'x',
    thread_ts: ts!,
    blocks: [
      {
        type: 'section',
        text: {
          type: 'mrkdwn',
          text: '*No endpoints* for <https://example.com|the host>, says `istioctl` &lt;ok&gt; <@U_ONCALL>',
        },
        accessory: { type: 'button', text: { type: 'plain_text', text: 'Why' } },
      },
      {
        type: 'context',
        elements: [
          { type: 'mrkdwn', text: '_live_' },
          { type: 'mrkdwn', text: 'a_b_c' },
        ],
      },
      {
        type: 'actions',
        elements: [
          { type: 'button', text: { type: 'plain_text', text: 'Approve' } },
          {
            type: 'static_select',
            placeholder: { type: 'plain_text', text: 'Minutes' },
            options: [{ text: { type: 'plain_text', text: '5' }, value: '5' }],
          },
        ],
      },
      {
        type: 'rich_text',
        elements: [{ type: 'rich_text_preformatted', elements: [{ type: 'text', text: 'istioctl analyze\n-n shop' }] }],
      },
      {
        type: 'table',
        rows: [
          [
            { type: 'raw_text', text: 'host' },
            { type: 'raw_text', text: 'flag' },
          ],
          [
            { type: 'raw_text', text: 'catalog' },
            { type: 'raw_text', text: 'UH' },
          ],
        ],
      },
    ],
  })
  await client.chat.postEphemeral({ channel: 'C_MESH', user: 'U_SECOND', text: 'not yours to approve' })
  await client.filesUploadV2({ channel_id: 'C_MESH', thread_ts: ts!, filename: 'report.json', content: '{}' })
  stop()
  await client.chat.postMessage({ channel: 'C_MESH', text: 'unseen' })
  expect(written).toBe(`#mesh (1) mesh-medic:
  # catalog
  ⌛ one
  two
#mesh (1) changed:
  ~ ✅ one
    #mesh (1) mesh-medic:
      No endpoints for the host (https://example.com), says \`istioctl\` <ok> @oncall  [Why]
      live · a_b_c
      [Approve] [Minutes ▾]
          istioctl analyze
          -n shop
      host     flag
      catalog  UH
#mesh only for second:
  not yours to approve
    #mesh (1) mesh-medic:
      [file report.json, 2 bytes]
`)
})
