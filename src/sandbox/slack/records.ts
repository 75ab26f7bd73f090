/** A JSON object as Slack's clients send it. */
export type Fields = Readonly<Record<string, unknown>>

/** A Block Kit block after it passed the block rules; Slack gives every block an id. */
export type Block = Fields & { readonly type: string; readonly block_id: string }

/** Somebody who can type commands and press buttons. */
export interface Person {
  readonly id: string
  /** The handle, without "@". */
  readonly name: string
  readonly isBot?: boolean
  /** A guest: of several channels, or of one. */
  readonly guest?: 'multi-channel' | 'single-channel'
  readonly isDeactivated?: boolean
  /** The workspace of somebody who is here through Slack Connect; left out: the app's own. */
  readonly team?: string
  /** IANA time zone; default Etc/UTC. */
  readonly timezone?: string
}

/** A channel or a direct conversation. `members` are user ids. */
export interface Channel {
  readonly id: string
  /** Without "#". */
  readonly name: string
  readonly kind: 'public' | 'private' | 'im' | 'mpim'
  readonly members: Set<string>
  isArchived?: boolean
  /** Shared with another organisation (Slack Connect). */
  readonly isExtShared?: boolean
}

/** A group such as @mesh-owners; `users` are user ids. */
export interface UserGroup {
  readonly id: string
  readonly handle: string
  readonly users: readonly string[]
}

/** Message metadata, as chat.postMessage takes it. */
export interface MessageMetadata {
  readonly event_type: string
  readonly event_payload: Fields
}

/** A message that everybody in the channel sees. Replaced, never changed in place: an update makes a new value with the same `ts`. */
export interface Message {
  readonly ts: string
  readonly channel: string
  /** User id of the author. */
  readonly user: string
  /** Set when the app posted it. */
  readonly botId?: string
  readonly text: string
  readonly blocks: readonly Block[]
  readonly attachments: readonly Fields[]
  /** `ts` of the parent, for a reply. */
  readonly threadTs?: string | undefined
  readonly metadata?: MessageMetadata | undefined
  readonly files: readonly StoredFile[]
  /** `ts` of the last edit. */
  readonly editedTs?: string
  readonly reactions: readonly { readonly name: string; readonly users: readonly string[] }[]
  /** What Slack leaves in the place of a deleted parent that has replies. */
  readonly isTombstone?: boolean
  /** Set on a reply that is shown in the channel too. */
  readonly isBroadcast?: boolean
}

/** A message that one person sees ("Only visible to you"). */
export interface Ephemeral {
  readonly ts: string
  readonly channel: string
  /** Who sees it. */
  readonly user: string
  readonly text: string
  readonly blocks: readonly Block[]
  readonly attachments: readonly Fields[]
  readonly threadTs?: string
  /** How it came: chat.postEphemeral, a response_url, or the acknowledgement itself. */
  readonly via: 'chat.postEphemeral' | 'response_url' | 'acknowledgement'
}

/** An uploaded file. `bytes` is its content. */
export interface StoredFile {
  readonly id: string
  readonly name: string
  readonly title: string
  readonly mimetype: string
  readonly altText?: string
  readonly bytes: Buffer
  /** Channels it was shared into, in order. */
  readonly sharedIn: readonly { readonly channel: string; readonly ts: string; readonly threadTs?: string }[]
}

/** A modal that a person has open, or the app's Home tab. */
export interface ShownView {
  readonly id: string
  readonly hash: string
  readonly type: 'modal' | 'home'
  /** Who sees it. */
  readonly user: string
  readonly callbackId: string
  readonly privateMetadata: string
  readonly externalId?: string
  readonly title: string
  readonly blocks: readonly Block[]
  /** The view as the app sent it, with block ids added. */
  readonly source: Fields
  readonly rootViewId: string
  readonly previousViewId?: string
  /** Errors shown under inputs after the last submission: block id → text. */
  readonly errors: Readonly<Record<string, string>>
}
