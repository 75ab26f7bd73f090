import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { App, HTTPReceiver, LogLevel, type Logger } from '@slack/bolt'
import { WebClient } from '@slack/web-api'
import { afterEach } from 'vitest'

import type { SlackStandIn, SlackStandInOptions } from '../../src/sandbox/slack/stand-in.ts'
import { startPatientStandIn } from './patient-stand-in.ts'

const silence = (): void => {}

/** Bolt and the client complain about what the tests do on purpose. */
export const quiet: Logger = {
  debug: silence,
  info: silence,
  warn: silence,
  error: silence,
  setLevel: silence,
  setName: silence,
  getLevel: () => LogLevel.ERROR,
}

const toClose: (() => Promise<unknown>)[] = []

/** Closes whatever the tests of this file opened, last first. */
export const closeAfterEach = (): void => {
  afterEach(async () => {
    for (const close of toClose.splice(0).reverse()) await close()
  })
}

export const openSlack = async (options: SlackStandInOptions = {}): Promise<SlackStandIn> => {
  const slack = await startPatientStandIn(options)
  toClose.push(() => slack.close())
  return slack
}

/** Closes something more after the test. */
export const closeLater = (close: () => Promise<unknown>): void => void toClose.push(close)

/** The real Bolt app over Socket Mode, against a stand-in. */
export const openSocketApp = async (slack: SlackStandIn, register: (app: App) => void = silence): Promise<App> => {
  const app = new App({
    token: slack.botToken,
    appToken: slack.appToken,
    socketMode: true,
    clientOptions: { slackApiUrl: slack.url },
    logger: quiet,
  })
  register(app)
  await app.start()
  toClose.push(() => app.stop())
  await slack.waitFor(() => slack.connections() > 0)
  return app
}

/** The real Bolt app over signed HTTP, against a stand-in that delivers to it. */
export const openHttpApp = async (slack: SlackStandIn, register: (app: App) => void = silence): Promise<App> => {
  const receiver = new HTTPReceiver({ signingSecret: slack.signingSecret, logger: quiet })
  const app = new App({ token: slack.botToken, receiver, clientOptions: { slackApiUrl: slack.url }, logger: quiet })
  register(app)
  const server = createServer(receiver.requestListener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  toClose.push(
    () =>
      new Promise((resolve) => {
        server.close(resolve)
        server.closeAllConnections()
      }),
  )
  slack.deliverTo(`http://127.0.0.1:${(server.address() as AddressInfo).port}/slack/events`)
  return app
}

/** Slack's own client, which gives up at once unless `retries` says otherwise. */
export const clientOf = (slack: SlackStandIn, retries = 0): WebClient =>
  new WebClient(slack.botToken, {
    slackApiUrl: slack.url,
    logger: quiet,
    retryConfig: { retries, minTimeout: 10, maxTimeout: 20 },
  })

/** The name of Slack's error, or nothing when the call went well. */
export const refusalOf = async (call: Promise<unknown>): Promise<string | undefined> => {
  try {
    await call
    return undefined
  } catch (error) {
    return (error as { data?: { error?: string } }).data?.error ?? String(error)
  }
}
