import { setTimeout as pause } from 'node:timers/promises'
import { WebAPIPlatformError } from '@slack/web-api'
import type { Log } from '../../queue/log.ts'
import { withoutFormatting } from '../blocks/plain-text.ts'
import type { SlackMessage } from '../blocks/rich.ts'

/** What Slack says of a message whose content it does not take. */
const REFUSED: ReadonlySet<string> = new Set([
  'invalid_blocks',
  'invalid_blocks_format',
  'msg_blocks_too_long',
  'msg_too_long',
  'invalid_attachments',
  'block_mismatch',
])

/** Milliseconds until a picture is tried again. */
const PICTURE_WAIT = 2000

/** How a message is sent. */
export interface SendingOptions {
  /** Milliseconds until a picture is tried again. */
  pictureWait?: number
  instead?: (() => Promise<SlackMessage>) | undefined
}

/** The content of a message as the Web API takes it. */
export type Content = Partial<Pick<SlackMessage, 'blocks'>> & Pick<SlackMessage, 'text'>

const isRefused = (error: unknown): error is WebAPIPlatformError =>
  error instanceof WebAPIPlatformError && REFUSED.has(error.data.error)

/** Where in the message Slack sees the fault: `/blocks/3/text/text`. */
function pathsOf({ data }: WebAPIPlatformError): string[] {
  const { response_metadata: { messages = [] } = {} } = data as { response_metadata?: { messages?: string[] } }
  return messages.map((one) => /\[json-pointer:([^\]]+)\]/.exec(one)?.[1] ?? one)
}

/**
 * Sends a message; where Slack refuses its content, without formatting, and then its text alone: a mistake in one block must not cost the answer.
 * @param about for the log
 * @param instead another form of the message that is tried first where the first is refused; a workspace may not have a kind of block yet
 */
export async function sendAnyway<T>(
  log: Log,
  about: Readonly<Record<string, unknown>>,
  message: SlackMessage,
  send: (content: Content) => Promise<T>,
  { pictureWait = PICTURE_WAIT, instead }: SendingOptions = {},
): Promise<T> {
  if (instead !== undefined) {
    try {
      return await send({ text: message.text, blocks: message.blocks })
    } catch (error) {
      if (!isRefused(error)) throw error
      log.warn(
        { ...about, reason: error.data.error, paths: pathsOf(error) },
        'Slack refused a message; it is sent in another form',
      )
    }
    return sendAnyway(log, about, await instead(), send, { pictureWait })
  }
  const { text, blocks } = message
  const plain = withoutFormatting(message)
  const withoutPictures = blocks.filter(({ type }) => type !== 'image')
  const ways: readonly Content[] = [
    { text, blocks },
    // Slack refuses a picture also while it still looks at the file that was uploaded.
    ...(withoutPictures.length < blocks.length
      ? [
          { text, blocks },
          { text, blocks: withoutPictures },
        ]
      : []),
    plain,
    { text: plain.text, blocks: [] },
  ]
  for (const [at, content] of ways.entries()) {
    try {
      return await send(content)
    } catch (error) {
      if (!isRefused(error) || at === ways.length - 1) throw error
      log.error(
        { err: error, ...about, reason: error.data.error, paths: pathsOf(error) },
        'Slack refused a message; it is sent in a simpler form',
      )
      if (ways[at + 1]?.blocks === blocks) await pause(pictureWait)
    }
  }
  throw new TypeError('nothing was sent')
}
