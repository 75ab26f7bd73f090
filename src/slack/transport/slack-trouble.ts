import { WebAPIHTTPError, WebAPIPlatformError, WebAPIRateLimitedError, WebAPIRequestError } from '@slack/web-api'
import { UserError } from '../../mesh/user-error.ts'

/** The message or thread that was to be changed or continued is gone. */
export class MessageGoneError extends Error {
  override readonly name = 'MessageGoneError'
}

/** The channel takes no messages from this app; `remedies` say what would help. */
export class ChannelClosedError extends UserError {
  override readonly name = 'ChannelClosedError'
  /** Slack's own word: `not_in_channel`. */
  readonly reason: string
  constructor(reason: string, options?: ErrorOptions) {
    const [why, remedy] = CLOSED[reason] ?? [`Slack answers ${reason}`, 'Ask in another channel.']
    super({ why, remedies: [remedy] }, { ...options, code: 'channel-closed' })
    this.reason = reason
  }
}

/** Slack takes the bot's token no more: nothing works until somebody gives it another. */
export class TokenRefusedError extends UserError {
  override readonly name = 'TokenRefusedError'
  constructor(reason: string, options?: ErrorOptions) {
    super(
      {
        why: `Slack refuses the bot's token (${reason}): nothing can be posted.`,
        remedies: [
          `For the bot's administrator: ${REFUSED_TOKENS[reason] ?? 'give it a valid token'} (SLACK_BOT_TOKEN), and restart the bot.`,
        ],
      },
      { ...options, code: 'token-refused' },
    )
  }
}

/** Slack did not answer properly for longer than we wait. The job is worth trying again. */
export class SlackUnavailableError extends Error {
  override readonly name = 'SlackUnavailableError'
  readonly tryAgain = true
}

/** True for what Slack refuses by itself, whenever it is tried, and that is no matter of the channel, the message or the token. */
export const isRefusedBySlack = (error: unknown): error is WebAPIPlatformError => error instanceof WebAPIPlatformError

/** A call whose answer was lost; it may or may not have been carried out. */
export class LostCallError extends Error {
  override readonly name = 'LostCallError'
}

const GONE = new Set(['message_not_found', 'thread_not_found', 'cant_update_message', 'edit_window_closed'])

/** What Slack says of a token that it takes no more, and what gives another one. */
const REFUSED_TOKENS: Readonly<Record<string, string>> = {
  token_revoked: 'the token was revoked; reinstall the app and configure its new token',
  token_expired: 'the token has expired; reinstall the app and configure its new token',
  invalid_auth: 'the token is not valid; compare it with the one on the app’s page',
  not_authed: 'no token was sent; configure one',
  account_inactive: 'the app was removed or the workspace is gone; install the app again and configure its new token',
}

const INVITE = 'Type /invite @mesh-medic in that channel, then ask again.'
const CLOSED: Readonly<Record<string, readonly [string, string]>> = {
  not_in_channel: ['mesh-medic is not in that channel.', INVITE],
  channel_not_found: ['mesh-medic cannot see that channel.', INVITE],
  is_archived: ['The channel is archived.', 'Ask in another channel.'],
  is_inactive: ['The channel is archived.', 'Ask in another channel.'],
  restricted_action: [
    'Posting in that channel is restricted.',
    'Ask its managers to let mesh-medic post, or ask in another channel.',
  ],
  restricted_action_read_only_channel: ['That channel is read-only.', 'Ask in another channel.'],
  restricted_action_thread_only_channel: [
    'That channel accepts replies only.',
    'Mention the bot inside a thread there, or ask in another channel.',
  ],
  restricted_action_thread_locked: ['That thread is locked.', 'Ask in the channel itself.'],
  restricted_action_non_threadable_channel: ['That channel has no threads.', 'Ask in another channel.'],
  user_is_restricted: ['mesh-medic may not post there.', 'Ask in another channel.'],
  no_permission: ['mesh-medic may not post there.', INVITE],
}

/** Slack's own troubles that pass. */
const PASSING = new Set([
  'internal_error',
  'fatal_error',
  'service_unavailable',
  'request_timeout',
  'team_added_to_org',
  'ekm_access_denied',
  'ratelimited',
  'message_limit_exceeded',
])

/** What a failed call means: wait that long; it may or may not have been carried out; or an error that another try repeats. */
export type Trouble = { kind: 'limited'; seconds: number } | { kind: 'lost' } | { kind: 'final'; error: Error }

/** Sorts an error of the Web API client. */
export function troubleOf(error: unknown): Trouble {
  if (error instanceof WebAPIRateLimitedError) return { kind: 'limited', seconds: error.retryAfter }
  if (error instanceof WebAPIRequestError || error instanceof LostCallError) return { kind: 'lost' }
  // Slack says what is wrong in an answer of 200: any other status is of something that stands before it.
  if (error instanceof WebAPIHTTPError) return { kind: 'lost' }
  if (error instanceof WebAPIPlatformError) {
    const reason = error.data.error
    if (GONE.has(reason)) return { kind: 'final', error: new MessageGoneError(reason, { cause: error }) }
    if (reason in REFUSED_TOKENS) return { kind: 'final', error: new TokenRefusedError(reason, { cause: error }) }
    if (reason in CLOSED) return { kind: 'final', error: new ChannelClosedError(reason, { cause: error }) }
    return PASSING.has(reason) ? { kind: 'lost' } : { kind: 'final', error }
  }
  return { kind: 'final', error: error instanceof Error ? error : new Error(String(error)) }
}
