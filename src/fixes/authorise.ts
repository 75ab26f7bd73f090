import { UserError, type UserAnswer } from '../mesh/user-error.ts'
import { isSameUser, type Identity } from './identity.ts'
import type { Policy, Role } from './policy.ts'
import { isKept, type ChangeRecord } from './record.ts'
import { mayActAs, roleOf, type Person } from './roles.ts'

/** Someone who pressed a button, with the Slack user groups they are in. */
export interface Presser extends Person {
  groups: readonly string[]
}

const PHRASES: Readonly<Record<Role, string>> = {
  viewer: 'ask here',
  operator: 'change anything here, not even for a while',
  approver: 'approve changes here',
}

const WITH_ARTICLE: Readonly<Record<Role, string>> = {
  viewer: 'a viewer',
  operator: 'an operator',
  approver: 'an approver',
}

/** Who has a role in a channel, for a sentence: mentions are left to whoever shows it. */
export function holdersOf(policy: Policy, channel: string, role: Role): { users: string[]; groups: string[] } {
  const roles = policy.roles(channel)
  const members =
    role === 'approver'
      ? [roles.approver]
      : role === 'operator'
        ? [roles.operator, roles.approver]
        : [roles.viewer, roles.operator, roles.approver]
  return {
    users: [...new Set(members.flatMap((one) => one?.users ?? []))],
    groups: [...new Set(members.flatMap((one) => one?.groups ?? []))],
  }
}

/** Undefined when a person has a role, else why they may not act; `act` says what they may not do. */
export function denyRole(policy: Policy, person: Presser, role: Role, act = PHRASES[role]): UserError | undefined {
  if (mayActAs(policy, person, person.groups, role)) return undefined
  const { users, groups } = holdersOf(policy, person.channel, role)
  const own = roleOf(policy, person, person.groups)
  const why = `You may not ${act}: that requires the role ${role}, and you are ${own === undefined ? 'in no role' : WITH_ARTICLE[own]} in this channel.`
  const named =
    users.length + groups.length === 0
      ? `Nobody has that role here yet: ask the bot's administrator to name people under channels.${person.channel}.roles.${role} in its configuration.`
      : `Those who may: ${[...users.map((user) => `<@${user}>`), ...groups.map((group) => `<!subteam^${group}>`)].join(', ')}.`
  return new UserError({ why, remedies: [named], named: [...users, ...groups] })
}

/** The identity a person writes with; why not when none is configured. */
export function identityFor(policy: Policy, { user, groups }: Presser): Identity | UserError {
  return (
    policy.identity(user, groups) ??
    new UserError({
      why: 'Your Kubernetes user is not known, so the cluster could not decide whether you may do this.',
      remedies: [`Ask the bot's administrator to add identities.users.${user} to its configuration.`],
    })
  )
}

/** What somebody wants of a change. */
export type Verb = 'approve' | 'edit' | 'reject' | 'undo'

const ENDED: Readonly<Partial<Record<ChangeRecord['state'], string>>> = {
  expired: 'It has expired',
  rejected: 'It was rejected',
  superseded: 'It was replaced by a newer proposal',
  failed: 'It failed',
  approved: 'It is already approved',
  applying: 'It is already being applied',
  applied: 'It is already applied',
  proved: 'It is already applied',
  undoing: 'It is being undone',
  undone: 'It was undone',
}

const decidedBy = ({ decided }: ChangeRecord): string =>
  decided === undefined ? '' : ` by <@${decided.user}> at ${decided.at}`

/** Everybody who asked for, decided or undid a change. */
export const peopleOf = ({ requester, decided, undo }: ChangeRecord): string[] =>
  [requester, decided, undo].flatMap((one) => (one === undefined ? [] : [one.user]))

/** Why a change, in the state it is in, does not take what somebody wants; undefined when it does. `now` in milliseconds. */
export function denyState(change: ChangeRecord, verb: Verb, now: number): UserError | undefined {
  const answer = verb === 'undo' ? whyNotUndone(change) : whyNotDecided(change, verb, now)
  return answer && new UserError({ ...answer, named: peopleOf(change) })
}

function whyNotUndone(change: ChangeRecord): UserAnswer | undefined {
  const wrote = (change.wrote ?? []).length > 0
  // What failed may work another time: what refused it may be gone.
  if (change.undo !== undefined && change.undo.state !== 'failed')
    return {
      why: change.undo.state === 'undone' ? 'It was already undone.' : 'It is already being undone.',
      remedies: ['See the thread.'],
    }
  if (!isKept(change))
    return {
      why: 'It cannot be undone any more: what was there before is kept for 7 days.',
      remedies: ['Diagnose the target again.'],
    }
  if (!wrote) return { why: 'Nothing was written, so there is nothing to undo.' }
  if ((change.inverse ?? []).length === 0) return { why: `It cannot be undone: ${change.undoSays}` }
  return ['applied', 'proved', 'failed'].includes(change.state)
    ? undefined
    : { why: 'It is not applied yet.', remedies: ['Wait for its proof.'] }
}

function whyNotDecided(change: ChangeRecord, verb: Verb, now: number): UserAnswer | undefined {
  if (change.state === 'proposed' && Date.parse(change.expiresAt) <= now)
    return {
      why: `It has expired: it could be approved until ${change.expiresAt}.`,
      remedies: ['Press “Propose fix” again.'],
    }
  if (change.state !== 'proposed')
    return {
      why: `${ENDED[change.state] ?? 'It is already decided'}${decidedBy(change)}.`,
      remedies: ['See the thread.'],
    }
  if (verb === 'approve' && change.blocked !== undefined)
    return { why: `Nobody can approve it here: ${change.blocked}`, remedies: ['Download the patch instead.'] }
  return undefined
}

/** True for the same Slack user, and for another one who is the same user in Kubernetes: their eyes are not four. */
export function isSamePerson(policy: Policy, { user, groups }: Omit<Presser, 'channel'>, other: string): boolean {
  if (user === other) return true
  const [own, theirs] = [policy.identity(user, groups), policy.identity(other, [])]
  return own !== undefined && theirs !== undefined && isSameUser(own.user, theirs.user)
}

/**
 * Whether somebody may approve, edit, reject or undo a change: role, four eyes, and who they are in Kubernetes. An edit takes the place of what was proposed, so
 * that it takes what a rejection does.
 * @returns the identity to write with (for an edit and a rejection none is needed)
 */
export function authorise(
  policy: Policy,
  change: ChangeRecord,
  presser: Presser,
  verb: Verb,
): { identity?: Identity } | UserError {
  if (presser.channel !== change.channel)
    return new UserError({ why: 'This change belongs to another channel.', remedies: ['Decide on it there.'] })
  const isRequester = isSamePerson(policy, presser, change.requester.user)
  if (verb === 'reject' || verb === 'edit') return isRequester ? {} : (denyRole(policy, presser, 'operator') ?? {})
  const denied = denyRole(policy, presser, 'approver')
  if (denied !== undefined) return denied
  if (isRequester && policy.fourEyes(change.channel)) {
    return new UserError({
      why: `You asked for this change yourself; somebody else has to ${verb === 'undo' ? 'undo' : 'approve'} it.`,
      remedies: ['Ask a second approver to look at it.'],
    })
  }
  const identity = identityFor(policy, presser)
  return identity instanceof UserError ? identity : { identity }
}
