import { checkMessageContent, type MessageContent } from '../message-content.ts'
import { fileJson } from '../message-json.ts'
import type { StoredFile } from '../records.ts'
import { Refusal, refusalWithReasons } from '../refusal.ts'
import { isFields } from '../../../mesh/fields.ts'
import { type Arguments } from './arguments.ts'
import { findShareable } from './channel-access.ts'
import type { MethodFamily } from './method.ts'

/** 1 GB, the most that Slack takes as one file. */
const MAX_FILE_BYTES = 1024 ** 3

/** "Description for the image is longer than the limit of 1000 character" (alt_txt_too_large). */
const MAX_ALT_TEXT = 1000

const MIME_TYPES: Readonly<Record<string, string>> = {
  csv: 'text/csv',
  gz: 'application/gzip',
  html: 'text/html',
  json: 'application/json',
  log: 'text/plain',
  md: 'text/markdown',
  pcap: 'application/vnd.tcpdump.pcap',
  png: 'image/png',
  svg: 'image/svg+xml',
  tgz: 'application/gzip',
  txt: 'text/plain',
  yaml: 'text/yaml',
  yml: 'text/yaml',
  zip: 'application/zip',
}

const mimetypeOf = (name: string): string =>
  MIME_TYPES[name.split('.').at(-1)?.toLowerCase() ?? ''] ?? 'application/octet-stream'

/** The `files` argument: ids with optional titles. */
const filesOf = (args: Arguments): readonly { readonly id: string; readonly title?: string }[] => {
  const given = args.json('files', 'invalid_arguments')
  if (!Array.isArray(given) || given.length === 0)
    throw refusalWithReasons('invalid_arguments', ['missing required field: files'])
  return given.map((file: unknown) => {
    if (!isFields(file) || typeof file.id !== 'string')
      throw refusalWithReasons('invalid_arguments', ['must have an id [json-pointer:/files]'])
    return { id: file.id, ...(typeof file.title === 'string' ? { title: file.title } : {}) }
  })
}

/**
 * What is said beside files. "If the initial_comment field is provided, the blocks field is ignored."
 * @throws Refusal `invalid_blocks`, `invalid_arguments`: no other error of a message is documented here
 */
const saidBeside = (args: Arguments): MessageContent => {
  const comment = args.text('initial_comment')
  const blocks = comment === undefined ? args.json('blocks', 'invalid_blocks') : undefined
  if (blocks === undefined && comment === undefined) return { text: '', blocks: [], attachments: [] }
  try {
    return checkMessageContent({ text: comment, blocks })
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    throw new Refusal(comment === undefined ? 'invalid_blocks' : 'invalid_arguments', error.facts)
  }
}

export const files: MethodFamily = {
  'files.getUploadURLExternal': {
    token: 'bot',
    scopes: ['files:write'],
    run(args, here) {
      const name = args.required('filename')
      const length = args.number('length', { otherwise: 0, min: 0, max: MAX_FILE_BYTES })
      if (length === 0) throw new Refusal('missing_argument')
      const altText = args.text('alt_txt')
      if ((altText?.length ?? 0) > MAX_ALT_TEXT) throw new Refusal('alt_txt_too_large')
      const id = here.uploads.announce({ name, length, ...(altText === undefined ? {} : { altText }) })
      return { upload_url: `${here.origin}/upload/${id}`, file_id: id }
    },
  },
  'files.completeUploadExternal': {
    token: 'bot',
    scopes: ['files:write'],
    run(args, here) {
      const asked = filesOf(args)
      if (args.has('channels'))
        throw refusalWithReasons('invalid_arguments', ['the stand-in shares a file in one channel only: channel_id'])
      const channelId = args.text('channel_id')
      const channel = channelId === undefined ? undefined : findShareable(here, channelId)
      const said = saidBeside(args)
      const stored = asked.map(({ id, title }): StoredFile => {
        const upload = here.uploads.complete(id)
        const altText = upload.altText === undefined ? {} : { altText: upload.altText }
        return {
          id,
          name: upload.name,
          title: title ?? upload.name,
          mimetype: mimetypeOf(upload.name),
          bytes: upload.bytes,
          sharedIn: [],
          ...altText,
        }
      })
      for (const file of stored) here.workspace.keepFile(file)
      if (channel !== undefined) {
        const threadTs = args.text('thread_ts')
        const { userId, botId } = here.workspace.app
        here.workspace.postFiles(
          { ...said, channel: channel.id, user: userId, botId, ...(threadTs === undefined ? {} : { threadTs }) },
          stored,
        )
      }
      return { files: stored.map((file) => ({ id: file.id, title: file.title })) }
    },
  },
  'files.info': {
    token: 'bot',
    scopes: ['files:read'],
    run(args, here) {
      const file = here.workspace.file(args.required('file'))
      if (file === undefined) throw new Refusal('file_not_found')
      const isPublic = (channel: string) => here.workspace.channels.get(channel)?.kind === 'public'
      const shares = (wanted: boolean) =>
        Object.fromEntries(
          file.sharedIn
            .filter(({ channel }) => isPublic(channel) === wanted)
            .map(({ channel, ts, threadTs }) => [
              channel,
              [{ ts, ...(threadTs === undefined ? {} : { thread_ts: threadTs }) }],
            ]),
        )
      return { file: { ...fileJson(file), shares: { public: shares(true), private: shares(false) } } }
    },
  },
}
