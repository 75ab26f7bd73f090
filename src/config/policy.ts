import { ASK_ONLY, type Members, type Policy } from '../fixes/policy.ts'
import { defined } from '../mesh/defined.ts'
import type { ConfigFile } from './file.ts'

/** The rules for changes that a configuration file holds, with their defaults. */
export function policyOf({
  channels = {},
  identities: { users = {}, groups = {} } = {},
  changes = {},
  limits = {},
  access = {},
  ambient = {},
  capture,
  unlisted = {},
  administrators,
}: ConfigFile): Policy {
  const named = (members: Members | undefined): readonly string[] => members?.groups ?? []
  const inRoles = [...Object.values(channels), unlisted].flatMap(({ roles = {} }) =>
    [roles.viewer, roles.operator, roles.approver].flatMap(named),
  )
  const all = [...new Set([...Object.keys(groups), ...inRoles, ...named(administrators)])].toSorted()
  // Who may not ask in one channel must not do so in another place.
  const isClosed = Object.values(channels).some(({ roles }) => roles?.viewer !== undefined)
  const elsewhere = { ...(isClosed && { viewer: {} }), ...unlisted.roles }
  const placeOf = (channel: string) => (Object.hasOwn(channels, channel) ? channels[channel] : undefined)
  const { rehearseAs } = changes
  return {
    roles(channel) {
      const place = placeOf(channel)
      return place === undefined ? elsewhere : (place.roles ?? {})
    },
    fourEyes: (channel) => placeOf(channel)?.fourEyes ?? true,
    administrators: administrators ?? {},
    identity(user, slackGroups) {
      const own = users[user]
      if (own === undefined) return undefined
      return {
        user: own.user,
        groups: [...new Set([...(own.groups ?? []), ...slackGroups.flatMap((group) => groups[group] ?? [])])],
      }
    },
    slackGroups: () => all,
    people: () => Object.values(users).map(({ user, groups: own }) => ({ user, groups: own ?? [] })),
    rehearseAs:
      rehearseAs === undefined ? ASK_ONLY.rehearseAs : { user: rehearseAs.user, groups: rehearseAs.groups ?? [] },
    approvalSeconds: changes.approvalMinutes === undefined ? ASK_ONLY.approvalSeconds : changes.approvalMinutes * 60,
    gitops: changes.gitops ?? ASK_ONLY.gitops,
    proofSeconds: changes.proofSeconds ?? ASK_ONLY.proofSeconds,
    leases: {
      proxies: limits.leaseProxies ?? ASK_ONLY.leases.proxies,
      minutes: limits.leaseMinutes ?? ASK_ONLY.leases.minutes,
      ztunnels: ambient.raiseZtunnelLevels ?? ASK_ONLY.leases.ztunnels,
    },
    postsCaptures: (channel) => placeOf(channel)?.captures ?? false,
    captures:
      capture === undefined
        ? ASK_ONLY.captures
        : {
            image: { image: capture.image, pullPolicy: capture.pullPolicy ?? 'IfNotPresent' },
            ...defined({ namespace: capture.namespace }),
          },
    access: { ...ASK_ONLY.access, ...defined(access) },
  }
}
