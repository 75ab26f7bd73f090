import { messageJson } from '../message-json.ts'
import type { Channel, Fields, Message } from '../records.ts'
import { Refusal, refusalWithReasons } from '../refusal.ts'
import { compareTs } from '../workspace.ts'
import type { Arguments } from './arguments.ts'
import { findChannel, needChannelScope, openConversation } from './channel-access.ts'
import type { MethodFamily, Surroundings } from './method.ts'

/** "Needs at most 8 users to open" (too_many_users). */
const MOST_USERS = 8

/** A readable channel: the token has the scope for its kind, and the app is a member. */
const readable = (args: Arguments, here: Surroundings): Channel => {
  const channel = findChannel(here, args.required('channel'))
  needChannelScope(here, channel, 'history')
  if (!channel.members.has(here.workspace.app.userId)) throw new Refusal('not_in_channel')
  return channel
}

/** A bound in time. @throws Refusal `invalid_ts_oldest` or `invalid_ts_latest` */
const boundOf = (args: Arguments, name: 'oldest' | 'latest'): string | undefined => {
  const bound = args.text(name)
  if (bound !== undefined && !/^\d+(\.\d+)?$/.test(bound)) throw new Refusal(`invalid_ts_${name}`)
  return bound
}

/** Keeps what is between `oldest` and `latest`; the bounds themselves only with `inclusive`. */
const withinBounds = (args: Arguments, messages: readonly Message[]): readonly Message[] => {
  const oldest = boundOf(args, 'oldest')
  const latest = boundOf(args, 'latest')
  const isInclusive = args.flag('inclusive')
  const follows = (later: string, earlier: string): boolean =>
    compareTs(later, earlier) > 0 || (isInclusive && later === earlier)
  return messages.filter(
    ({ ts }) => (oldest === undefined || follows(ts, oldest)) && (latest === undefined || follows(latest, ts)),
  )
}

/** One page of `messages`, in their order, with a cursor when more is left. */
const page = (
  args: Arguments,
  here: Surroundings,
  messages: readonly Message[],
  limit: { readonly otherwise: number; readonly max: number },
): Fields => {
  const size = args.number('limit', { otherwise: limit.otherwise, min: 1, max: limit.max })
  const start = startOf(args.text('cursor'))
  const shown = messages.slice(start, start + size)
  const hasMore = messages.length > start + size
  return {
    messages: shown.map((message) =>
      messageJson(message, here.workspace, { metadata: args.flag('include_all_metadata') }),
    ),
    has_more: hasMore,
    ...(hasMore ? { response_metadata: { next_cursor: Buffer.from(`next:${start + size}`).toString('base64') } } : {}),
  }
}

const startOf = (cursor: string | undefined): number => {
  if (cursor === undefined) return 0
  const [, start] = /^next:(\d+)$/.exec(Buffer.from(cursor, 'base64').toString('utf8')) ?? []
  if (start === undefined) throw new Refusal('invalid_cursor')
  return Number(start)
}

const channelJson = (channel: Channel, here: Surroundings): Fields => ({
  id: channel.id,
  ...(channel.kind === 'im'
    ? { user: [...channel.members].find((member) => member !== here.workspace.app.userId) }
    : { name: channel.name, name_normalized: channel.name }),
  is_channel: channel.kind === 'public',
  is_group: channel.kind === 'private',
  is_im: channel.kind === 'im',
  is_mpim: channel.kind === 'mpim',
  is_private: channel.kind !== 'public',
  is_archived: channel.isArchived === true,
  is_member: channel.members.has(here.workspace.app.userId),
  is_shared: channel.isExtShared === true,
  is_ext_shared: channel.isExtShared === true,
  context_team_id: here.workspace.app.teamId,
})

export const conversations: MethodFamily = {
  'conversations.history': {
    token: 'bot',
    scopes: [],
    run(args, here) {
      const channel = readable(args, here)
      const messages = here.workspace
        .messages(channel.id)
        .filter((message) => message.threadTs === undefined || message.isBroadcast === true)
      return page(args, here, withinBounds(args, messages).toReversed(), { otherwise: 100, max: 999 })
    },
  },
  'conversations.replies': {
    token: 'bot',
    scopes: [],
    run(args, here) {
      const channel = readable(args, here)
      const ts = args.required('ts')
      const thread = here.workspace.thread(channel.id, ts)
      if (here.workspace.message(channel.id, ts) === undefined) throw new Refusal('thread_not_found')
      return page(args, here, withinBounds(args, thread), { otherwise: 1_000, max: 1_000 })
    },
  },
  'conversations.info': {
    token: 'bot',
    scopes: [],
    run(args, here) {
      const channel = findChannel(here, args.required('channel'))
      needChannelScope(here, channel, 'read')
      const count = args.flag('include_num_members') ? { num_members: channel.members.size } : {}
      return { channel: { ...channelJson(channel, here), ...count } }
    },
  },
  'conversations.open': {
    token: 'bot',
    scopes: ['im:write'],
    run(args, here) {
      const users =
        args
          .text('users')
          ?.split(',')
          .map((user) => user.trim()) ?? []
      if (args.flag('prevent_creation'))
        throw refusalWithReasons('invalid_arguments', ['the stand-in does not look for conversations only'])
      const given = args.text('channel')
      if (given !== undefined) {
        const known = findChannel(here, given)
        if (known.kind !== 'im' && known.kind !== 'mpim') throw new Refusal('method_not_supported_for_channel_type')
        return { channel: channelJson(known, here) }
      }
      const [user, ...others] = users
      if (user === undefined) throw new Refusal('users_list_not_supplied')
      if (users.length > MOST_USERS) throw new Refusal('too_many_users')
      if (others.length > 0)
        throw refusalWithReasons('invalid_arguments', ['the stand-in opens direct conversations with one person only'])
      const person = here.workspace.people.get(user)
      if (person === undefined) throw new Refusal('user_not_found')
      if (person.isDeactivated === true) throw new Refusal('user_disabled')
      const isNew = ![...here.workspace.channels.values()].some(
        (channel) => channel.kind === 'im' && channel.members.has(user),
      )
      const channel = openConversation(here, user)
      return {
        ...(isNew ? {} : { no_op: true, already_open: true }),
        channel: args.flag('return_im') ? channelJson(channel, here) : { id: channel.id },
      }
    },
  },
}
