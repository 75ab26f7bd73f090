import { WebAPIPlatformError } from '@slack/web-api'
import { UserError } from '../../mesh/user-error.ts'
import type { AnswerFile } from '../answers/file.ts'
import type { SlackMessage } from '../blocks/rich.ts'
import type { SlackDeps } from '../deps.ts'
import { sendAnyway } from '../transport/refused-blocks.ts'
import { upload } from '../transport/upload.ts'

/**
 * Sends files to one person, in the thread of a direct message.
 * @throws UserError when Slack does not let the bot write to them
 */
export async function sendPrivately(
  { slack, log }: Pick<SlackDeps, 'slack' | 'log'>,
  user: string,
  message: SlackMessage,
  files: readonly AnswerFile[],
): Promise<void> {
  try {
    const { channel, ts } = await sendAnyway(log, { user }, message, (content) =>
      slack.patiently('chat.postMessage', async (client) => {
        await slack.pacer.turn(user)
        return client.chat.postMessage({ channel: user, ...content })
      }),
    )
    // A user's id is taken for a message and not for a file: the answer names the conversation.
    if (channel === undefined) throw new UserError({ why: 'Slack does not say where it put a message to you.' })
    for (const file of files)
      await slack.patiently('files.upload', (client) => upload(client, { channel, thread: ts, ...file }))
  } catch (error) {
    if (!(error instanceof WebAPIPlatformError)) throw error
    throw new UserError(
      {
        why: `Slack does not let the bot write to you directly (${error.data.error}).`,
        remedies: ["Ask the app's administrator to allow messages on the app's Messages tab."],
      },
      { cause: error },
    )
  }
}
