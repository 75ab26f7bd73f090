import type { Log } from '../../queue/log.ts'
import type { SlackMessage } from '../blocks/rich.ts'
import type { SlackCalls } from '../transport/calls.ts'
import { sendAnyway, type Content } from '../transport/refused-blocks.ts'
import type { Respond, Response } from '../transport/respond.ts'
import { defined } from '../../mesh/defined.ts'

/** Somebody who asked for something, and the ways to answer. */
export interface Asking {
  user: string
  team?: string | undefined
  channel: string
  /** The thread it was asked in, if any; the answer goes there. */
  thread?: string | undefined
  /** Answers through the response_url, where the request had one: it works in channels the app is not in. */
  respond?: Respond | undefined
  /** What Slack gives this request once: what it begins has an id made of it, so that it begins once. */
  request?: string | undefined
}

/** Milliseconds before the response_url is tried once more. */
const AGAIN = 400

/**
 * Tells only the person who asked: in a thread by an ephemeral message, elsewhere by the response_url; then by the other, else directly. Never rejects.
 *
 * A response_url has no documented way into a thread for what one person alone sees, so that what it answers stands in the channel.
 */
export async function tell(
  { slack, log }: { slack: SlackCalls; log: Log },
  asking: Asking,
  message: SlackMessage,
): Promise<void> {
  const { user, channel, thread, respond } = asking
  const answer: Response = {
    text: message.text,
    blocks: message.blocks,
    response_type: 'ephemeral',
    replace_original: false,
  }
  const ephemeral = (client: SlackCalls['client'], told: Content): Promise<unknown> =>
    client.chat.postEphemeral({ channel, user, ...told, ...defined({ thread_ts: thread }) })
  const ways: (() => Promise<unknown>)[] = [
    ...(respond === undefined || thread === undefined
      ? []
      : [() => sendAnyway(log, { channel, user }, message, (told) => ephemeral(slack.client, told))]),
    ...(respond === undefined
      ? []
      : [
          () => respond(answer),
          async () => {
            await new Promise((resolve) => setTimeout(resolve, AGAIN))
            return respond(answer)
          },
        ]),
    () =>
      sendAnyway(log, { channel, user }, message, (told) =>
        slack.patiently('chat.postEphemeral', (client) => ephemeral(client, told)),
      ),
    () =>
      sendAnyway(log, { user }, message, (told) =>
        slack.patiently('chat.postMessage', async (client) => {
          await slack.pacer.turn(user)
          return client.chat.postMessage({ channel: user, ...told })
        }),
      ),
  ]
  for (const way of ways) {
    try {
      await way()
      return
    } catch (err) {
      log.warn({ err, channel, user }, 'an answer to a person was not delivered; trying another way')
    }
  }
  log.error({ channel, user }, 'a person could not be answered')
}
