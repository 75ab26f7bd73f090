import type { ChatPostMessageResponse, ConversationsHistoryResponse } from '@slack/web-api'
import { setTimeout as pause } from 'node:timers/promises'
import type { Log } from '../../queue/log.ts'
import { confirmPost, intendPost } from '../../store/posts.ts'
import type { Records } from '../../store/records.ts'
import type { SlackMessage } from '../blocks/rich.ts'
import type { SlackCalls } from '../transport/calls.ts'
import { ChannelClosedError, MessageGoneError, SlackUnavailableError } from '../transport/slack-trouble.ts'
import { defined } from '../../mesh/defined.ts'

/** Marks each message of a run, so that another worker finds it. */
export const PART_EVENT = 'mesh_medic_part'

/** Where a message goes; `since` (a `ts`) is before all that the run posted. */
export interface Place {
  channel: string
  /** `ts` of the thread's parent. */
  thread?: string | undefined
  since: string
}

/** Pages that are looked through for a message that may be there already. */
const PAGES = 10
const UNDER_WAY = 1500

type Found = NonNullable<ConversationsHistoryResponse['messages']>[number]

/** Puts the messages of runs into Slack, each exactly once, whichever workers try. */
export class Posts {
  private readonly slack: SlackCalls
  private readonly records: Records
  private readonly log: Log
  private readonly underWay: number

  /** @param underWay milliseconds that a post of a worker that was thought dead may take yet */
  constructor({
    slack,
    records,
    log,
    underWay = UNDER_WAY,
  }: {
    slack: SlackCalls
    records: Records
    log: Log
    underWay?: number
  }) {
    this.slack = slack
    this.records = records
    this.log = log
    this.underWay = underWay
  }

  /**
   * Posts one part of a run unless it is posted already.
   * @returns its `ts`
   * @throws MessageGoneError when the thread is gone, ChannelClosedError
   */
  async message(run: string, part: string, place: Place, message: SlackMessage): Promise<string> {
    const find = async (): Promise<string | undefined> =>
      (await this.find(place, ({ metadata }) => isPart(metadata, run, part)))?.ts
    return this.exactlyOnce(run, part, find, async () => this.post(run, part, place, message))
  }

  /** Uploads one file of a run into its thread unless it is there already. */
  async file(
    run: string,
    part: string,
    place: Place,
    file: { name: string; title: string; content: string | Buffer; altText?: string },
  ): Promise<void> {
    const find = async (): Promise<string | undefined> =>
      (await this.find(place, ({ files = [] }) => files.some(({ name }) => name === file.name)))?.ts
    await this.exactlyOnce(run, part, find, () =>
      this.slack.patiently(
        'files.upload',
        async (client) => {
          const content = typeof file.content === 'string' ? { content: file.content } : { file: file.content }
          const upload = {
            channel_id: place.channel,
            filename: file.name,
            title: file.title,
            ...content,
            ...defined({ alt_text: file.altText }),
          }
          await client.filesUploadV2(place.thread === undefined ? upload : { ...upload, thread_ts: place.thread })
          return 'uploaded'
        },
        find,
      ),
    )
  }

  /** Says what a posted part shows now. @throws MessageGoneError, ChannelClosedError */
  async update(channel: string, ts: string, message: SlackMessage): Promise<void> {
    await this.slack.patiently('chat.update', (client) => client.chat.update({ channel, ts, ...contentOf(message) }))
  }

  private async exactlyOnce(
    run: string,
    part: string,
    find: () => Promise<string | undefined>,
    act: () => Promise<string>,
  ): Promise<string> {
    const { fresh, post } = await intendPost(this.records, run, part)
    if (post.ts !== undefined) return post.ts
    const ts = (fresh ? undefined : await this.findOfAnother(find)) ?? (await act())
    await confirmPost(this.records, run, part, { ts })
    return ts
  }

  private async findOfAnother(find: () => Promise<string | undefined>): Promise<string | undefined> {
    const found = await find()
    if (found !== undefined) return found
    await pause(this.underWay)
    return find()
  }

  private async post(run: string, part: string, place: Place, message: SlackMessage): Promise<string> {
    const find = async (): Promise<ChatPostMessageResponse | undefined> => {
      const found = await this.find(place, ({ metadata }) => isPart(metadata, run, part))
      return found?.ts === undefined
        ? undefined
        : { ok: true, ts: found.ts, message: { thread_ts: place.thread ?? '' } }
    }
    const metadata = { event_type: PART_EVENT, event_payload: { run, part } }
    const to = { channel: place.channel, ...defined({ thread_ts: place.thread }) }
    const posted = await this.slack.patiently(
      'chat.postMessage',
      (client) =>
        client.chat.postMessage({ ...to, ...contentOf(message), metadata, unfurl_links: false, unfurl_media: false }),
      find,
    )
    const { ts } = posted
    if (ts === undefined) throw new SlackUnavailableError('Slack gave no ts for a message.')
    // Slack makes a reply to a parent that is gone a message of the channel.
    if (place.thread !== undefined && posted.message?.thread_ts === undefined) {
      await this.slack.patiently('chat.delete', (client) => client.chat.delete({ channel: place.channel, ts }))
      throw new MessageGoneError('the thread is gone')
    }
    return ts
  }

  /** The message in a place that `is` the one; undefined when it is not there or may not be looked for. */
  private async find({ channel, thread, since }: Place, is: (message: Found) => boolean): Promise<Found | undefined> {
    let cursor: string | undefined
    for (let page = 0; page < PAGES; page += 1) {
      const more = { limit: 200, include_all_metadata: true, ...defined({ cursor }) }
      let answer: ConversationsHistoryResponse
      try {
        answer = await this.slack.patiently('conversations', (client): Promise<ConversationsHistoryResponse> =>
          thread === undefined
            ? client.conversations.history({ channel, oldest: since, ...more })
            : client.conversations.replies({ channel, ts: thread, ...more }),
        )
      } catch (error) {
        if (error instanceof SlackUnavailableError) throw error
        if (!(error instanceof MessageGoneError || error instanceof ChannelClosedError))
          this.log.warn({ err: error, channel }, 'could not look for a message that may be posted already')
        return undefined
      }
      const found = answer.messages?.find(is)
      if (found !== undefined) return found
      cursor = answer.response_metadata?.next_cursor
      if (cursor === undefined || cursor === '') return undefined
    }
    return undefined
  }
}

const contentOf = ({ text, blocks }: SlackMessage): Pick<SlackMessage, 'text' | 'blocks'> => ({ text, blocks })

function isPart(metadata: Found['metadata'], run: string, part: string): boolean {
  const payload = metadata?.event_payload as { run?: unknown; part?: unknown } | undefined
  return metadata?.event_type === PART_EVENT && payload?.run === run && payload.part === part
}
