import type { AttemptResult, Deliveries } from '../delivery.ts'
import type { Channel, Ephemeral, Fields, Message, Person } from '../records.ts'
import type { ResponseUrls } from '../response-url.ts'
import type { Triggers } from '../trigger.ts'
import type { Workspace } from '../workspace.ts'

/** What people's acts need of Slack. */
export interface Stage {
  readonly workspace: Workspace
  readonly deliveries: Deliveries
  readonly triggers: Triggers
  readonly responseUrls: ResponseUrls
  /** `http://127.0.0.1:PORT`. */
  readonly origin: string
  /** Slash commands of the app's manifest, each with its "/". */
  readonly commands: ReadonlySet<string>
  /** The scopes that the bot token has now. */
  readonly scopes: ReadonlySet<string>
}

/** Who acts where; the first person and the first channel when left out. */
export interface Whereabouts {
  /** User id. */
  readonly user?: string
  /** Channel id. */
  readonly channel?: string
}

/** A message to act on: itself, or its `ts`. */
export type MessageOrTs = Message | Ephemeral | string

/** What became of something that a person did. */
export interface Invocation {
  /**
   * `acknowledged`: the app answered in time. `refused`: Slack itself said no and the app heard nothing. Else the app
   * failed, in Slack's words.
   */
  readonly outcome: 'acknowledged' | 'refused' | 'operation_timeout' | 'dispatch_failed' | 'http_service_error'
  readonly acknowledgedInMilliseconds?: number
  /** What the acknowledgement carried; empty for a plain one. */
  readonly ackResponse: Fields
  /** The error that the person sees, if any. */
  readonly shownError?: string
  /** HTTP status, when delivered over HTTP. */
  readonly status?: number
  readonly triggerId?: string
  readonly responseUrl?: string
  /** What only this person was shown since. */
  ephemerals(): Ephemeral[]
}

/** @throws Error when there is no such person */
export const personOf = (stage: Stage, id: string | undefined): Person => {
  const person =
    id === undefined
      ? [...stage.workspace.people.values()].find((other) => other.isBot !== true)
      : stage.workspace.people.get(id)
  if (person === undefined) throw new Error(`There is no person ${id ?? '(none at all)'}.`)
  return person
}

/** @throws Error when there is no such channel, or the person isn't in it */
export const channelOf = (stage: Stage, id: string | undefined, person: Person): Channel => {
  const channel = id === undefined ? [...stage.workspace.channels.values()][0] : stage.workspace.channels.get(id)
  if (channel === undefined) throw new Error(`There is no channel ${id ?? '(none at all)'}.`)
  if (!channel.members.has(person.id)) throw new Error(`${person.name} is not in #${channel.name}.`)
  return channel
}

/** How Slack names a channel in payloads. */
export const channelName = (channel: Channel): string =>
  channel.kind === 'im'
    ? 'directmessage'
    : channel.kind === 'private' || channel.kind === 'mpim'
      ? 'privategroup'
      : channel.name

/** The fields that all interactive payloads share. */
export const interactiveFields = (stage: Stage, person: Person): Fields => {
  const { app } = stage.workspace
  return {
    token: 'verification-token',
    api_app_id: app.appId,
    team: { id: app.teamId, domain: app.teamName },
    enterprise: null,
    is_enterprise_install: false,
    user: { id: person.id, username: person.name, name: person.name, team_id: person.team ?? app.teamId },
  }
}

/** Joins the result of a delivery with what the person knows about it. */
export const invocationOf = (
  stage: Stage,
  person: Person,
  result: AttemptResult,
  extra: {
    readonly triggerId?: string
    readonly responseUrl?: string
    readonly shownError?: string
    readonly seenBefore: ReadonlySet<string>
  },
): Invocation => {
  const { seenBefore, ...known } = extra
  return {
    ...(result.ok
      ? { outcome: 'acknowledged', acknowledgedInMilliseconds: result.milliseconds, ackResponse: result.response }
      : { outcome: result.error, ackResponse: {} }),
    ...(result.status === undefined ? {} : { status: result.status }),
    ...known,
    ephemerals: () => stage.workspace.ephemerals(person.id).filter((ephemeral) => !seenBefore.has(ephemeral.ts)),
  }
}

/** An act that Slack refuses by itself. */
export const refusedInvocation = (shownError: string): Invocation => ({
  outcome: 'refused',
  ackResponse: {},
  shownError,
  ephemerals: () => [],
})

/** The `ts` of everything that the person was shown so far. */
export const seenBy = (stage: Stage, person: Person): ReadonlySet<string> =>
  new Set(stage.workspace.ephemerals(person.id).map((ephemeral) => ephemeral.ts))
