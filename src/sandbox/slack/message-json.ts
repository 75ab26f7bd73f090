import type { Fields, Message, ShownView, StoredFile } from './records.ts'
import { compareTs, type Workspace } from './workspace.ts'

/**
 * A message as Slack's API returns it.
 * @param options.metadata whether to include metadata (`include_all_metadata`)
 */
export const messageJson = (
  message: Message,
  workspace: Workspace,
  options: { readonly metadata?: boolean } = {},
): Fields => {
  const replies = workspace
    .thread(message.channel, message.ts)
    .filter((other) => other.ts !== message.ts)
    .sort((a, b) => compareTs(a.ts, b.ts))
  const isParent = replies.length > 0
  return {
    type: 'message',
    ...(message.isTombstone === true ? { subtype: 'tombstone', hidden: true } : {}),
    user: message.user,
    ts: message.ts,
    team: workspace.app.teamId,
    text: message.text,
    ...(message.botId === undefined ? {} : { bot_id: message.botId, app_id: workspace.app.appId }),
    ...(message.blocks.length === 0 ? {} : { blocks: message.blocks }),
    ...(message.attachments.length === 0 ? {} : { attachments: message.attachments }),
    ...(message.files.length === 0 ? {} : { files: message.files.map((file) => fileJson(file)) }),
    ...(message.editedTs === undefined ? {} : { edited: { user: message.user, ts: message.editedTs } }),
    ...(message.threadTs === undefined
      ? {}
      : { thread_ts: message.threadTs, parent_user_id: workspace.message(message.channel, message.threadTs)?.user }),
    ...(isParent
      ? {
          thread_ts: message.ts,
          reply_count: replies.length,
          reply_users: [...new Set(replies.map((reply) => reply.user))],
          reply_users_count: new Set(replies.map((reply) => reply.user)).size,
          latest_reply: replies.at(-1)?.ts,
        }
      : {}),
    ...(message.reactions.length === 0
      ? {}
      : { reactions: message.reactions.map(({ name, users }) => ({ name, users, count: users.length })) }),
    ...(options.metadata === true && message.metadata !== undefined ? { metadata: message.metadata } : {}),
  }
}

/** A file as Slack's API returns it; the content stays out. */
export const fileJson = (file: StoredFile): Fields => ({
  id: file.id,
  name: file.name,
  title: file.title,
  mimetype: file.mimetype,
  filetype: file.name.split('.').at(-1) ?? 'text',
  size: file.bytes.length,
  mode: 'hosted',
  ...(file.altText === undefined ? {} : { alt_txt: file.altText }),
  channels: file.sharedIn.map((share) => share.channel),
})

/** A view as Slack's API and payloads return it. `values` is the state of its inputs. */
export const viewJson = (view: ShownView, workspace: Workspace, values: Fields = {}): Fields => ({
  ...view.source,
  id: view.id,
  team_id: workspace.app.teamId,
  blocks: view.blocks,
  private_metadata: view.privateMetadata,
  callback_id: view.callbackId,
  external_id: view.externalId ?? '',
  state: { values },
  hash: view.hash,
  root_view_id: view.rootViewId,
  previous_view_id: view.previousViewId ?? null,
  app_id: workspace.app.appId,
  app_installed_team_id: workspace.app.teamId,
  bot_id: workspace.app.botId,
})
