import type { ImageBlock } from '@slack/types'
import type { StoredAnswer } from '../../capabilities/capability.ts'
import type { Note, RunProgress, RunThread } from '../../capabilities/run-thread.ts'
import { StoreUnavailableError } from '../../store/records.ts'
import { readPost } from '../../store/posts.ts'
import { updateRun, type RunRecord } from '../../store/runs.ts'
import type { UserAnswer, UserError } from '../../mesh/user-error.ts'
import type { ShownAnswer } from '../answers/answer.ts'
import { chartFile } from '../answers/chart-file.ts'
import type { AnswerFile } from '../answers/file.ts'
import { answerOf, spokenOf } from '../answers/index.ts'
import type { Chart } from '../../report/chart.ts'
import type { ButtonSpec } from '../blocks/buttons.ts'
import { withPictures } from '../blocks/chart.ts'
import { cancelledMessage, failedMessage } from '../blocks/ended.ts'
import { listMessage, refusalMessage } from '../blocks/refusal.ts'
import type { Part } from '../blocks/part.ts'
import type { SlackMessage } from '../blocks/rich.ts'
import { BOT, runningMessage } from '../blocks/running.ts'
import { framed, overtakeIncident } from '../incidents/frame.ts'
import { LiveMessage } from './live-message.ts'
import { Posts, type Place } from './posts.ts'
import { MESSAGES_OF_RUN, type ThreadDeps } from './thread-deps.ts'
import { overtakeDiagnosis } from './root-message.ts'
import { userErrorOf } from '../access/user-error-of.ts'
import { cancelButton, runAgainButton } from '../answers/run-buttons.ts'
import {
  ChannelClosedError,
  MessageGoneError,
  SlackUnavailableError,
  isRefusedBySlack,
} from '../transport/slack-trouble.ts'

/** The one place that posts for a run: its message, which is updated in place, and the parts in the thread under it. */
export class SlackThread implements RunThread<StoredAnswer> {
  private readonly deps: ThreadDeps
  private readonly posts: Posts
  private readonly live: LiveMessage
  private run: RunRecord
  private cancel: Promise<ButtonSpec> | undefined
  private last: RunProgress = { steps: [] }
  private parent: { part: (typeof MESSAGES_OF_RUN)[number]; ts: string } | undefined
  /** The thread that the run was asked for in, if it was. */
  private root: string | undefined
  /** Whether the run's message is this process's to post. */
  private isIntended = false
  /** Why nothing can be posted any more. */
  private closed: ChannelClosedError | MessageGoneError | undefined
  /** What Slack refused to post beside the run's message. */
  private refusal: string | undefined

  constructor(deps: ThreadDeps, run: RunRecord) {
    this.deps = deps
    this.run = run
    this.posts = new Posts(deps)
    this.live = new LiveMessage((message) => this.updateOnce(message), deps.updateEvery ?? 1000)
  }

  /** Says that this process posts the run's message; a worker that takes the run up meanwhile waits for it. */
  async intend(): Promise<void> {
    this.isIntended = await this.posts.intend(this.run.id, 'parent')
  }

  /**
   * As open(), but rejects with ChannelClosedError where the channel takes no messages.
   * @param isNew when nobody can have opened it before
   */
  async openOrThrow({ isNew = false } = {}): Promise<void> {
    if (this.parent !== undefined) return
    const { records } = this.deps
    const [first, second] = isNew
      ? []
      : await Promise.all(MESSAGES_OF_RUN.map((part) => readPost(records, this.run.id, part)))
    this.root =
      this.run.thread !== undefined && this.run.thread !== first?.ts && this.run.thread !== second?.ts
        ? this.run.thread
        : undefined
    const part = second === undefined ? 'parent' : 'parent-2'
    const known = second?.ts ?? (second === undefined ? first?.ts : undefined)
    await this.setParent(part, known ?? (await this.postParent(part, await this.running())))
  }

  async open(): Promise<void> {
    await this.unlessClosed(() => this.openOrThrow())
  }

  progress(progress: RunProgress): void {
    this.last = progress
    // Of an incident few edits are made: those that tell something of it.
    if (this.run.asker.user === BOT) return
    if (this.closed === undefined && this.parent !== undefined) this.live.show(() => this.running())
  }

  async note(name: string, { head, lines }: Note): Promise<void> {
    const parent = await this.running()
    await this.unlessClosed(() =>
      this.inThread(parent, (place) => this.posts.message(this.run.id, name, place, listMessage(head, lines))),
    )
  }

  async answer(answer: StoredAnswer): Promise<boolean> {
    const { run } = this
    const shown = await answerOf(run.request).shown(this.deps, answer, run)
    const { message: final, picture, pictureIn } = shown
    try {
      await this.settle(final)
    } catch (error) {
      if (!isRefusedBySlack(error)) throw error
      this.deps.log.error({ err: error, run: run.id }, 'Slack does not take an answer')
      await this.failed().catch((err: unknown) => this.unshown(err))
      await this.tellAsker(final, {
        why: `Slack says ${error.data.error}.`,
        remedies: ['Ask again, or in another channel.'],
      })
      return false
    }
    if (picture !== undefined && pictureIn === undefined) await this.showPicture(final, picture)
    await overtakeIncident(this.deps, run, final)
    await this.replies(shown)
    if (this.closed === undefined) await this.unlessRefused(() => overtakeDiagnosis(this.deps, this.posts, run))
    if (this.closed === undefined) await this.tellOfRefusal()
    else if (this.closed instanceof ChannelClosedError)
      await this.tellAsker(final, { why: this.closed.message, remedies: this.closed.remedies })
    return this.closed === undefined
  }

  /** What the thread says beyond the run's message. */
  private async replies(shown: ShownAnswer): Promise<void> {
    const { message: final, file } = shown
    const { run } = this
    const parts = await this.withPicture(shown)
    await this.unlessClosed(async () => {
      for (const { name, message, charts } of parts) {
        const instead = charts === undefined ? undefined : () => this.withDrawn(message, charts)
        await this.unlessRefused(() =>
          this.inThread(final, (place) => this.posts.message(run.id, name, place, message, { instead })),
        )
      }
      if (file === undefined || (final.isCut !== true && parts.every(({ message }) => message.isCut !== true))) return
      await this.unlessRefused(() =>
        this.inThread(final, (place) => this.posts.file(run.id, 'file-readable', place, file())),
      )
    })
  }

  /** The answer stands: what Slack refuses beside it does not take it back. */
  private async unlessRefused(act: () => Promise<void>): Promise<void> {
    try {
      await act()
    } catch (error) {
      if (!isRefusedBySlack(error)) throw error
      this.refusal ??= error.data.error
      this.deps.log.error({ err: error, run: this.run.id }, 'Slack does not take a part of an answer')
    }
  }

  private async tellOfRefusal(): Promise<void> {
    if (this.refusal === undefined) return
    const why = `A part of the answer could not be posted in its thread: Slack says ${this.refusal}.`
    await this.directly(
      refusalMessage({ why, remedies: ['The message itself is whole; tell those whom it concerns about it.'] }),
    )
  }

  async refused(error: UserError): Promise<void> {
    const { request } = this.run
    const told = answerOf(request).refused?.(error, request) ?? userErrorOf(error, request.text)
    const instead = (await answerOf(request).instead?.(this.deps.records, this.run, error)) ?? []
    await this.settle(refusalMessage(told, [...instead, await runAgainButton(this.deps.records, this.run)]))
  }

  async failed(): Promise<void> {
    // A press on a change is pressed again, by whoever may; nobody does it for them.
    await this.settle(
      failedMessage(
        spokenOf(this.run),
        answerOf(this.run.request).isOncePressed === true ? [] : [await runAgainButton(this.deps.records, this.run)],
      ),
    )
  }

  async cancelled(by: string | undefined): Promise<void> {
    await this.settle(
      cancelledMessage(spokenOf(this.run), by, this.last, [await runAgainButton(this.deps.records, this.run)]),
    )
  }

  private async running(): Promise<SlackMessage> {
    const own = await answerOf(this.run.request).running?.(this.deps, this.run)
    if (own !== undefined) return own
    this.cancel ??= cancelButton(this.deps.records, this.run)
    const running = runningMessage(spokenOf(this.run), this.last, await this.cancel)
    const { message, confirm } = await framed(this.deps, this.run, running)
    await confirm()
    return message
  }

  private place(thread: string | undefined): Place {
    return { channel: this.run.channel, thread, since: sinceOf(this.run) }
  }

  private async postParent(part: (typeof MESSAGES_OF_RUN)[number], message: SlackMessage): Promise<string> {
    const isIntended = this.isIntended && part === 'parent'
    this.isIntended = false
    try {
      return await this.posts.message(this.run.id, part, this.place(this.root), message, { isIntended })
    } catch (error) {
      if (!(error instanceof MessageGoneError) || this.root === undefined) throw error
      this.root = undefined
      return this.posts.message(this.run.id, part, this.place(undefined), message)
    }
  }

  private async setParent(part: (typeof MESSAGES_OF_RUN)[number], ts: string): Promise<void> {
    this.parent = { part, ts }
    const thread = this.root ?? ts
    if (this.run.thread !== thread)
      this.run = await updateRun(this.deps.records, this.run.id, (run) => ({ ...run, thread }))
  }

  /** Somebody deleted the run's message: a new one takes its place, once. */
  private async replaceParent(message: SlackMessage): Promise<void> {
    if (this.parent?.part === 'parent-2') throw new MessageGoneError('the message was deleted twice')
    await this.setParent('parent-2', await this.postParent('parent-2', message))
  }

  /** Shows the last state of the run's message. */
  private async settle(plain: SlackMessage): Promise<void> {
    await this.live.stop()
    await this.unlessClosed(async () => {
      await this.openOrThrow()
      if (this.parent === undefined) return
      const { message, confirm } = await framed(this.deps, this.run, plain)
      try {
        await this.posts.update(this.run.channel, this.parent.ts, message)
        await confirm()
      } catch (error) {
        if (error instanceof MessageGoneError) return this.replaceParent(message)
        if (!isRefusedBySlack(error) || this.parent.part === 'parent-2') throw error
        this.deps.log.error(
          { err: error, run: this.run.id },
          'Slack does not change a message; another one takes its place',
        )
        await this.inPlaceOf(this.parent.ts, message)
      }
    })
  }

  /** A new message says what the one that cannot be changed should. */
  private async inPlaceOf(ts: string, message: SlackMessage): Promise<void> {
    await this.replaceParent(message)
    const { channel } = this.run
    await this.deps.slack
      .patiently('chat.delete', (client) => client.chat.delete({ channel, ts }))
      .catch((err: unknown) => this.unshown(err))
  }

  /** Acts in the thread; where that is gone, in the thread of a new message that shows `parent`. */
  private async inThread(parent: SlackMessage, act: (place: Place) => Promise<unknown>): Promise<void> {
    if (this.closed !== undefined) return
    try {
      await act(this.place(this.root ?? this.parent?.ts))
    } catch (error) {
      if (!(error instanceof MessageGoneError)) throw error
      this.root = undefined
      await this.replaceParent(parent)
      await act(this.place(this.parent?.ts))
    }
  }

  /** A channel may take messages and no files, and a picture only shows what is written: without it the answer goes on. */
  private async showPicture(parent: SlackMessage, make: () => Promise<AnswerFile>): Promise<void> {
    try {
      const file = await make()
      await this.inThread(parent, (place) => this.posts.file(this.run.id, 'picture', place, file))
    } catch (error) {
      if (error instanceof SlackUnavailableError || error instanceof StoreUnavailableError) throw error
      this.deps.log.warn({ err: error, run: this.run.id }, 'a picture was not shown')
    }
  }

  /** The parts, one of them with the picture in its message; without it when it cannot be had, or when that part is posted already. */
  private async withPicture({ parts, picture, pictureIn }: ShownAnswer): Promise<readonly Part[]> {
    if (picture === undefined || pictureIn === undefined || this.closed !== undefined) return parts
    if (!parts.some(({ name }) => name === pictureIn)) return parts
    try {
      if ((await readPost(this.deps.records, this.run.id, pictureIn))?.ts !== undefined) return parts
      const file = await picture()
      const id = await this.posts.fileForBlock(file)
      const block: ImageBlock = { type: 'image', slack_file: { id }, alt_text: file.altText ?? file.title }
      return parts.map((part) =>
        part.name === pictureIn
          ? { ...part, message: { ...part.message, blocks: [...part.message.blocks, block] } }
          : part,
      )
    } catch (error) {
      if (error instanceof StoreUnavailableError) throw error
      this.deps.log.warn({ err: error, run: this.run.id }, 'a picture was not shown')
      return parts
    }
  }

  /** Charts that Slack does not take as such are drawn; where it takes no files, what they show is said. */
  private async withDrawn(message: SlackMessage, charts: readonly Chart[]): Promise<SlackMessage> {
    try {
      const files = await Promise.all(charts.map((chart) => chartFile(chart, this.run)))
      const ids: string[] = []
      for (const file of files) ids.push(await this.posts.fileForBlock(file))
      return withPictures(message, charts, ids)
    } catch (error) {
      if (error instanceof StoreUnavailableError) throw error
      this.deps.log.warn({ err: error, run: this.run.id }, 'a picture was not shown')
      return withPictures(message, charts, [])
    }
  }

  /** An update on the way: tried once, as another follows. */
  private async updateOnce(message: SlackMessage): Promise<{ retryAfter?: number } | undefined> {
    const { parent, run } = this
    if (parent === undefined || this.closed !== undefined) return undefined
    try {
      const result = await this.deps.slack.once((client) =>
        client.chat.update({ channel: run.channel, ts: parent.ts, text: message.text, blocks: message.blocks }),
      )
      return result !== undefined && 'retryAfter' in result ? { retryAfter: result.retryAfter } : undefined
    } catch (error) {
      if (error instanceof MessageGoneError)
        await this.unlessClosed(() => this.replaceParent(message)).catch((err: unknown) => this.unshown(err))
      else if (error instanceof ChannelClosedError) this.closed = error
      else this.unshown(error)
      return undefined
    }
  }

  private unshown(err: unknown): void {
    this.deps.log.warn({ err, run: this.run.id }, 'progress was not shown')
  }

  /** Remembers that the channel takes nothing any more, instead of failing the run for it. */
  private async unlessClosed(act: () => Promise<void>): Promise<void> {
    if (this.closed !== undefined) return
    try {
      await act()
    } catch (error) {
      if (!(error instanceof ChannelClosedError || error instanceof MessageGoneError)) throw error
      this.closed = error
      this.deps.log.warn(
        { err: error, run: this.run.id, channel: this.run.channel },
        'a run can no longer post in its channel',
      )
    }
  }

  /** The answer goes to the asker directly when the channel does not take it. */
  private async tellAsker(final: SlackMessage, { why, remedies }: UserAnswer): Promise<void> {
    const says = `The answer could not be posted in the channel you asked in (${this.run.channel}): ${why}`
    const { blocks } = refusalMessage({ why: says, remedies })
    await this.directly({
      text: final.text,
      blocks: [...blocks, ...final.blocks.filter(({ type }) => type !== 'actions')],
    })
  }

  private async directly(message: SlackMessage): Promise<void> {
    const { asker, id } = this.run
    if (asker.user === BOT) return
    await this.posts
      .message(id, 'direct', { channel: asker.user, since: sinceOf(this.run) }, message)
      .catch((err: unknown) => this.deps.log.error({ err, run: id }, 'an answer could not be delivered to anybody'))
  }
}

/** A minute before the run began, so that clocks may differ. */
const sinceOf = ({ createdAt }: RunRecord): string => (Date.parse(createdAt) / 1000 - 60).toFixed(6)
