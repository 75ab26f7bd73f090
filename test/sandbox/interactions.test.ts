import type { ModalView } from '@slack/web-api'
import { describe, expect, it, onTestFinished, vi } from 'vitest'

import { closeAfterEach, openHttpApp, openSlack, openSocketApp, refusalOf } from './bolt-app.ts'

closeAfterEach()

const plain = (text: string) => ({ type: 'plain_text' as const, text })

const modal: ModalView = {
  type: 'modal',
  callback_id: 'refuse',
  title: plain('Why not?'),
  submit: plain('Send'),
  private_metadata: 'change-1',
  blocks: [
    {
      type: 'input',
      block_id: 'why',
      label: plain('Reason'),
      element: { type: 'plain_text_input', action_id: 'reason', max_length: 20 },
    },
    {
      type: 'input',
      block_id: 'when',
      optional: true,
      label: plain('Again when'),
      element: {
        type: 'static_select',
        action_id: 'again',
        options: [
          { text: plain('Never'), value: 'never' },
          { text: plain('Later'), value: 'later' },
        ],
      },
    },
  ],
}

const offer = [
  {
    type: 'actions' as const,
    block_id: 'offer',
    elements: [
      {
        type: 'button' as const,
        action_id: 'approve',
        text: plain('Approve'),
        value: 'change-1',
        confirm: { title: plain('Sure?'), text: plain('It writes.'), confirm: plain('Yes'), deny: plain('No') },
      },
      { type: 'button' as const, action_id: 'refuse', text: plain('Refuse') },
      {
        type: 'static_select' as const,
        action_id: 'minutes',
        placeholder: plain('Minutes'),
        options: [{ text: plain('5 minutes'), value: '5' }],
      },
    ],
  },
]

describe.each([
  ['Socket Mode', openSocketApp],
  ['signed HTTP', openHttpApp],
])('over %s', (_name, openApp) => {
  it('a button opens a modal whose submission reaches the app', async () => {
    const slack = await openSlack()
    const seen: unknown[] = []
    const app = await openApp(slack, (bolt) => {
      bolt.action('refuse', async ({ ack, body, client }) => {
        await ack()
        await client.views.open({ trigger_id: 'trigger_id' in body ? body.trigger_id : '', view: modal })
      })
      bolt.view('refuse', async ({ ack, view, body }) => {
        const { reason } = view.state.values.why!
        if (reason!.value === 'no') return ack({ response_action: 'errors', errors: { why: 'Say more.' } })
        seen.push({
          who: body.user.id,
          about: view.private_metadata,
          reason: reason!.value,
          again: view.state.values.when!.again!.selected_option?.value,
        })
        return ack()
      })
    })
    const { ts } = await app.client.chat.postMessage({ channel: 'C_MESH', text: 'a fix', blocks: offer })
    expect((await slack.click(ts!, 'Refuse', { user: 'U_SECOND' })).outcome).toBe('acknowledged')
    const view = await slack.waitFor(() => slack.views('U_SECOND')[0])
    expect(await slack.submitView(view, {})).toMatchObject({
      outcome: 'refused',
      errors: { why: 'Please complete this required field.' },
    })
    expect(await slack.submitView(view, { reason: 'no' })).toMatchObject({
      responseAction: 'errors',
      errors: { why: 'Say more.' },
    })
    expect(slack.views('U_SECOND')).toHaveLength(1)
    expect(await slack.submitView(view, { reason: 'too risky', when: 'Later' })).toMatchObject({
      outcome: 'acknowledged',
      responseAction: 'close',
    })
    expect(slack.views()).toEqual([])
    expect(seen).toEqual([{ who: 'U_SECOND', about: 'change-1', reason: 'too risky', again: 'later' }])
  })

  it('a button carries its value, its message and a response_url that replaces the message', async () => {
    const slack = await openSlack()
    const app = await openApp(slack, (bolt) => {
      bolt.action('approve', async ({ ack, respond, action }) => {
        await ack()
        await respond({ replace_original: true, text: `applied ${'value' in action ? action.value : ''}` })
      })
    })
    const { ts } = await app.client.chat.postMessage({ channel: 'C_MESH', text: 'a fix', blocks: offer })
    expect((await slack.click(ts!, 'approve', { confirm: false })).outcome).toBe('refused')
    await slack.click(ts!, 'approve')
    await slack.waitFor(() => slack.message('C_MESH', ts!)?.text === 'applied change-1')
    expect(slack.messages()).toHaveLength(1)
  })
})

describe('people', () => {
  it('cannot press what is not there, or what only another person sees', async () => {
    const slack = await openSlack()
    const { client } = await openSocketApp(slack)
    await client.chat.postEphemeral({ channel: 'C_MESH', user: 'U_ONCALL', text: 'yours', blocks: offer })
    const [ephemeral] = slack.ephemerals('U_ONCALL')
    await expect(slack.click(ephemeral!, 'approve', { user: 'U_SECOND' })).rejects.toThrow('second does not see that')
    await expect(slack.click(ephemeral!, 'undo')).rejects.toThrow('There is nothing "undo" here')
  })

  it('pick options, use shortcuts and mention the app', async () => {
    const slack = await openSlack()
    const seen: string[] = []
    const { client } = await openSocketApp(slack, (bolt) => {
      bolt.action({ type: 'block_actions', action_id: 'minutes' }, async ({ ack, action }) => {
        await ack()
        seen.push(`minutes ${action.type === 'static_select' ? action.selected_option.value : ''}`)
      })
      bolt.shortcut({ type: 'message_action', callback_id: 'diagnose_this' }, async ({ ack, shortcut }) => {
        await ack()
        seen.push(`shortcut ${shortcut.message.text}`)
      })
      bolt.shortcut({ type: 'shortcut', callback_id: 'diagnose' }, async ({ ack }) => {
        await ack()
        seen.push('global')
      })
      bolt.event('app_mention', ({ event, say }) => {
        seen.push(event.text)
        return say({ text: 'yes?', thread_ts: event.ts }) as Promise<never>
      })
    })
    const { ts } = await client.chat.postMessage({ channel: 'C_MESH', text: 'a fix', blocks: offer })
    await slack.choose(ts!, 'minutes', '5 minutes')
    await slack.messageShortcut('diagnose_this', ts!)
    await slack.globalShortcut('diagnose')
    const { outcome, message } = await slack.mention('@mesh-medic diagnose catalog')
    expect(outcome).toBe('acknowledged')
    await slack.waitFor(() => slack.thread('C_MESH', message.ts).length === 2)
    expect(seen).toEqual(['minutes 5', 'shortcut a fix', 'global', '<@U_MEDIC> diagnose catalog'])
  })
})

describe('a trigger_id', () => {
  it('opens one view, soon', async () => {
    const slack = await openSlack({ times: { trigger: 3000 } })
    vi.useFakeTimers({ toFake: ['Date'] })
    onTestFinished(() => void vi.useRealTimers())
    const { client } = await openSocketApp(slack, (bolt) => {
      bolt.command('/mesh', ({ ack }) => ack())
    })
    const { triggerId } = await slack.type('/mesh')
    expect(await refusalOf(client.views.open({ trigger_id: triggerId!, view: modal }))).toBeUndefined()
    expect(await refusalOf(client.views.open({ trigger_id: triggerId!, view: modal }))).toBe('exchanged_trigger_id')
    expect(await refusalOf(client.views.open({ trigger_id: '1.2.three', view: modal }))).toBe('invalid_trigger_id')
    const { triggerId: late } = await slack.type('/mesh')
    vi.setSystemTime(Date.now() + 3001)
    expect(await refusalOf(client.views.open({ trigger_id: late!, view: modal }))).toBe('expired_trigger_id')
  })

  it('from inside a modal pushes up to three views, and a stale hash is refused', async () => {
    const slack = await openSlack()
    const pushable: ModalView = {
      type: 'modal',
      title: plain('Deeper'),
      blocks: [{ type: 'actions', elements: [{ type: 'button', action_id: 'deeper', text: plain('Deeper') }] }],
    }
    const refusals: (string | undefined)[] = []
    const { client } = await openSocketApp(slack, (bolt) => {
      bolt.command('/mesh', async ({ ack, command }) => {
        await ack()
        await client.views.open({ trigger_id: command.trigger_id, view: pushable })
      })
      bolt.action('deeper', async ({ ack, body }) => {
        await ack()
        refusals.push(
          await refusalOf(
            client.views.push({ trigger_id: 'trigger_id' in body ? body.trigger_id : '', view: pushable }),
          ),
        )
      })
    })
    await slack.type('/mesh')
    for (let depth = 1; depth <= 3; depth += 1) {
      const top = await slack.waitFor(() => slack.views()[depth - 1])
      await slack.click(top, 'deeper')
      await slack.waitFor(() => refusals.length === depth)
    }
    expect(refusals).toEqual([undefined, undefined, 'push_limit_reached'])
    const top = slack.views().at(-1)!
    expect(await refusalOf(client.views.update({ view_id: top.id, hash: 'old', view: pushable }))).toBe('hash_conflict')
    expect(await refusalOf(client.views.update({ view_id: top.id, hash: top.hash, view: pushable }))).toBeUndefined()
  })
})
