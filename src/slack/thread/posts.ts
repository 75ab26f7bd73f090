import type { ChatPostMessageResponse, ConversationsHistoryResponse, WebClient } from '@slack/web-api'
import { setTimeout as pause } from 'node:timers/promises'
import type { Log } from '../../queue/log.ts'
import { opaqueId } from '../../store/opaque-id.ts'
import {
  abandonPost,
  confirmPost,
  intendPost,
  readPost,
  renewPost,
  takeOverPost,
  type PostRecord,
} from '../../store/posts.ts'
import type { Records } from '../../store/records.ts'
import type { SlackMessage } from '../blocks/rich.ts'
import type { SlackCalls } from '../transport/calls.ts'
import { sendAnyway } from '../transport/refused-blocks.ts'
import { upload } from '../transport/upload.ts'
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
/** Longer than a request to Slack may take: a post that was begun before is there by then, or never will be. */
const UNDER_WAY = 12_000
/** Milliseconds between looks whether another process has posted what it was about to. */
const LOOK_EVERY = 50

/** Another process posts it now. */
class TakenOverError extends Error {}

type Found = NonNullable<ConversationsHistoryResponse['messages']>[number]

/** Puts the messages of runs into Slack, each exactly once, whichever workers try. */
export class Posts {
  private readonly slack: SlackCalls
  private readonly records: Records
  private readonly log: Log
  private readonly underWay: number
  /** Tells this process's posts from those of others. */
  private readonly by = opaqueId()

  /** @param underWay milliseconds that a post which another process began may take */
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

  /** Says that this process will post a part with `message`; others wait for it from now on. @returns false when another one said so before */
  async intend(run: string, part: string): Promise<boolean> {
    return (await intendPost(this.records, run, part, this.by)).fresh
  }

  /**
   * Posts one part of a run unless it is posted already.
   * @param isIntended when intend() returned true for it
   * @param instead another form of the message, for where Slack refuses the first
   * @returns its `ts`
   * @throws MessageGoneError when the thread is gone, ChannelClosedError
   */
  async message(
    run: string,
    part: string,
    place: Place,
    message: SlackMessage,
    { isIntended = false, instead }: { isIntended?: boolean; instead?: (() => Promise<SlackMessage>) | undefined } = {},
  ): Promise<string> {
    const find = async (): Promise<string | undefined> =>
      (await this.find(place, ({ metadata }) => isPart(metadata, run, part)))?.ts
    const act = (): Promise<string> => this.post(run, part, place, message, instead)
    return this.exactlyOnce(run, part, find, act, isIntended)
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
        this.whileOurs(run, part, async (client) => {
          await upload(client, { channel: place.channel, thread: place.thread, ...file })
          return 'uploaded'
        }),
        find,
      ),
    )
  }

  /** Uploads a file that a block of a message shows. @returns its id */
  async fileForBlock(file: {
    name: string
    title: string
    content: string | Buffer
    altText?: string
  }): Promise<string> {
    return this.slack.patiently('files.upload', (client) => upload(client, file))
  }

  /** Says what a posted part shows now. @throws MessageGoneError, ChannelClosedError */
  async update(channel: string, ts: string, message: SlackMessage): Promise<void> {
    await sendAnyway(this.log, { channel, ts }, message, (content) =>
      this.slack.patiently('chat.update', (client) => client.chat.update({ channel, ts, ...content })),
    )
  }

  private async exactlyOnce(
    run: string,
    part: string,
    find: () => Promise<string | undefined>,
    act: () => Promise<string>,
    isIntended = false,
  ): Promise<string> {
    const { fresh, post } = isIntended
      ? { fresh: true, post: undefined }
      : await intendPost(this.records, run, part, this.by)
    if (post?.ts !== undefined) return post.ts
    let ts = fresh ? await this.unlessTakenOver(run, part, act) : undefined
    while (ts === undefined) {
      const other = await this.postOfAnother(run, part)
      if (other.ts !== undefined) return other.ts
      if (!(await takeOverPost(this.records, run, part, { by: this.by, seen: other }))) continue
      ts = await this.unlessTakenOver(run, part, async () => (await find()) ?? act())
    }
    return ts
  }

  /** Posts and says so. @returns undefined when another process took the post over while Slack kept us waiting */
  private async unlessTakenOver(run: string, part: string, act: () => Promise<string>): Promise<string | undefined> {
    try {
      const ts = await act()
      await confirmPost(this.records, run, part, { ts })
      return ts
    } catch (error) {
      if (error instanceof TakenOverError) return undefined
      // A store that is away keeps the intention; another process waits for it as long as a post may take.
      await abandonPost(this.records, run, part).catch(() => undefined)
      throw error
    }
  }

  /** Waits for the process that intended a post, as long as its request to Slack may take. @returns what is known of the post then */
  private async postOfAnother(run: string, part: string): Promise<PostRecord> {
    const begun = Date.now()
    for (;;) {
      const post = (await readPost(this.records, run, part)) ?? { state: 'intended' }
      const { ts, state, at } = post
      // The other process's clock may be ahead.
      const since = Math.min(at === undefined ? begun : Date.parse(at), Date.now())
      if (ts !== undefined || state === 'abandoned' || Date.now() - since >= this.underWay) return post
      await pause(Math.min(LOOK_EVERY, this.underWay))
    }
  }

  /** A call for a post that is ours: before each further try, it looks whether it still is. */
  private whileOurs<T>(run: string, part: string, call: (client: WebClient) => Promise<T>) {
    let tries = 0
    return async (client: WebClient): Promise<T> => {
      tries += 1
      if (tries > 1) await this.renew(run, part)
      return call(client)
    }
  }

  /** Says that a post is still ours to make. @throws TakenOverError when it is not any more */
  private async renew(run: string, part: string): Promise<void> {
    if (!(await renewPost(this.records, run, part, this.by))) throw new TakenOverError()
  }

  private async post(
    run: string,
    part: string,
    place: Place,
    message: SlackMessage,
    instead: (() => Promise<SlackMessage>) | undefined,
  ): Promise<string> {
    const find = async (): Promise<ChatPostMessageResponse | undefined> => {
      const found = await this.find(place, ({ metadata }) => isPart(metadata, run, part))
      return found?.ts === undefined
        ? undefined
        : { ok: true, ts: found.ts, message: { thread_ts: place.thread ?? '' } }
    }
    const metadata = { event_type: PART_EVENT, event_payload: { run, part } }
    const to = { channel: place.channel, ...defined({ thread_ts: place.thread }) }
    const posted = await sendAnyway(
      this.log,
      { run, part },
      message,
      (content) =>
        this.slack.patiently(
          'chat.postMessage',
          this.whileOurs(run, part, async (client) => {
            await this.slack.pacer.turn(place.channel, () => this.renew(run, part))
            return client.chat.postMessage({ ...to, ...content, metadata, unfurl_links: false, unfurl_media: false })
          }),
          find,
        ),
      { instead },
    )
    const { ts } = posted
    if (ts === undefined) throw new SlackUnavailableError('Slack returned no ts for a message.')
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

function isPart(metadata: Found['metadata'], run: string, part: string): boolean {
  const payload = metadata?.event_payload as { run?: unknown; part?: unknown } | undefined
  return metadata?.event_type === PART_EVENT && payload?.run === run && payload.part === part
}
