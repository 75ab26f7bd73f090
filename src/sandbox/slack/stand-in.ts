import { randomBytes } from 'node:crypto'
import type { AddressInfo } from 'node:net'

import type { SlackStandIn, SlackStandInOptions } from './contract.ts'
import {
  DEFAULT_APP,
  DEFAULT_CHANNELS,
  DEFAULT_EVENTS,
  DEFAULT_GROUPS,
  DEFAULT_PEOPLE,
  DEFAULT_SCOPES,
  DEFAULT_TIMES,
  RESPONSE_URL_USES,
} from './defaults.ts'
import { Deliveries } from './delivery.ts'
import { Faults } from './faults.ts'
import { HttpDelivery } from './http-delivery.ts'
import { typeCommand } from './people/commands.ts'
import { mention, openHome, say } from './people/events.ts'
import { actOn, askForOptions, placeOf, useGlobalShortcut, useMessageShortcut } from './people/interactions.ts'
import { closeView, submitView } from './people/submissions.ts'
import type { Stage } from './people/stage.ts'
import { pageRoutes } from './page/routes.ts'
import { PostingLimit } from './rate-limit.ts'
import { namesIn } from './rendering/mrkdwn.ts'
import { ResponseUrls } from './response-url.ts'
import { ApiServer, type OtherRoutes } from './server.ts'
import { SocketMode } from './socket-mode.ts'
import { Triggers } from './trigger.ts'
import { Uploads } from './upload.ts'
import type { Surroundings } from './web-api/method.ts'
import { Workspace } from './workspace.ts'

export type { ApiCall, Happenings } from './happenings.ts'
export type { ClickOptions, SlackStandIn, SlackStandInOptions } from './contract.ts'
export type { Fault } from './faults.ts'
export type { Forgery } from './http-delivery.ts'
export type { Guide, Situation } from './page/guide.ts'
export type { Invocation, Whereabouts } from './people/stage.ts'
export type { Submission, ViewValues } from './people/submissions.ts'
export type { Block, Channel, Ephemeral, Message, Person, ShownView, StoredFile, UserGroup } from './records.ts'

/** The posting limit of `postingLimit: true`. */
const STRICT_POSTING = { perSecond: 1, burst: 5 }

/** Made up at each start, so that no web page can guess them. */
const newTokens = () => {
  const secret = () => randomBytes(16).toString('hex')
  return { botToken: `xoxb-${secret()}`, appToken: `xapp-${secret()}`, signingSecret: secret() }
}

/**
 * Starts a strict, local stand-in for Slack in this process. It keeps everything in memory.
 * @returns when it listens on 127.0.0.1
 */
export const startSlackStandIn = async (options: SlackStandInOptions = {}): Promise<SlackStandIn> => {
  const app = { ...DEFAULT_APP, ...options.app }
  const times = { ...DEFAULT_TIMES, ...options.times }
  const workspace = new Workspace(app)
  furnish(workspace, options)
  const tokens = newTokens()
  const scopes = new Set(options.scopes ?? DEFAULT_SCOPES)
  const faults = new Faults()
  const triggers = new Triggers(times.trigger)
  const responseUrls = new ResponseUrls(workspace, { uses: RESPONSE_URL_USES, lifetimeMilliseconds: times.responseUrl })
  const socketMode = new SocketMode(app.appId, times.ping)
  let http = options.requestUrl === undefined ? undefined : new HttpDelivery(options.requestUrl, tokens.signingSecret)
  const deliveries = new Deliveries(
    () => http ?? socketMode,
    { acknowledgeWithin: times.acknowledgeWithin, eventRetries: times.eventRetries },
    workspace.announcer,
  )
  const rate = options.postingLimit === true ? STRICT_POSTING : options.postingLimit
  const postingLimit = rate === undefined || rate === false ? undefined : new PostingLimit(rate)

  let page: OtherRoutes = () => false
  const server = new ApiServer(() => ({
    here,
    tokens,
    faults,
    postingLimit,
    announcer: workspace.announcer,
    otherRoutes: (request, response) => page(request, response),
  }))
  server.http.on('upgrade', (request, socket, head) => socketMode.upgrade(request, socket, head))
  await new Promise<void>((resolve, reject) => {
    server.http.once('error', reject)
    server.http.listen(options.port ?? 0, '127.0.0.1', resolve)
  })
  const { port } = server.http.address() as AddressInfo
  const origin = `http://127.0.0.1:${port}`
  const here: Surroundings = {
    workspace,
    triggers,
    responseUrls,
    uploads: new Uploads(workspace),
    scopes,
    origin,
    openSocket: () => `ws://127.0.0.1:${port}/link/?ticket=${socketMode.ticket()}&app_id=${app.appId}`,
  }
  const stage: Stage = {
    workspace,
    deliveries,
    triggers,
    responseUrls,
    origin,
    scopes,
    commands: new Set(options.commands ?? ['/mesh']),
  }

  const events = new Set(options.events ?? DEFAULT_EVENTS)

  const standIn: SlackStandIn = {
    url: `${origin}/api/`,
    pageUrl: `${origin}/`,
    ...tokens,
    app,
    names: namesIn(workspace),
    type: (line, where = {}) => typeCommand(stage, line, where),
    click: (place, button, click = {}) => actOn(stage, place, button, undefined, click),
    choose: (place, action, value, click = {}) => actOn(stage, place, action, value, click),
    submitView: (view, values = {}, { user } = {}) => submitView(stage, view, values, user),
    closeView: (view, { user } = {}) => closeView(stage, view, user),
    messageShortcut: (callbackId, message, where = {}) => useMessageShortcut(stage, callbackId, message, where),
    globalShortcut: (callbackId, { user } = {}) => useGlobalShortcut(stage, callbackId, user),
    mention: (text, where = {}) => mention(stage, events, text, where),
    say: (text, where = {}) => say(stage, events, text, where),
    openHome: ({ user } = {}) => openHome(stage, events, user),
    suggest: (place, action, typed, where = {}) => askForOptions(stage, place, action, typed, where),
    deleteMessage(wanted) {
      const place = placeOf(stage, wanted)
      if (place.kind === 'message') workspace.remove(place.message)
    },
    messages: (channel) => workspace.messages(channel),
    thread: (channel, ts) => workspace.thread(channel, ts),
    message: (channel, ts) => workspace.message(channel, ts),
    ephemerals: (user) => workspace.ephemerals(user),
    files: () => workspace.files(),
    views: (user) => workspace.views(user),
    on: (kind, listener) => workspace.announcer.on(kind, listener),
    waitFor: (look, timeoutMilliseconds = 20_000) => workspace.announcer.waitFor(look, timeoutMilliseconds),
    calls: server.calls,
    deliveries: deliveries.log,
    fail: { next: (method, fault, count) => faults.next(method, fault, count), clear: () => faults.clear() },
    setScopes(wanted) {
      scopes.clear()
      for (const scope of wanted) scopes.add(scope)
    },
    withoutScope: (scope) => void scopes.delete(scope),
    join: (channel, user) => void workspace.channels.get(channel)?.members.add(user),
    leave: (channel, user) => void workspace.channels.get(channel)?.members.delete(user),
    deliverTo: (requestUrl) =>
      void (http = requestUrl === undefined ? undefined : new HttpDelivery(requestUrl, tokens.signingSecret)),
    verifyRequestUrl: () => http?.verify() ?? Promise.resolve(false),
    forgeNext: (forgery) => http?.forgeNext(forgery),
    connections: () => socketMode.connections,
    disconnect: (how) => (how === 'ask' ? socketMode.askToReconnect() : socketMode.cut()),
    async close() {
      deliveries.close()
      await socketMode.close()
      workspace.announcer.forget()
      server.http.closeAllConnections()
      await new Promise<void>((resolve) => server.http.close(() => resolve()))
    },
  }
  page = pageRoutes({
    standIn,
    people: [...workspace.people.values()],
    channels: [...workspace.channels.values()],
    guide: options.guide,
  })
  return standIn
}

const furnish = (workspace: Workspace, options: SlackStandInOptions): void => {
  const { app, people, channels, groups } = workspace
  for (const person of options.people ?? DEFAULT_PEOPLE) people.set(person.id, person)
  for (const group of options.groups ?? DEFAULT_GROUPS) groups.set(group.id, group)
  for (const { members, kind, ...channel } of options.channels ??
    DEFAULT_CHANNELS.map((channel) => ({ ...channel, kind: undefined, members: undefined }))) {
    channels.set(channel.id, {
      ...channel,
      kind: kind ?? 'public',
      members: new Set(members ?? [...people.keys(), app.userId]),
    })
  }
}
