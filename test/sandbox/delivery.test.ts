import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { WebClient } from '@slack/web-api'
import { describe, expect, it } from 'vitest'
import { WebSocket as Client } from 'ws'

import { closeAfterEach, closeLater, openHttpApp, openSlack, openSocketApp } from './bolt-app.ts'

closeAfterEach()

describe('signed HTTP', () => {
  it('proves the address, and a forged delivery is refused with 401', async () => {
    const slack = await openSlack()
    await openHttpApp(slack, (bolt) => {
      bolt.command('/mesh', ({ ack }) => ack())
    })
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

describe('a connection over Socket Mode', () => {
  it('is pinged again and again: a client that hears nothing for 30 s connects anew', async () => {
    const slack = await openSlack({ times: { ping: 20 } })
    const { url } = await new WebClient(slack.appToken, { slackApiUrl: slack.url }).apps.connections.open()
    const socket = new Client(url!)
    closeLater(() => {
      socket.close()
      return Promise.resolve()
    })
    for (let pings = 0; pings < 3; pings += 1) await once(socket, 'ping', { signal: AbortSignal.timeout(2000) })
    expect(socket.readyState).toBe(Client.OPEN)
  })
})

describe('an event that is not acknowledged', () => {
  it('comes again over Socket Mode, with the number of the retry', async () => {
    const slack = await openSlack({ times: { acknowledgeWithin: 40, eventRetries: [0, 60_000] } })
    const { url } = await new WebClient(slack.appToken, { slackApiUrl: slack.url }).apps.connections.open()
    const socket = new WebSocket(url!)
    closeLater(() => {
      socket.close()
      return Promise.resolve()
    })
    const retries: unknown[] = []
    socket.onmessage = ({ data }) => {
      const envelope = JSON.parse(String(data)) as {
        type: string
        envelope_id: string
        retry_attempt: number
        retry_reason: string
      }
      if (envelope.type !== 'events_api') return
      retries.push([envelope.retry_attempt, envelope.retry_reason])
      if (envelope.retry_attempt > 0) socket.send(JSON.stringify({ envelope_id: envelope.envelope_id }))
    }
    await slack.waitFor(() => slack.connections() === 1)
    expect((await slack.mention('hello')).outcome).toBe('operation_timeout')
    await slack.waitFor(() => slack.deliveries[0]!.attempts.length === 2)
    expect(retries).toEqual([
      [0, ''],
      [1, 'timeout'],
    ])
    expect(slack.deliveries[0]!.attempts.map(({ ok }) => ok)).toEqual([false, true])
  })

  it('comes again over HTTP, with the headers of a retry', async () => {
    const slack = await openSlack({ times: { eventRetries: [0, 60_000] } })
    const retries: unknown[] = []
    const server = createServer((request, response) => {
      retries.push([request.headers['x-slack-retry-num'], request.headers['x-slack-retry-reason']])
      response.writeHead(retries.length === 1 ? 500 : 200).end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    closeLater(
      () =>
        new Promise((resolve) => {
          server.close(resolve)
          server.closeAllConnections()
        }),
    )
    slack.deliverTo(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    expect((await slack.mention('hello')).outcome).toBe('http_service_error')
    await slack.waitFor(() => slack.deliveries[0]!.attempts.length === 2)
    expect(retries).toEqual([
      [undefined, undefined],
      ['1', 'http_error'],
    ])
  })

  it('goes to the app again until it is heard', async () => {
    const slack = await openSlack({ times: { eventRetries: Array.from({ length: 400 }, () => 50) } })
    expect((await slack.mention('is anybody there?')).outcome).toBe('dispatch_failed')
    await openSocketApp(slack, (bolt) => {
      bolt.event('app_mention', ({ event, say }) => say({ text: 'yes', thread_ts: event.ts }) as Promise<never>)
    })
    await slack.waitFor(() => slack.deliveries[0]!.attempts.at(-1)?.ok === true)
    expect(slack.deliveries[0]!.attempts.length).toBeGreaterThan(1)
  })
})

describe('Socket Mode', () => {
  it('gives each envelope to one of several connections', async () => {
    const slack = await openSlack()
    const heard: string[] = []
    for (const name of ['first', 'second']) {
      await openSocketApp(slack, (bolt) => {
        bolt.command('/mesh', async ({ ack }) => {
          await ack()
          heard.push(name)
        })
      })
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
