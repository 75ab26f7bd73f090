import { checkBlocks } from './block-rules/check-blocks.ts'
import { tableCount } from './block-rules/whole.ts'
import type { Block, Fields, MessageMetadata } from './records.ts'
import { Refusal, refusalWithReasons } from './refusal.ts'
import { isFields } from '../../mesh/fields.ts'

/** What a message says, after every rule was kept. */
export interface MessageContent {
  readonly text: string
  readonly blocks: readonly Block[]
  readonly attachments: readonly Fields[]
}

/** "We truncate messages containing more than 40,000 characters" (chat.postMessage); strictly: refused. */
export const MAX_TEXT = 40_000

/** Attachments a message may have (chat.postMessage: `too_many_attachments`). */
const MAX_ATTACHMENTS = 100

/**
 * Checks what a message is to say.
 * @param body with decoded `text`, `blocks`, `attachments`, `markdown_text`
 * @throws Refusal `no_text`, `msg_too_long`, `invalid_blocks`, `invalid_blocks_format`, `msg_blocks_too_long`,
 *   `markdown_text_conflict`, `invalid_attachments`, `too_many_attachments`
 */
export const checkMessageContent = (body: Fields, maxText = MAX_TEXT): MessageContent => {
  const text = typeof body.text === 'string' ? body.text : ''
  const markdown = typeof body.markdown_text === 'string' ? body.markdown_text : ''
  if (markdown !== '' && (text !== '' || body.blocks !== undefined)) throw new Refusal('markdown_text_conflict')
  const blocks = body.blocks === undefined || body.blocks === null ? [] : checkBlocks(body.blocks)
  const attachments = checkAttachments(body.attachments)
  if (tableCount([...blocks, ...attachments]) > 1)
    throw refusalWithReasons('invalid_attachments', ['only_one_table_allowed'])
  if (text.trim() === '' && markdown === '' && blocks.length === 0 && attachments.length === 0)
    throw new Refusal('no_text')
  if (text.length > maxText || markdown.length > 12_000) throw new Refusal('msg_too_long')
  return { text: markdown === '' ? text : markdown, blocks, attachments }
}

const checkAttachments = (value: unknown): readonly Fields[] => {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value) || !value.every(isFields)) throw new Refusal('invalid_attachments')
  if (value.length > MAX_ATTACHMENTS) throw new Refusal('too_many_attachments')
  return value.map((attachment: Fields) =>
    attachment.blocks === undefined ? attachment : { ...attachment, blocks: checkBlocks(attachment.blocks) },
  )
}

/**
 * Checks message metadata.
 * @throws Refusal `invalid_metadata_format` or `invalid_metadata_schema`
 */
export const checkMetadata = (value: unknown): MessageMetadata | undefined => {
  if (value === undefined || value === null) return undefined
  if (!isFields(value)) throw new Refusal('invalid_metadata_format')
  if (Object.keys(value).length === 0) return undefined
  const { event_type, event_payload } = value
  if (typeof event_type !== 'string' || event_type === '' || !isFields(event_payload)) {
    throw refusalWithReasons('invalid_metadata_schema', [
      'event_type and event_payload are required [json-pointer:/metadata]',
    ])
  }
  return { event_type, event_payload }
}
