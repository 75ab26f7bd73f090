import { randomBytes } from 'node:crypto'

import { Announcer } from './happenings.ts'
import type { Channel, Ephemeral, Message, Person, ShownView, StoredFile, UserGroup } from './records.ts'

/** Who the app is in the workspace. */
export interface AppIdentity {
  readonly appId: string
  readonly botId: string
  readonly userId: string
  readonly name: string
  readonly teamId: string
  readonly teamName: string
}

/** A new message: what Slack adds by itself (`ts`) is left out. */
export type Draft = Omit<Message, 'ts' | 'reactions' | 'files' | 'attachments'> &
  Partial<Pick<Message, 'files' | 'attachments'>>

/** Everything that Slack would remember, and the announcements about its changes. */
export class Workspace {
  readonly announcer = new Announcer()
  readonly people = new Map<string, Person>()
  readonly channels = new Map<string, Channel>()
  readonly groups = new Map<string, UserGroup>()
  readonly app: AppIdentity
  readonly #messages = new Map<string, Message>()
  readonly #ephemerals: Ephemeral[] = []
  readonly #files = new Map<string, StoredFile>()
  readonly #views = new Map<string, ShownView>()
  #lastMicroseconds = 0

  constructor(app: AppIdentity) {
    this.app = app
  }

  /** A `ts` later than every one before. */
  nextTs(): string {
    this.#lastMicroseconds = Math.max(this.#lastMicroseconds + 1, Date.now() * 1000)
    const digits = String(this.#lastMicroseconds)
    return `${digits.slice(0, -6)}.${digits.slice(-6)}`
  }

  newId(prefix: string): string {
    return prefix + randomBytes(6).toString('hex').toUpperCase().slice(0, 10)
  }

  /** Oldest first, replies and tombstones included. */
  messages(channel?: string): Message[] {
    const all = [...this.#messages.values()].sort((a, b) => compareTs(a.ts, b.ts))
    return channel === undefined ? all : all.filter((message) => message.channel === channel)
  }

  message(channel: string, ts: string): Message | undefined {
    return this.#messages.get(`${channel} ${ts}`)
  }

  /** The parent and its replies, oldest first. */
  thread(channel: string, ts: string): Message[] {
    return this.messages(channel).filter((message) => message.ts === ts || message.threadTs === ts)
  }

  /**
   * Stores a message. A reply to a reply joins the parent's thread; a reply to a message that is gone becomes a
   * message of the channel, without `threadTs`: Slack un-threads it silently.
   */
  post(draft: Draft, ts = this.nextTs()): Message {
    const message: Message = {
      files: [],
      attachments: [],
      ...draft,
      threadTs: this.#parentOf(draft),
      ts,
      reactions: [],
    }
    this.#messages.set(`${message.channel} ${message.ts}`, message)
    this.announcer.announce('message', { message })
    for (const file of message.files) this.announcer.announce('file', { file, message })
    return message
  }

  #parentOf({ channel, threadTs }: Draft): string | undefined {
    const parent = threadTs === undefined ? undefined : this.message(channel, threadTs)
    return parent?.threadTs ?? parent?.ts
  }

  /** Stores a message that shares files, and notes in each file where it is. */
  postFiles(draft: Draft, files: readonly StoredFile[]): Message {
    const ts = this.nextTs()
    const threadTs = this.#parentOf(draft)
    const share = { channel: draft.channel, ts, ...(threadTs === undefined ? {} : { threadTs }) }
    const shared = files.map((file) => ({ ...file, sharedIn: [...file.sharedIn, share] }))
    for (const file of shared) this.keepFile(file)
    return this.post({ ...draft, files: shared }, ts)
  }

  /** Replaces a message; `before` has to be the stored one. */
  replace(before: Message, changes: Partial<Message>): Message {
    const message: Message = { ...before, ...changes }
    this.#messages.set(`${message.channel} ${message.ts}`, message)
    this.announcer.announce('update', { before, message })
    return message
  }

  addReaction(message: Message, name: string, user: string): void {
    const others = message.reactions.filter((reaction) => reaction.name !== name)
    const users = message.reactions.find((reaction) => reaction.name === name)?.users ?? []
    const after: Message = { ...message, reactions: [...others, { name, users: [...users, user] }] }
    this.#messages.set(`${message.channel} ${message.ts}`, after)
    this.announcer.announce('reaction', { message: after, name })
  }

  /** A parent with replies leaves a tombstone ("This message was deleted."), anything else goes entirely. */
  remove(message: Message): void {
    const hasReplies = this.thread(message.channel, message.ts).some((other) => other.ts !== message.ts)
    const key = `${message.channel} ${message.ts}`
    if (hasReplies) {
      this.#messages.set(key, {
        ts: message.ts,
        channel: message.channel,
        user: 'USLACKBOT',
        text: 'This message was deleted.',
        blocks: [],
        attachments: [],
        files: [],
        reactions: [],
        isTombstone: true,
      })
    } else {
      this.#messages.delete(key)
    }
    this.announcer.announce('delete', { message })
  }

  ephemerals(user?: string): Ephemeral[] {
    return this.#ephemerals.filter((ephemeral) => user === undefined || ephemeral.user === user)
  }

  showEphemeral(draft: Omit<Ephemeral, 'ts'>): Ephemeral {
    const ephemeral = { ...draft, ts: this.nextTs() }
    this.#ephemerals.push(ephemeral)
    this.announcer.announce('ephemeral', { ephemeral })
    return ephemeral
  }

  replaceEphemeral(before: Ephemeral, changes: Partial<Ephemeral>): Ephemeral {
    const ephemeral = { ...before, ...changes }
    const index = this.#ephemerals.findIndex((other) => other.ts === before.ts)
    if (index >= 0) this.#ephemerals[index] = ephemeral
    this.announcer.announce('ephemeral', { ephemeral })
    return ephemeral
  }

  removeEphemeral(ts: string): void {
    const index = this.#ephemerals.findIndex((other) => other.ts === ts)
    if (index >= 0) this.#ephemerals.splice(index, 1)
  }

  files(): StoredFile[] {
    return [...this.#files.values()]
  }

  file(id: string): StoredFile | undefined {
    return this.#files.get(id)
  }

  keepFile(file: StoredFile): void {
    this.#files.set(file.id, file)
  }

  /** Open views, the one on top last. */
  views(user?: string): ShownView[] {
    return [...this.#views.values()].filter((view) => user === undefined || view.user === user)
  }

  view(id: string): ShownView | undefined {
    return this.#views.get(id)
  }

  showView(view: ShownView): ShownView {
    const became = this.#views.has(view.id) ? 'updated' : 'open'
    this.#views.set(view.id, view)
    this.announcer.announce('view', { view, became })
    return view
  }

  closeView(id: string): void {
    const view = this.#views.get(id)
    if (view === undefined) return
    this.#views.delete(id)
    this.announcer.announce('view', { view, became: 'closed' })
  }
}

/** Orders two `ts` values by time, exactly (they have more digits than a number keeps). */
export const compareTs = (a: string, b: string): number => {
  const [aSeconds = '0', aRest = '0'] = a.split('.')
  const [bSeconds = '0', bRest = '0'] = b.split('.')
  return Number(aSeconds) - Number(bSeconds) || Number(aRest.padEnd(6, '0')) - Number(bRest.padEnd(6, '0'))
}
