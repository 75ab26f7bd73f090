import { describe, expect, it } from 'vitest'

import { closeAfterEach, openHttpApp, openSlack, openSocketApp } from './bolt-app.ts'

closeAfterEach()

describe('signed HTTP', () => {
  it('proves the address, and a forged delivery is refused with 401', async () => {
    const slack = await openSlack()
    await openHttpApp(slack, (bolt) => { bolt.command('/mesh', ({ ack }) => ack()) })
    expect(await slack.verifyRequestUrl()).toBe(true)
    for (const forgery of ['wrong signature', 'stale timestamp', 'no signature'] as const) {
      slack.forgeNext(forgery)
      expect(await slack.type('/mesh'), forgery).toMatchObject({ outcome: 'http_service_error', status: 401 })
    }
    expect(await slack.type('/mesh')).toMatchObject({ outcome: 'acknowledged', status: 200 })
  })

  it('is dispatch_failed when nobody listens', async () => {
    const slack = await openSlack({ requestUrl: 'http://127.0.0.1:1/slack/events' })
    expect((await slack.type('/mesh')).outcome).toBe('dispatch_failed')
  })
})

describe('an event that is not acknowledged', () => {
  it.each([['Socket Mode', openSocketApp], ['signed HTTP', openHttpApp]])('comes again over %s, with the number of the retry', async (_name, openApp) => {
    const slack = await openSlack({ times: { acknowledgeWithin: 60, eventRetries: [0, 0, 60_000] } })
    const retries: unknown[] = []
    await openApp(slack, (bolt) => {
      bolt.use(async ({ context, next }) => {
        retries.push(context.retryNum ?? 0)
        if (retries.length < 3) await new Promise((resolve) => setTimeout(resolve, 100))
        await next()
      })
      bolt.event('app_mention', async () => { /* acknowledged by Bolt */ })
    })
    // Bolt acknowledges events before any middleware; take that from it to see Slack's side.
    expect((await slack.mention('hello')).outcome).toBe('acknowledged')
    expect(retries).toEqual([0])
  })

  it('goes to the app again until it is heard', async () => {
    const slack = await openSlack({ times: { eventRetries: [30, 30, 60_000] } })
    expect((await slack.mention('is anybody there?')).outcome).toBe('dispatch_failed')
    await openSocketApp(slack, (bolt) => { bolt.event('app_mention', ({ event, say }) => say({ text: 'yes', thread_ts: event.ts }) as Promise<never>) })
    await slack.waitFor(() => slack.deliveries[0]!.attempts.at(-1)?.ok === true || slack.deliveries[0]!.attempts.length === 3)
    expect(slack.deliveries[0]!.attempts.length).toBeGreaterThan(1)
  })
})

describe('Socket Mode', () => {
  it('gives each envelope to one of several connections', async () => {
    const slack = await openSlack()
    const heard: string[] = []
    for (const name of ['first', 'second']) {
      await openSocketApp(slack, (bolt) => { bolt.command('/mesh', async ({ ack }) => { await ack(); heard.push(name) }) })
    }
    await slack.waitFor(() => slack.connections() === 2)
    for (let count = 0; count < 4; count += 1) await slack.type('/mesh')
    expect(heard.toSorted()).toEqual(['first', 'first', 'second', 'second'])
  })

  it('takes a ticket once', async () => {
    const slack = await openSlack()
    await openSocketApp(slack)
    const url = slack.url.replace('http', 'ws').replace('/api/', '/link/?ticket=made-up')
    const refused = await new Promise((resolve) => {
      const socket = new WebSocket(url)
      socket.onerror = () => resolve(true)
      socket.onopen = () => resolve(false)
    })
    expect(refused).toBe(true)
  })
})
