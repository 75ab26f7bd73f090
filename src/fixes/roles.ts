import type { Members, Policy, Role } from './policy.ts'
import { ROLES } from './policy.ts'

/** Who is in a Slack user group. @throws when Slack does not say */
export type GroupMembers = (group: string) => Promise<readonly string[]>

/** A person in a channel. */
export interface Person {
  user: string
  channel: string
}

/** The Slack user groups, of those the policy speaks of, that a person is in. */
export async function groupsOf(policy: Policy, user: string, members: GroupMembers): Promise<string[]> {
  const groups = policy.slackGroups()
  const inside = await Promise.all(groups.map(async (group) => (await members(group)).includes(user)))
  return groups.filter((_group, index) => inside[index])
}

/** Whether a person is among members. */
export const has = (members: Members | undefined, user: string, groups: readonly string[]): boolean =>
  members !== undefined &&
  ((members.users ?? []).includes(user) || (members.groups ?? []).some((group) => groups.includes(group)))

/** The highest role a person has in a channel; undefined when they may not even ask. */
export function roleOf(policy: Policy, { user, channel }: Person, groups: readonly string[]): Role | undefined {
  const roles = policy.roles(channel)
  const named = ROLES.findLast((role) => has(roles[role], user, groups))
  return named ?? (roles.viewer === undefined ? 'viewer' : undefined)
}

/** True when a person has a role, or a higher one. */
export function mayActAs(policy: Policy, person: Person, groups: readonly string[], role: Role): boolean {
  const own = roleOf(policy, person, groups)
  return own !== undefined && ROLES.indexOf(own) >= ROLES.indexOf(role)
}
