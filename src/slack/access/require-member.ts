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

const ADMINISTRATOR = "The bot's administrator can allow it, under access in its configuration."

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

/** True for somebody of a workspace that is neither the bot's own nor allowed. */
const isOfAnother = (team: string | undefined, own: string | undefined, { teams }: AccessPolicy): boolean =>
  own !== undefined && team !== undefined && team !== own && !teams.includes(team)

/** What Slack says of somebody now. */
async function infoOf({ slack, log }: { slack: SlackCalls; log: Log }, user: string): Promise<SlackUser> {
  try {
    return (await slack.patiently('users.info', (client) => client.users.info({ user }))).user ?? {}
  } catch (error) {
    throw unknown(log, error, 'who you are')
  }
}

/** Whoever is not known may not ask. */
function unknown(log: Log, error: unknown, what: string): unknown {
  if (!(error instanceof WebAPIPlatformError)) return error
  log.error({ err: error }, 'Slack does not say who asks')
  const { error: reason } = error.data
  return refusal(
    `Slack does not tell the bot ${what} (${reason}).`,
    reason === 'missing_scope'
      ? "The bot's administrator has to add the scopes of manifest.yml to the app and reinstall it; /mesh doctor names what is missing."
      : ADMINISTRATOR,
  )
}

/** Why a person may not ask; undefined when they may. */
function denyUser(user: SlackUser, own: string | undefined, access: AccessPolicy): UserError | undefined {
  if (user.deleted === true) return refusal('This account is deactivated.', 'Ask with an active account.')
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
      throw unknown(log, error, 'whether the channel is shared with another organisation')
    }
  }

  return async ({ user, team, channel }) => {
    if (isOfAnother(team, own, access))
      throw refusal('Only members of this workspace may ask here; this comes from another one.')
    const [known, shared] = await Promise.all([
      users.of(user, () => infoOf({ slack, log }, user)),
      // Other kinds of conversations have the people in them, who are asked about themselves.
      access.sharedChannels || !/^[CG]/.test(channel) ? false : channels.of(channel, () => isShared(channel)),
    ])
    const denied = denyUser(known, own, access)
    if (denied !== undefined) throw denied
    if (shared)
      throw refusal('This channel is shared with another organisation: findings about the mesh are not posted there.')
  }
}

/** Says why somebody may decide nothing, whatever their role. */
export type DenyDecider = (person: { user: string; team?: string | undefined }) => Promise<UserError | undefined>

/**
 * Who may decide over the cluster at all: people with an account of their own in the workspace, also where guests and bots may ask. Slack is asked each time:
 * somebody who was deactivated a minute ago decides nothing.
 * @param own the workspace's id
 */
export function denyDeciders(
  { slack, log, access }: { slack: SlackCalls; log: Log; access: AccessPolicy },
  own: string | undefined,
): DenyDecider {
  return async ({ user, team }) => {
    if (isOfAnother(team, own, access))
      return refusal('Only members of this workspace may decide here; this comes from another one.')
    try {
      const known = await infoOf({ slack, log }, user)
      const denied = denyUser(known, own, { ...access, guests: false, bots: false })
      return denied && refusal(denied.why.replace('may not ask here', 'may not decide here'), DECIDERS)
    } catch (error) {
      if (error instanceof UserError) return error
      throw error
    }
  }
}

const DECIDERS = 'A member of this workspace has to decide.'
