import type { WebClient } from '@slack/web-api'
import { defined } from '../../mesh/defined.ts'
import { LostCallError } from './slack-trouble.ts'

/** A file, for a channel or thread, or for a block of a message. */
export interface Upload {
  /** Absent: it is shared nowhere. */
  channel?: string
  /** `ts` of the thread's parent. */
  thread?: string | undefined
  name: string
  title: string
  content: string | Buffer
  /** What a picture shows, for those who cannot see it. */
  altText?: string | undefined
}

/**
 * Uploads one file: announces it, sends its bytes, shares it. `filesUploadV2` of Slack's library sends the alternative text under a name
 * that Slack does not document (`alt_text` for `alt_txt`), so that it would be lost.
 * @returns its id
 * @throws LostCallError when Slack's file server did not take the bytes, or Slack's own errors
 * @see https://docs.slack.dev/reference/methods/files.getUploadURLExternal
 */
export async function upload(client: WebClient, file: Upload): Promise<string> {
  const bytes = Buffer.from(file.content)
  const announced = await client.apiCall('files.getUploadURLExternal', {
    filename: file.name,
    length: bytes.length,
    ...defined({ alt_txt: file.altText }),
  })
  const { upload_url: url, file_id: id } = announced as { upload_url?: string; file_id?: string }
  if (url === undefined || id === undefined) throw new LostCallError('Slack returned no address for a file.')
  await send(url, bytes)
  const files: [{ id: string; title: string }] = [{ id, title: file.title }]
  await (file.channel === undefined
    ? client.files.completeUploadExternal({ files })
    : client.files.completeUploadExternal(
        file.thread === undefined
          ? { files, channel_id: file.channel }
          : { files, channel_id: file.channel, thread_ts: file.thread },
      ))
  return id
}

/** Milliseconds that sending a file may take. */
const SEND_WITHIN = 30_000

async function send(url: string, bytes: Buffer): Promise<void> {
  let answer: Response
  try {
    answer = await fetch(url, { method: 'POST', body: new Uint8Array(bytes), signal: AbortSignal.timeout(SEND_WITHIN) })
  } catch (error) {
    throw new LostCallError('A file did not reach Slack.', { cause: error })
  }
  await answer.body?.cancel()
  if (!answer.ok) throw new LostCallError(`Slack's file server answered ${answer.status}.`)
}
