import { expect, it } from 'vitest'

import { clientOf, closeAfterEach, openSlack, refusalOf } from './bolt-app.ts'

closeAfterEach()

it('takes a file into a thread from the real client', async () => {
  const slack = await openSlack()
  const client = clientOf(slack)
  const { ts } = await client.chat.postMessage({ channel: 'C_MESH', text: 'a diagnosis' })
  const bytes = Buffer.from([0, 13, 10, 13, 10, 45, 45, 255])
  await client.filesUploadV2({
    channel_id: 'C_MESH',
    thread_ts: ts!,
    filename: 'trace.pcap',
    title: 'The capture',
    file: bytes,
    initial_comment: 'packets',
  })
  const [file] = slack.files()
  expect(file).toMatchObject({ name: 'trace.pcap', title: 'The capture', mimetype: 'application/vnd.tcpdump.pcap' })
  expect(file!.bytes.equals(bytes)).toBe(true)
  const [, reply] = slack.thread('C_MESH', ts!)
  expect(reply).toMatchObject({ text: 'packets', threadTs: ts, files: [{ id: file!.id }] })
  const info = await client.files.info({ file: file!.id })
  expect(info.file?.shares?.public).toEqual({ C_MESH: [{ ts: reply!.ts, thread_ts: ts }] })
})

it('takes several files as one message, and text as content', async () => {
  const slack = await openSlack()
  await clientOf(slack).filesUploadV2({
    channel_id: 'C_MESH',
    initial_comment: 'both',
    file_uploads: [
      { content: 'a: 1', filename: 'a.yaml' },
      { content: '{}', filename: 'b.json' },
    ],
  })
  expect(slack.messages()).toHaveLength(1)
  expect(slack.messages()[0]!.files.map((file) => [file.name, file.bytes.toString()])).toEqual([
    ['a.yaml', 'a: 1'],
    ['b.json', '{}'],
  ])
})

it('needs membership where posting does not, and the id of a channel', async () => {
  const slack = await openSlack({
    channels: [
      { id: 'C_OTHER', name: 'other', members: ['U_ONCALL'] },
      { id: 'C_OLD', name: 'old', isArchived: true },
    ],
    scopes: ['chat:write', 'chat:write.public', 'files:write'],
  })
  const client = clientOf(slack)
  expect(await refusalOf(client.chat.postMessage({ channel: 'C_OTHER', text: 'hello' }))).toBeUndefined()
  expect(await refusalOf(client.filesUploadV2({ channel_id: 'C_OTHER', filename: 'a.txt', content: 'a' }))).toBe(
    'not_in_channel',
  )
  expect(await refusalOf(client.filesUploadV2({ channel_id: 'C_OLD', filename: 'a.txt', content: 'a' }))).toBe(
    'posting_to_channel_denied',
  )
  expect(await refusalOf(client.filesUploadV2({ channel_id: '#other', filename: 'a.txt', content: 'a' }))).toBe(
    'channel_not_found',
  )
})

it('refuses an upload of another length than announced', async () => {
  const slack = await openSlack()
  const { upload_url, file_id } = await clientOf(slack).files.getUploadURLExternal({ filename: 'a.txt', length: 3 })
  expect((await fetch(upload_url!, { method: 'POST', body: 'four' })).status).toBe(400)
  expect(
    await refusalOf(clientOf(slack).files.completeUploadExternal({ files: [{ id: file_id! }], channel_id: 'C_MESH' })),
  ).toBe('file_not_found')
})
