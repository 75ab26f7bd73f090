import { WebAPIPlatformError } from '@slack/web-api'
import type { AccessPolicy } from '../../fixes/policy.ts'
import type { Log } from '../../queue/log.ts'
import { UserError } from '../../mesh/user-error.ts'
import type { SlackCalls } from '../transport/calls.ts'
import { ChannelClosedError } from '../transport/slack-trouble.ts'
import type { Asking } from './asking.ts'

/** Milliseconds that Slack's answer about a person or a channel is believed. */
const KEPT = 5 * 60_000
const MOST_KEPT = 5000

const ADMINISTRATOR = "The bot's administrator may allow it, under access in its configuration."

/** What Slack says of somebody (users.info). */
interface SlackUser {
  team_id?: string
  deleted?: boolean
  is_bot?: boolean
  is_restricted?: boolean
  is_ultra_restricted?: boolean
  is_stranger?: boolean
  enterprise_user?: { teams?: string[] }
}

/** Refuses whoever is not a member of the bot's own workspace, and channels that another organisation shares. */
export type RequireMember = (asking: Pick<Asking, 'user' | 'team' | 'channel'>) => Promise<void>

/** Answers that are believed for a while; a failure is not kept. */
class Believed<T> {
  private readonly known = new Map<string, { value: Promise<T>; until: number }>()

  of(key: string, ask: () => Promise<T>): Promise<T> {
    const before = this.known.get(key)
    if (before !== undefined && before.until > Date.now()) return before.value
    const value = ask()
    if (this.known.size >= MOST_KEPT) this.known.clear()
    this.known.set(key, { value, until: Date.now() + KEPT })
    value.catch(() => this.known.delete(key))
    return value
  }
}

const refusal = (why: string, remedy = ADMINISTRATOR): UserError =>
  new UserError({ why, remedies: [remedy] }, { code: 'not-a-member' })

/** Why a person may not ask; undefined when they may. */
function denyUser(user: SlackUser, own: string | undefined, access: AccessPolicy): UserError | undefined {
  if (user.deleted === true) return refusal('This account is deactivated.', 'Ask with an account that is in use.')
  if (user.is_bot === true && !access.bots) return refusal('Bots may not ask here.')
  const isGuest = user.is_restricted === true || user.is_ultra_restricted === true
  if (isGuest && !access.guests) return refusal('Guests of the workspace may not ask here.')
  const teams = [...(user.team_id === undefined ? [] : [user.team_id]), ...(user.enterprise_user?.teams ?? [])]
  const isOurs = own === undefined || teams.includes(own)
  if ((!isOurs || user.is_stranger === true) && !teams.some((team) => access.teams.includes(team)))
    return refusal('Only members of this workspace may ask here; you belong to another one.')
  return undefined
}

/**
 * Who may ask at all, whatever their role: by default members of the workspace, in channels of its own.
 * @param own the workspace's id
 */
export function requireMembers(
  { slack, log, access }: { slack: SlackCalls; log: Log; access: AccessPolicy },
  own: string | undefined,
): RequireMember {
  const [users, channels] = [new Believed<SlackUser>(), new Believed<boolean>()]

  async function isShared(channel: string): Promise<boolean> {
    try {
      const answer = await slack.patiently('conversations.info', (client) => client.conversations.info({ channel }))
      return answer.channel?.is_ext_shared === true
    } catch (error) {
      // Nothing can be posted there either, and that is said then.
      if (error instanceof ChannelClosedError) return false
      throw unknown(error, 'whether the channel is shared with another organisation')
    }
  }

  async function info(user: string): Promise<SlackUser> {
    try {
      return (await slack.patiently('users.info', (client) => client.users.info({ user }))).user ?? {}
    } catch (error) {
      throw unknown(error, 'who you are')
    }
  }

  /** Whoever is not known may not ask. */
  function unknown(error: unknown, what: string): unknown {
    if (!(error instanceof WebAPIPlatformError)) return error
    log.error({ err: error }, 'Slack does not say who asks')
    const { error: reason } = error.data
    return refusal(
      `Slack does not tell the bot ${what} (${reason}).`,
      reason === 'missing_scope'
        ? "The bot's administrator: add the scopes of manifest.yml to the app and install it anew; /mesh doctor names what is missing."
        : ADMINISTRATOR,
    )
  }

  return async ({ user, team, channel }) => {
    if (own !== undefined && team !== undefined && team !== own && !access.teams.includes(team))
      throw refusal('Only members of this workspace may ask here; this comes from another one.')
    const [known, shared] = await Promise.all([
      users.of(user, () => info(user)),
      // Other kinds of conversations have the people in them, who are asked about themselves.
      access.sharedChannels || !/^[CG]/.test(channel) ? false : channels.of(channel, () => isShared(channel)),
    ])
    const denied = denyUser(known, own, access)
    if (denied !== undefined) throw denied
    if (shared)
      throw refusal('This channel is shared with another organisation: what is found in the mesh is not posted there.')
  }
}
