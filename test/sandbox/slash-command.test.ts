import { describe, expect, it } from 'vitest'

import { closeAfterEach, openHttpApp, openSlack, openSocketApp } from './bolt-app.ts'

closeAfterEach()

describe.each([
  ['Socket Mode', openSocketApp],
  ['signed HTTP', openHttpApp],
])('a slash command over %s', (_name, openApp) => {
  it('reaches the app, and its answers reach the person and the channel', async () => {
    const slack = await openSlack()
    await openApp(slack, (app) => {
      app.command('/mesh', async ({ ack, respond, client, command }) => {
        await ack()
        await respond(`you typed ${command.text}`)
        const { ts } = await client.chat.postMessage({ channel: command.channel_id, text: 'looking' })
        await client.chat.postMessage({ channel: command.channel_id, text: 'a step', thread_ts: ts! })
        await client.chat.update({ channel: command.channel_id, ts: ts!, text: 'done' })
      })
    })
    const invocation = await slack.type('/mesh diagnose catalog', { user: 'U_SECOND', channel: 'C_MESH' })
    expect(invocation.outcome).toBe('acknowledged')
    expect(invocation.acknowledgedInMilliseconds).toBeGreaterThanOrEqual(0)
    await slack.waitFor(() => slack.messages('C_MESH')[0]?.text === 'done')
    expect(invocation.ephemerals()).toMatchObject([
      { user: 'U_SECOND', text: 'you typed diagnose catalog', via: 'response_url' },
    ])
    const [parent, reply] = slack.messages('C_MESH')
    expect([parent!.text, parent!.threadTs, reply!.text, reply!.threadTs]).toEqual([
      'done',
      undefined,
      'a step',
      parent!.ts,
    ])
  })

  it('shows what the acknowledgement carries', async () => {
    const slack = await openSlack()
    await openApp(slack, (app) => {
      app.command('/mesh', ({ ack, command }) =>
        ack(command.text === 'loud' ? { response_type: 'in_channel', text: 'for all' } : 'for you'),
      )
    })
    const quietly = await slack.type('/mesh')
    const loudly = await slack.type('/mesh loud')
    expect(quietly.ephemerals()).toMatchObject([{ text: 'for you', via: 'acknowledgement' }])
    expect(loudly.ephemerals()).toEqual([])
    expect(slack.messages('C_MESH')).toMatchObject([{ text: 'for all' }])
  })

  it('tells the person when the app acknowledges too late', async () => {
    const slack = await openSlack({ times: { acknowledgeWithin: 80 } })
    let release = () => {}
    await openApp(slack, (app) => {
      app.command('/mesh', async ({ ack }) => {
        await new Promise<void>((resolve) => {
          release = resolve
        })
        await ack()
      })
    })
    const invocation = await slack.type('/mesh')
    expect(invocation).toMatchObject({
      outcome: 'operation_timeout',
      shownError: '/mesh failed with the error "operation_timeout"',
    })
    release()
  })
})

describe('what Slack refuses by itself', () => {
  it('a command in a thread, an unknown command, and any command without the scope', async () => {
    const slack = await openSlack()
    await openSocketApp(slack)
    expect((await slack.type('/mesh', { thread: '1.2' })).shownError).toBe('/mesh is not supported in threads. Sorry!')
    expect((await slack.type('/mash')).outcome).toBe('refused')
    slack.withoutScope('commands')
    expect((await slack.type('/mesh')).outcome).toBe('refused')
    expect(slack.deliveries).toEqual([])
  })

  it('a command when no app is connected', async () => {
    const slack = await openSlack()
    expect(await slack.type('/mesh')).toMatchObject({ outcome: 'dispatch_failed' })
  })

  it('an acknowledgement that breaks the block rules', async () => {
    const slack = await openSlack()
    await openSocketApp(slack, (app) => {
      app.command('/mesh', ({ ack }) =>
        ack({ text: '', blocks: [{ type: 'header', text: { type: 'plain_text', text: 'x'.repeat(151) } }] }),
      )
    })
    expect((await slack.type('/mesh')).shownError).toBe('/mesh failed with the error "invalid_command_response"')
  })
})
