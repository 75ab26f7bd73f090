import type { Fields } from '../records.ts'
import type { ResponseUrls } from '../response-url.ts'
import type { Triggers } from '../trigger.ts'
import type { Uploads } from '../upload.ts'
import type { Workspace } from '../workspace.ts'
import type { Arguments } from './arguments.ts'

/** What a Web API method may reach. */
export interface Surroundings {
  readonly workspace: Workspace
  readonly triggers: Triggers
  readonly responseUrls: ResponseUrls
  readonly uploads: Uploads
  /** The scopes that the bot token has now. */
  readonly scopes: ReadonlySet<string>
  /** `http://127.0.0.1:PORT`, without a slash at the end. */
  readonly origin: string
  /** A `ws://` address that one Socket Mode client may connect to once. */
  openSocket(): string
}

/** One Web API method. */
export interface Method {
  /** Which token it takes. */
  readonly token: 'bot' | 'app'
  /** True where Slack documents an error of its own for anything but POST. */
  readonly isPostOnly?: boolean
  /** Scopes that are all needed whatever the arguments are; a method may ask for more once it knows the channel. */
  readonly scopes: readonly string[]
  /**
   * Carries the call out.
   * @returns the fields of the answer beside `ok`
   * @throws Refusal for an answer with `ok: false`
   */
  run(args: Arguments, here: Surroundings): Fields
}

/** Methods by name. */
export type MethodFamily = Readonly<Record<string, Method>>
