import type { Channel } from '../records.ts'
import { Refusal } from '../refusal.ts'
import type { Surroundings } from './method.ts'

/** Looks a channel up by its id, or by `#name` where Slack allows names. A private channel is hidden from an app outside. */
export const findChannel = (here: Surroundings, idOrName: string): Channel => {
  const { channels, app } = here.workspace
  const channel =
    channels.get(idOrName) ??
    [...channels.values()].find((other) => other.kind !== 'im' && `#${other.name}` === idOrName)
  if (channel === undefined) throw new Refusal('channel_not_found')
  if (channel.kind === 'private' && !channel.members.has(app.userId)) throw new Refusal('channel_not_found')
  return channel
}

/**
 * Where a post to `idOrName` goes: a channel, or the direct conversation when it is a user id.
 * @throws Refusal `channel_not_found`, `not_in_channel` (outside and no chat:write.public), `is_archived`
 */
export const findPostable = (here: Surroundings, idOrName: string): Channel => {
  if (here.workspace.people.has(idOrName)) return openConversation(here, idOrName)
  const channel = findChannel(here, idOrName)
  if (channel.isArchived === true) throw new Refusal('is_archived')
  const mayPostOutside = channel.kind === 'public' && here.scopes.has('chat:write.public')
  if (!channel.members.has(here.workspace.app.userId) && !mayPostOutside) throw new Refusal('not_in_channel')
  return channel
}

/**
 * Where a file may be shared: only ids are taken, and chat:write.public doesn't help an app that isn't a member.
 * @throws Refusal `channel_not_found`, `not_in_channel`, `posting_to_channel_denied` (archived: files.completeUploadExternal documents no error of its own for that)
 */
export const findShareable = (here: Surroundings, id: string): Channel => {
  if (!here.workspace.channels.has(id)) throw new Refusal('channel_not_found')
  const channel = findChannel(here, id)
  if (channel.isArchived === true) throw new Refusal('posting_to_channel_denied')
  if (!channel.members.has(here.workspace.app.userId)) throw new Refusal('not_in_channel')
  return channel
}

/** The direct conversation between the app and a person, made when it doesn't exist. */
export const openConversation = (here: Surroundings, user: string): Channel => {
  const { channels, app } = here.workspace
  const known = [...channels.values()].find((channel) => channel.kind === 'im' && channel.members.has(user))
  if (known !== undefined) return known
  const channel: Channel = { id: here.workspace.newId('D'), name: '', kind: 'im', members: new Set([user, app.userId]) }
  channels.set(channel.id, channel)
  return channel
}

/** Scope families by the kind of channel: `channels:history`, `groups:history`, `im:history`, `mpim:history`. */
const FAMILY = { public: 'channels', private: 'groups', im: 'im', mpim: 'mpim' } as const

/** @throws Refusal `missing_scope` when the token lacks the scope for this kind of channel */
export const needChannelScope = (here: Surroundings, channel: Channel, right: 'history' | 'read' | 'write'): void => {
  needScope(here, `${FAMILY[channel.kind]}:${right}`)
}

/** @throws Refusal `missing_scope`, with what is needed and what the token has */
export const needScope = (here: Surroundings, scope: string): void => {
  if (!here.scopes.has(scope))
    throw new Refusal('missing_scope', { needed: scope, provided: [...here.scopes].join(',') })
}
