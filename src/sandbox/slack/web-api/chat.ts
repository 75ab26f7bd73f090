import { checkMessageContent, checkMetadata } from '../message-content.ts'
import { messageJson } from '../message-json.ts'
import type { Fields, Message } from '../records.ts'
import { Refusal } from '../refusal.ts'
import type { Arguments } from './arguments.ts'
import { findChannel, findPostable } from './channel-access.ts'
import type { MethodFamily, Surroundings } from './method.ts'

/** "The text field cannot exceed 4,000 characters" (chat.update, msg_too_long). */
const MAX_UPDATED_TEXT = 4_000

const content = (args: Arguments): Fields => ({
  text: args.text('text'),
  markdown_text: args.text('markdown_text'),
  blocks: args.json('blocks', 'invalid_blocks_format'),
  attachments: args.json('attachments', 'invalid_attachments'),
})

/** @throws Refusal when the message is gone, a tombstone, or somebody else's */
const ownMessage = (here: Surroundings, args: Arguments, notOwn: string): Message => {
  const channel = findChannel(here, args.required('channel'))
  const message = here.workspace.message(channel.id, args.required('ts'))
  if (message === undefined || message.isTombstone === true) throw new Refusal('message_not_found')
  if (message.botId !== here.workspace.app.botId) throw new Refusal(notOwn)
  if (channel.isArchived === true) throw new Refusal('is_inactive')
  return message
}

export const chat: MethodFamily = {
  'chat.postMessage': {
    token: 'bot',
    scopes: ['chat:write'],
    run(args, here) {
      const channel = findPostable(here, args.required('channel'))
      const said = checkMessageContent(content(args))
      const metadata = checkMetadata(args.json('metadata', 'invalid_metadata_format'))
      const threadTs = args.text('thread_ts')
      const message = here.workspace.post({
        ...said,
        channel: channel.id,
        user: here.workspace.app.userId,
        botId: here.workspace.app.botId,
        ...(threadTs === undefined ? {} : { threadTs }),
        ...(threadTs !== undefined && args.flag('reply_broadcast') ? { isBroadcast: true } : {}),
        ...(metadata === undefined ? {} : { metadata }),
      })
      return { channel: channel.id, ts: message.ts, message: messageJson(message, here.workspace, { metadata: true }) }
    },
  },
  'chat.update': {
    token: 'bot',
    scopes: ['chat:write'],
    run(args, here) {
      const before = ownMessage(here, args, 'cant_update_message')
      const asked = content(args)
      const keeps = asked.text === undefined && asked.markdown_text === undefined
      // Without text, what isn't given is kept; with text alone, the blocks go.
      const said = checkMessageContent(
        {
          ...asked,
          ...(keeps
            ? {
                text: before.text,
                blocks: asked.blocks ?? before.blocks,
                attachments: asked.attachments ?? before.attachments,
              }
            : {}),
        },
        keeps ? undefined : MAX_UPDATED_TEXT,
      )
      if (keeps && !args.has('blocks') && !args.has('attachments') && !args.has('metadata'))
        throw new Refusal('no_text')
      const given = args.json('metadata', 'invalid_metadata_format')
      const metadata = given === undefined ? before.metadata : checkMetadata(given)
      const message = here.workspace.replace(before, { ...said, metadata, editedTs: here.workspace.nextTs() })
      return {
        channel: message.channel,
        ts: message.ts,
        text: message.text,
        message: messageJson(message, here.workspace, { metadata: true }),
      }
    },
  },
  'chat.delete': {
    token: 'bot',
    scopes: ['chat:write'],
    run(args, here) {
      const message = ownMessage(here, args, 'cant_delete_message')
      here.workspace.remove(message)
      return { channel: message.channel, ts: message.ts }
    },
  },
  'chat.postEphemeral': {
    token: 'bot',
    scopes: ['chat:write'],
    run(args, here) {
      const channel = findPostable(here, args.required('channel'))
      const user = args.required('user')
      if (!here.workspace.people.has(user)) throw new Refusal('user_not_found')
      if (!channel.members.has(user)) throw new Refusal('user_not_in_channel')
      const said = checkMessageContent(content(args))
      const threadTs = args.text('thread_ts')
      const ephemeral = here.workspace.showEphemeral({
        ...said,
        channel: channel.id,
        user,
        via: 'chat.postEphemeral',
        ...(threadTs === undefined ? {} : { threadTs }),
      })
      return { message_ts: ephemeral.ts }
    },
  },
  'chat.getPermalink': {
    token: 'bot',
    scopes: [],
    run(args, here) {
      const channel = findChannel(here, args.required('channel'))
      const ts = args.required('message_ts')
      const message = here.workspace.message(channel.id, ts)
      if (message === undefined) throw new Refusal('message_not_found')
      const thread = message.threadTs === undefined ? '' : `?thread_ts=${message.threadTs}&cid=${channel.id}`
      return {
        channel: channel.id,
        permalink: `${here.origin}/archives/${channel.id}/p${ts.replace('.', '')}${thread}`,
      }
    },
  },
}
