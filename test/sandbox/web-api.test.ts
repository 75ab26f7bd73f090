import { describe, expect, it } from 'vitest'

import { clientOf, closeAfterEach, openSlack, refusalOf } from './bolt-app.ts'
import { DOCUMENTED } from '../../src/sandbox/slack/web-api/documented.ts'
import { METHODS } from '../../src/sandbox/slack/web-api/index.ts'
import type { SlackStandIn } from '../../src/sandbox/slack/stand-in.ts'

closeAfterEach()

const call = async (
  slack: SlackStandIn,
  method: string,
  body: unknown,
  token?: string,
): Promise<Record<string, unknown>> => {
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const answer = await fetch(slack.url + method, {
    method: 'POST',
    headers: { ...authorization, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return (await answer.json()) as Record<string, unknown>
}

const MODAL = { type: 'modal', title: { type: 'plain_text', text: 'A modal' }, blocks: [{ type: 'divider' }] }

describe('tokens and scopes', () => {
  it('are checked', async () => {
    const slack = await openSlack()
    expect(await call(slack, 'auth.test', {})).toMatchObject({ error: 'not_authed' })
    expect(await call(slack, 'auth.test', {}, 'xoxb-other')).toMatchObject({ error: 'invalid_auth' })
    expect(await call(slack, 'apps.connections.open', {}, slack.botToken)).toMatchObject({
      error: 'not_allowed_token_type',
    })
    expect(await call(slack, 'chat.unheardOf', {}, slack.botToken)).toMatchObject({ error: 'unknown_method' })
  })

  it('of an app are taken in the header of a POST alone', async () => {
    const slack = await openSlack()
    const { appToken: token } = slack
    expect(await call(slack, 'apps.connections.open', {})).toMatchObject({ error: 'missing_args' })
    expect(await call(slack, 'apps.connections.open', { token })).toMatchObject({ error: 'invalid_auth' })
    expect(await call(slack, 'apps.connections.open', {}, 'xapp-other')).toMatchObject({ error: 'invalid_auth' })
    const got = await fetch(`${slack.url}apps.connections.open`, { headers: { authorization: `Bearer ${token}` } })
    expect(await got.json()).toMatchObject({ ok: false, error: 'insecure_request' })
    expect(await call(slack, 'apps.connections.open', {}, token)).toMatchObject({ ok: true })
  })

  it('are told by auth.test, and a missing one is named', async () => {
    const slack = await openSlack()
    const { response_metadata } = await clientOf(slack).auth.test()
    expect(response_metadata?.scopes).toContain('chat:write')
    slack.withoutScope('chat:write')
    const answer = await call(slack, 'chat.postMessage', { channel: 'C_MESH', text: 'x' }, slack.botToken)
    expect(answer).toMatchObject({ ok: false, error: 'missing_scope', needed: 'chat:write' })
    expect(answer.provided).toContain('commands')
  })
})

describe('arguments', () => {
  it('are documented for every method', () => {
    expect(Object.keys(DOCUMENTED).sort()).toEqual(Object.keys(METHODS).sort())
  })

  it.each([
    ['chat.postMessage', { channel: 'C_MESH', text: 'x', threadTs: '1' }, 'threadTs'],
    ['files.getUploadURLExternal', { filename: 'x', length: 1, alt_text: 'x' }, 'alt_text'],
    ['views.open', { trigger_id: 'x', view: {}, user: 'U' }, 'user'],
  ])('of %s that Slack does not document are refused', async (method, body, name) => {
    const slack = await openSlack()
    expect(await call(slack, method, body, slack.botToken)).toMatchObject({
      ok: false,
      error: 'invalid_arguments',
      response_metadata: { messages: [`[ERROR] invalid additional property: ${name}`] },
    })
  })
})

describe('what Slack documents', () => {
  /** A value of no argument's documented type: neither text, nor a boolean, nor a number. */
  const OTHER = [true, { some: 'thing' }]
  const TYPED = Object.entries(DOCUMENTED).flatMap(([method, names]) =>
    names
      .filter((name) => !/^(attachments|blocks|file_ids|files|metadata|unfurled_attachments|view)$/.test(name))
      .map((name) => [method, name] as const),
  )

  it('has a type for every argument of every method', async () => {
    const slack = await openSlack()
    const reasons = TYPED.map(async ([method, name]) => {
      const token = METHODS[method]?.token === 'app' ? slack.appToken : slack.botToken
      const { error, response_metadata } = await call(slack, method, { [name]: OTHER }, token)
      return [method, error, (response_metadata as { messages?: string[] } | undefined)?.messages]
    })
    expect(await Promise.all(reasons)).toEqual(
      TYPED.map(([method, name]) => [method, 'invalid_arguments', [`[ERROR] invalid type: ${name}`]]),
    )
  })

  it.each([
    ['conversations.history', { channel: 'C_MESH', inclusive: 'yes' }, 'invalid_arguments'],
    ['conversations.history', { channel: 'C_MESH', limit: 'ten' }, 'invalid_arguments'],
    ['conversations.history', { channel: 'C_MESH', limit: 1000 }, 'invalid_arguments'],
    ['conversations.history', { channel: 'C_MESH', latest: 'now' }, 'invalid_ts_latest'],
    ['conversations.history', { channel: 'C_MESH', oldest: 'yesterday' }, 'invalid_ts_oldest'],
    ['conversations.history', { channel: 'C_MESH', cursor: 'next' }, 'invalid_cursor'],
    ['conversations.history', { channel: 'C_NOWHERE' }, 'channel_not_found'],
    ['conversations.replies', { channel: 'C_MESH', ts: '1.2' }, 'thread_not_found'],
    ['conversations.replies', { channel: 'C_MESH' }, 'invalid_arguments'],
    ['conversations.info', { channel: 'C_MESH', include_num_members: 'many' }, 'invalid_arguments'],
    ['conversations.info', { channel: 'C_NOWHERE' }, 'channel_not_found'],
    ['conversations.open', {}, 'users_list_not_supplied'],
    ['conversations.open', { users: 'U_NOBODY' }, 'user_not_found'],
    ['conversations.open', { users: 'U_GONE' }, 'user_disabled'],
    ['conversations.open', { users: 'A,B,C,D,E,F,G,H,I' }, 'too_many_users'],
    ['conversations.open', { channel: 'C_MESH' }, 'method_not_supported_for_channel_type'],
    ['users.info', { user: 'U_NOBODY' }, 'user_not_found'],
    ['users.info', {}, 'invalid_arguments'],
    ['bots.info', { bot: 'B_OTHER' }, 'bot_not_found'],
    ['usergroups.users.list', { usergroup: 'S_NONE' }, 'no_such_subteam'],
    ['reactions.add', { channel: 'C_MESH', name: 'eyes', timestamp: 'now' }, 'bad_timestamp'],
    ['reactions.add', { channel: 'C_MESH', name: 'not a name', timestamp: '1.2' }, 'invalid_name'],
    ['reactions.add', { channel: 'C_MESH', name: 'eyes', timestamp: '1.2' }, 'message_not_found'],
    ['chat.getPermalink', { channel: 'C_MESH', message_ts: '1.2' }, 'message_not_found'],
    ['chat.delete', { channel: 'C_MESH', ts: '1.2' }, 'message_not_found'],
    ['chat.postEphemeral', { channel: 'C_MESH', user: 'U_NOBODY', text: 'x' }, 'user_not_found'],
    ['files.getUploadURLExternal', { filename: 'x', length: 0 }, 'missing_argument'],
    ['files.getUploadURLExternal', { filename: 'x', length: 1, alt_txt: 'x'.repeat(1001) }, 'alt_txt_too_large'],
    ['files.completeUploadExternal', { files: [{ id: 'F1' }] }, 'file_not_found'],
    ['files.completeUploadExternal', { files: [{ id: 'F1' }], blocks: '[{' }, 'invalid_blocks'],
    ['files.completeUploadExternal', { files: [{ id: 'F1' }], blocks: [] }, 'invalid_blocks'],
    ['files.completeUploadExternal', { files: [{ id: 'F1' }], blocks: [{ type: 'none' }] }, 'invalid_blocks'],
    [
      'files.completeUploadExternal',
      { files: [{ id: 'F1' }], initial_comment: 'x'.repeat(40_001) },
      'invalid_arguments',
    ],
    // The comment goes before the blocks.
    ['files.completeUploadExternal', { files: [{ id: 'F1' }], initial_comment: 'x', blocks: '[{' }, 'file_not_found'],
    ['files.info', { file: 'F1' }, 'file_not_found'],
    ['views.open', { trigger_id: '1.2.3', interactivity_pointer: '1.2.3', view: {} }, 'invalid_arguments'],
    ['views.open', { trigger_id: '1.2.3', view: MODAL }, 'invalid_trigger_id'],
    ['views.open', { view: MODAL }, 'invalid_arguments'],
    [
      'views.open',
      { trigger_id: '1.2.3', view: { ...MODAL, private_metadata: 'x'.repeat(3001) } },
      'invalid_arguments',
    ],
    ['views.open', { trigger_id: '1.2.3', view: { ...MODAL, callback_id: 'x'.repeat(256) } }, 'invalid_arguments'],
    ['views.open', { trigger_id: '1.2.3', view: { ...MODAL, callback_id: 'x'.repeat(260_000) } }, 'view_too_large'],
    ['views.push', { trigger_id: '1.2.3', view: MODAL }, 'invalid_trigger_id'],
    ['views.update', { view_id: 'V1', view: MODAL }, 'not_found'],
    ['views.update', { view: MODAL }, 'invalid_arguments'],
    ['views.publish', { user_id: 'U_NOBODY', view: { type: 'home', blocks: [] } }, 'invalid_arguments'],
    ['views.publish', { user_id: 'U_ONCALL', view: MODAL }, 'invalid_arguments'],
    ['views.publish', { user_id: 'U_ONCALL', hash: 'old', view: { type: 'home', blocks: [] } }, 'hash_conflict'],
  ])('%s refuses %j: %s', async (method, body, error) => {
    const slack = await openSlack({
      people: [
        { id: 'U_ONCALL', name: 'oncall' },
        { id: 'U_GONE', name: 'gone', isDeactivated: true },
      ],
    })
    expect(await call(slack, method, body, slack.botToken)).toMatchObject({ ok: false, error })
  })
})

it('gives no error that Slack does not document, where its list is known, not even when it is told to fail', async () => {
  const slack = await openSlack()
  expect(() => slack.fail.next('auth.test', { error: 'channel_not_found' })).toThrow('documents no error')
  expect(() => slack.fail.next('files.completeUploadExternal', { error: 'is_archived' })).toThrow('documents no error')
  slack.fail.next('auth.test', { error: 'token_revoked' })
  expect(await call(slack, 'auth.test', {}, slack.botToken)).toMatchObject({ error: 'token_revoked' })
})

describe('posting', () => {
  it.each([
    ['an unknown channel', { channel: 'C_NOWHERE', text: 'x' }, 'channel_not_found'],
    ['a channel without the app', { channel: 'C_OTHER', text: 'x' }, 'not_in_channel'],
    ['a private channel without the app', { channel: 'G_SECRET', text: 'x' }, 'channel_not_found'],
    ['an archived channel', { channel: 'C_OLD', text: 'x' }, 'is_archived'],
    ['nothing to say', { channel: 'C_MESH', text: '' }, 'no_text'],
    ['too much text', { channel: 'C_MESH', text: 'x'.repeat(40_001) }, 'msg_too_long'],
    ['no channel', { text: 'x' }, 'invalid_arguments'],
    ['blocks that are no JSON', { channel: 'C_MESH', blocks: '[{' }, 'invalid_blocks_format'],
    [
      'metadata without a type',
      { channel: 'C_MESH', text: 'x', metadata: { event_payload: {} } },
      'invalid_metadata_schema',
    ],
    ['markdown and text', { channel: 'C_MESH', text: 'x', markdown_text: 'x' }, 'markdown_text_conflict'],
  ])('is refused for %s', async (_name, body, error) => {
    const slack = await openSlack({
      channels: [
        { id: 'C_MESH', name: 'mesh' },
        { id: 'C_OTHER', name: 'other', members: ['U_ONCALL'] },
        { id: 'G_SECRET', name: 'secret', kind: 'private', members: ['U_ONCALL'] },
        { id: 'C_OLD', name: 'old', isArchived: true },
      ],
    })
    expect(await call(slack, 'chat.postMessage', body, slack.botToken)).toMatchObject({ ok: false, error })
    expect(slack.messages()).toEqual([])
  })

  it('goes to a direct conversation when a person is named', async () => {
    const slack = await openSlack()
    const { channel } = await clientOf(slack).chat.postMessage({ channel: 'U_SECOND', text: 'to you' })
    const { channel: opened } = await clientOf(slack).conversations.open({ users: 'U_SECOND' })
    expect(opened?.id).toBe(channel)
  })

  it('un-threads a reply to a deleted message, silently', async () => {
    const slack = await openSlack()
    const client = clientOf(slack)
    const { ts } = await client.chat.postMessage({ channel: 'C_MESH', text: 'parent' })
    slack.deleteMessage(ts!)
    const { message } = await client.chat.postMessage({ channel: 'C_MESH', text: 'orphan', thread_ts: ts! })
    expect(message?.thread_ts).toBeUndefined()
    expect(await refusalOf(client.conversations.replies({ channel: 'C_MESH', ts: ts! }))).toBe('thread_not_found')
  })

  it('keeps a thread whose parent was deleted under a tombstone', async () => {
    const slack = await openSlack()
    const client = clientOf(slack)
    const { ts } = await client.chat.postMessage({ channel: 'C_MESH', text: 'parent' })
    await client.chat.postMessage({ channel: 'C_MESH', text: 'reply', thread_ts: ts! })
    slack.deleteMessage(ts!)
    expect(await refusalOf(client.chat.update({ channel: 'C_MESH', ts: ts!, text: 'x' }))).toBe('message_not_found')
    const { messages } = await client.conversations.replies({ channel: 'C_MESH', ts: ts! })
    expect((messages as { subtype?: string; text: string }[]).map(({ subtype, text }) => [subtype, text])).toEqual([
      ['tombstone', 'This message was deleted.'],
      [undefined, 'reply'],
    ])
  })
})

describe('updating', () => {
  it('drops the blocks when only text is given, and keeps metadata', async () => {
    const slack = await openSlack()
    const client = clientOf(slack)
    const metadata = { event_type: 'run', event_payload: { id: 'abc' } }
    const { ts } = await client.chat.postMessage({
      channel: 'C_MESH',
      text: 'a',
      blocks: [{ type: 'divider' }],
      metadata,
    })
    await client.chat.update({ channel: 'C_MESH', ts: ts!, text: 'b' })
    expect(slack.message('C_MESH', ts!)).toMatchObject({ text: 'b', blocks: [], metadata })
    expect(await refusalOf(client.chat.update({ channel: 'C_MESH', ts: ts!, text: 'x'.repeat(4_001) }))).toBe(
      'msg_too_long',
    )
  })

  it('is refused for the messages of others', async () => {
    const slack = await openSlack()
    const { ts } = await slack.say('mine')
    expect(await refusalOf(clientOf(slack).chat.update({ channel: 'C_MESH', ts, text: 'x' }))).toBe(
      'cant_update_message',
    )
    expect(await refusalOf(clientOf(slack).chat.delete({ channel: 'C_MESH', ts }))).toBe('cant_delete_message')
  })
})

describe('reading', () => {
  it('pages through a thread, with metadata when asked', async () => {
    const slack = await openSlack()
    const client = clientOf(slack)
    const { ts } = await client.chat.postMessage({
      channel: 'C_MESH',
      text: '0',
      metadata: { event_type: 'run', event_payload: { id: 1 } },
    })
    for (const text of ['1', '2', '3', '4']) await client.chat.postMessage({ channel: 'C_MESH', text, thread_ts: ts! })
    const seen: unknown[] = []
    for await (const page of client.paginate('conversations.replies', {
      channel: 'C_MESH',
      ts: ts!,
      limit: 2,
      include_all_metadata: true,
    })) {
      seen.push(
        ...(page as unknown as { messages: { text: string; metadata?: unknown }[] }).messages.map(
          ({ text, metadata }) => [text, metadata !== undefined],
        ),
      )
    }
    expect(seen).toEqual([
      ['0', true],
      ['1', false],
      ['2', false],
      ['3', false],
      ['4', false],
    ])
    const { messages } = await client.conversations.history({ channel: 'C_MESH' })
    expect(messages?.map(({ text, reply_count, metadata }) => [text, reply_count, metadata])).toEqual([
      ['0', 4, undefined],
    ])
    const third = slack.thread('C_MESH', ts!)[2]!.ts
    const { messages: later } = await client.conversations.replies({ channel: 'C_MESH', ts: ts!, oldest: third })
    expect(later?.map(({ text }) => text)).toEqual(['3', '4'])
  })

  it('needs membership and the scope for that kind of channel', async () => {
    const slack = await openSlack()
    slack.leave('C_MESH', 'U_MEDIC')
    expect(await refusalOf(clientOf(slack).conversations.history({ channel: 'C_MESH' }))).toBe('not_in_channel')
    slack.withoutScope('channels:history')
    expect(await refusalOf(clientOf(slack).conversations.history({ channel: 'C_MESH' }))).toBe('missing_scope')
  })

  it('knows people, groups, bots, channels and links', async () => {
    const slack = await openSlack({ groups: [{ id: 'S_OWNERS', handle: 'mesh-owners', users: ['U_SECOND'] }] })
    const client = clientOf(slack)
    expect((await client.users.info({ user: 'U_ONCALL' })).user?.name).toBe('oncall')
    expect((await client.usergroups.users.list({ usergroup: 'S_OWNERS' })).users).toEqual(['U_SECOND'])
    expect((await client.bots.info({ bot: 'B_MEDIC' })).bot?.user_id).toBe('U_MEDIC')
    expect((await client.conversations.info({ channel: 'C_MESH' })).channel).toMatchObject({
      name: 'mesh',
      is_member: true,
      is_private: false,
    })
    const { ts } = await client.chat.postMessage({ channel: 'C_MESH', text: 'x' })
    expect((await client.chat.getPermalink({ channel: 'C_MESH', message_ts: ts! })).permalink).toContain(
      `/archives/C_MESH/p${ts!.replace('.', '')}`,
    )
    await client.reactions.add({ channel: 'C_MESH', timestamp: ts!, name: 'eyes' })
    expect(await refusalOf(client.reactions.add({ channel: 'C_MESH', timestamp: ts!, name: 'eyes' }))).toBe(
      'already_reacted',
    )
    expect(await refusalOf(client.chat.postEphemeral({ channel: 'C_MESH', user: 'U_NOBODY', text: 'x' }))).toBe(
      'user_not_found',
    )
  })
})
