import type { DeliveryRecord } from './delivery.ts'
import type { Fault } from './faults.ts'
import type { ApiCall, Happenings } from './happenings.ts'
import type { Forgery } from './http-delivery.ts'
import type { Guide } from './page/guide.ts'
import type { Submission, ViewValues } from './people/submissions.ts'
import type { Invocation, MessageOrTs, Whereabouts } from './people/stage.ts'
import type { PostingRate } from './rate-limit.ts'
import type { Channel, Ephemeral, Message, Person, ShownView, StoredFile, UserGroup } from './records.ts'
import type { Names } from './rendering/mrkdwn.ts'
import type { AppIdentity } from './workspace.ts'

/** How the stand-in is set up. Everything has a default. */
export interface SlackStandInOptions {
  /** 0 (the default) takes a free port. It listens on 127.0.0.1 only. */
  readonly port?: number
  readonly people?: readonly Person[]
  /** The app itself is a member only where its user id (`U_MEDIC`) is listed. `members` left out: everybody and the app. */
  readonly channels?: readonly (Omit<Channel, 'members' | 'kind'> & {
    readonly kind?: Channel['kind']
    readonly members?: readonly string[]
  })[]
  readonly groups?: readonly UserGroup[]
  readonly app?: Partial<AppIdentity>
  /** The scopes of the bot token; default: all that Mesh Medic could ask for. */
  readonly scopes?: readonly string[]
  /** Slash commands of the app's manifest; default `/mesh`. */
  readonly commands?: readonly string[]
  /** Events that the app subscribed to; default `app_mention` and `app_home_opened`. */
  readonly events?: readonly string[]
  /** Where to deliver over signed HTTP; left out: Socket Mode. */
  readonly requestUrl?: string
  /** Shorter times for tests; milliseconds. The defaults are Slack's. */
  readonly times?: {
    /** 3000: the app acknowledges a delivery within. */
    readonly acknowledgeWithin?: number
    /** 3000: a trigger_id opens a view within. */
    readonly trigger?: number
    /** 30 minutes: a response_url works for. */
    readonly responseUrl?: number
    /** 0, 1 minute, 5 minutes: waits before an event is delivered again. */
    readonly eventRetries?: readonly number[]
    /** 10,000: between two pings of a Socket Mode connection. */
    readonly ping?: number
  }
  /** Limits chat.postMessage in each channel; `true` is 1 a second with bursts of 5; default off. */
  readonly postingLimit?: PostingRate | boolean
  /** What the page says about itself; left out: nothing. */
  readonly guide?: Guide
}

/** Who clicks, and what they answer to a confirmation dialog (default: yes). */
export interface ClickOptions extends Whereabouts {
  readonly confirm?: boolean
}

/** A running Slack stand-in. Ids of people and channels are Slack ids, e.g. `U_ONCALL`, `C_MESH`. */
export interface SlackStandIn {
  /** For `SLACK_API_URL`: `http://127.0.0.1:PORT/api/`. */
  readonly url: string
  /** The page that shows the channels. */
  readonly pageUrl: string
  readonly botToken: string
  readonly appToken: string
  readonly signingSecret: string
  readonly app: AppIdentity
  /** Names of people and channels, for showing. */
  readonly names: Names

  /** Types a slash command; resolves when the app acknowledged it or the time was over. */
  type(line: string, where?: Whereabouts & { readonly thread?: string }): Promise<Invocation>
  /**
   * Presses a button in a message, an ephemeral message or a view.
   * @param button its action_id, or its text
   * @throws Error when there is no such button, or more than one
   */
  click(place: MessageOrTs | ShownView, button: string, options?: ClickOptions): Promise<Invocation>
  /** Picks `value` (or several) in a select, overflow, radio or checkbox element: an option's value or text, or an id. */
  choose(
    place: MessageOrTs | ShownView,
    actionId: string,
    value: string | readonly string[],
    options?: ClickOptions,
  ): Promise<Invocation>
  /** Fills a modal in and submits it. Follows `response_action`. */
  submitView(view: ShownView, values?: ViewValues, options?: Pick<Whereabouts, 'user'>): Promise<Submission>
  /** Presses the modal's close button; tells the app when it asked with `notify_on_close`. */
  closeView(view: ShownView, options?: Pick<Whereabouts, 'user'>): Promise<void>
  messageShortcut(callbackId: string, message: Message | string, options?: Whereabouts): Promise<Invocation>
  globalShortcut(callbackId: string, options?: Pick<Whereabouts, 'user'>): Promise<Invocation>
  /** Posts a person's message with `@mesh-medic` (or `@<app name>`) in it, and delivers app_mention. `thread` is a parent's `ts`. */
  mention(
    text: string,
    where?: Whereabouts & { readonly thread?: string },
  ): Promise<Invocation & { readonly message: Message }>
  /** Posts a person's message; delivers a `message.*` event when the app subscribed to it. */
  say(text: string, where?: Whereabouts & { readonly thread?: string }): Promise<Message>
  /** Opens the app's Home tab (`app_home_opened`). */
  openHome(options?: Pick<Whereabouts, 'user'>): Promise<Invocation>
  /** Asks the app for the options of an external select, as typing into it does. */
  suggest(
    place: Message | ShownView,
    actionId: string,
    typed: string,
    options?: Whereabouts,
  ): Promise<readonly { readonly text: string; readonly value: string }[]>
  /** A person with the right to do so deletes a message. */
  deleteMessage(message: Message | string): void

  /** Messages that everybody sees, replies included, oldest first; of one channel or all. */
  messages(channel?: string): Message[]
  /** A parent and its replies. */
  thread(channel: string, ts: string): Message[]
  message(channel: string, ts: string): Message | undefined
  ephemerals(user?: string): Ephemeral[]
  files(): StoredFile[]
  /** Open views; the one on top last. */
  views(user?: string): ShownView[]

  on<K extends keyof Happenings>(kind: K, listener: (happening: Happenings[K]) => void): () => void
  /** Resolves with the first truthy value of `look`; rejects after `timeoutMilliseconds` (default 20,000). */
  waitFor<T>(look: () => T, timeoutMilliseconds?: number): Promise<Exclude<T, false | null | undefined | 0 | ''>>

  /** Every request of the app, in the order of their answers. */
  readonly calls: readonly ApiCall[]
  /** Everything that was delivered to the app. */
  readonly deliveries: readonly DeliveryRecord[]
  readonly fail: {
    /** Makes the next `times` requests to a method (or `response_url`, `upload`) fail. */
    next(method: string, fault: Fault, times?: number): void
    clear(): void
  }
  /** Replaces the scopes of the bot token. */
  setScopes(scopes: readonly string[]): void
  /** Takes one scope away. */
  withoutScope(scope: string): void
  /** Makes a person or the app join or leave a channel. */
  join(channel: string, user: string): void
  leave(channel: string, user: string): void

  /** From now on deliver over signed HTTP to this address; nothing: over Socket Mode. */
  deliverTo(requestUrl: string | undefined): void
  /** Sends a url_verification event. @returns whether the app answered with the challenge */
  verifyRequestUrl(): Promise<boolean>
  /** Makes the next HTTP delivery a forged one. */
  forgeNext(forgery: Forgery): void
  /** How many Socket Mode connections are open. */
  connections(): number
  /** Asks Socket Mode clients to connect anew, or cuts their connections without a word. */
  disconnect(how: 'ask' | 'cut'): void

  /** Stops listening, cuts connections, forgets listeners and timers. */
  close(): Promise<void>
}
