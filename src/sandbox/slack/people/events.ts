import { randomBytes } from 'node:crypto'

import type { AttemptResult } from '../delivery.ts'
import { viewJson } from '../message-json.ts'
import type { Channel, Fields, Message, Person } from '../records.ts'
import {
  channelOf,
  invocationOf,
  personOf,
  refusedInvocation,
  seenBy,
  type Invocation,
  type Stage,
  type Whereabouts,
} from './stage.ts'

/** The scope that each event needs. */
const EVENT_SCOPES: Readonly<Record<string, string>> = {
  app_mention: 'app_mentions:read',
  'message.channels': 'channels:history',
  'message.groups': 'groups:history',
  'message.im': 'im:history',
  'message.mpim': 'mpim:history',
}

const MESSAGE_EVENTS = {
  public: 'message.channels',
  private: 'message.groups',
  im: 'message.im',
  mpim: 'message.mpim',
} as const

/** Delivers an event when the app subscribed to it and may see it. @returns nothing when it isn't delivered */
const deliverEvent = (
  stage: Stage,
  events: ReadonlySet<string>,
  subscription: string,
  event: Fields,
): Promise<AttemptResult> | undefined => {
  const scope = EVENT_SCOPES[subscription]
  if (!events.has(subscription) || (scope !== undefined && !stage.scopes.has(scope))) return undefined
  return stage.deliveries.deliver({ kind: 'events_api', body: eventCallback(stage, event) })
}

/** The outer part of an event. */
export const eventCallback = (stage: Stage, event: Fields): Fields => {
  const { app } = stage.workspace
  return {
    token: 'verification-token',
    team_id: app.teamId,
    api_app_id: app.appId,
    event,
    type: 'event_callback',
    event_id: `Ev${randomBytes(5).toString('hex').toUpperCase()}`,
    event_time: Math.floor(Date.now() / 1000),
    is_ext_shared_channel: stage.workspace.channels.get(String(event.channel))?.isExtShared === true,
    authorizations: [
      { enterprise_id: null, team_id: app.teamId, user_id: app.userId, is_bot: true, is_enterprise_install: false },
    ],
  }
}

const messageEvent = (stage: Stage, message: Message, channel: Channel): Fields => ({
  user: message.user,
  text: message.text,
  ts: message.ts,
  event_ts: message.ts,
  channel: channel.id,
  team: stage.workspace.people.get(message.user)?.team ?? stage.workspace.app.teamId,
  ...(message.threadTs === undefined ? {} : { thread_ts: message.threadTs }),
})

const post = (
  stage: Stage,
  text: string,
  where: Whereabouts & { readonly thread?: string },
): { readonly message: Message; readonly channel: Channel; readonly person: Person } => {
  const person = personOf(stage, where.user)
  const channel = channelOf(stage, where.channel, person)
  const message = stage.workspace.post({
    channel: channel.id,
    user: person.id,
    text,
    blocks: [],
    ...(where.thread === undefined ? {} : { threadTs: where.thread }),
  })
  return { message, channel, person }
}

/** A person says something; delivered when the app subscribed to messages of this kind of channel. */
export const say = async (
  stage: Stage,
  events: ReadonlySet<string>,
  text: string,
  where: Whereabouts & { readonly thread?: string },
): Promise<Message> => {
  const { message, channel } = post(stage, text, where)
  if (channel.members.has(stage.workspace.app.userId)) {
    const kind = { public: 'channel', private: 'group', im: 'im', mpim: 'mpim' }[channel.kind]
    await deliverEvent(stage, events, MESSAGE_EVENTS[channel.kind], {
      type: 'message',
      ...messageEvent(stage, message, channel),
      channel_type: kind,
    })
  }
  return message
}

/** A person mentions the app: `@mesh-medic …` becomes a mention as Slack's client makes it. */
export const mention = async (
  stage: Stage,
  events: ReadonlySet<string>,
  text: string,
  where: Whereabouts & { readonly thread?: string },
): Promise<Invocation & { readonly message: Message }> => {
  const { app } = stage.workspace
  const plain = text.includes(`@${app.name}`) || text.includes(`<@${app.userId}>`) ? text : `@${app.name} ${text}`
  const { message, channel, person } = post(stage, plain.replaceAll(`@${app.name}`, `<@${app.userId}>`), where)
  if (!channel.members.has(app.userId))
    return { ...refusedInvocation(`You mentioned @${app.name}, but they're not in this channel.`), message }
  const seenBefore = seenBy(stage, person)
  const result = await deliverEvent(stage, events, 'app_mention', {
    type: 'app_mention',
    ...messageEvent(stage, message, channel),
  })
  return {
    ...(result === undefined
      ? refusedInvocation('the app is not subscribed to app_mention')
      : invocationOf(stage, person, result, { seenBefore })),
    message,
  }
}

/** A person opens the app's Home tab. */
export const openHome = async (
  stage: Stage,
  events: ReadonlySet<string>,
  user: string | undefined,
): Promise<Invocation> => {
  const person = personOf(stage, user)
  const view = stage.workspace.views(person.id).find((other) => other.type === 'home')
  const seenBefore = seenBy(stage, person)
  const result = await deliverEvent(stage, events, 'app_home_opened', {
    type: 'app_home_opened',
    user: person.id,
    channel: 'D_HOME',
    tab: 'home',
    event_ts: stage.workspace.nextTs(),
    ...(view === undefined ? {} : { view: viewJson(view, stage.workspace) }),
  })
  return result === undefined
    ? refusedInvocation('the app is not subscribed to app_home_opened')
    : invocationOf(stage, person, result, { seenBefore })
}
