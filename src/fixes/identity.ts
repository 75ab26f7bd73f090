/** Who Kubernetes is told that a write comes from: the bot impersonates them, so that the cluster's RBAC decides. */
export interface Identity {
  user: string
  groups: readonly string[]
}

/** Printable, with no space at its ends: a header would lose that, and become another name. */
const NAME = /^[\x21-\x7e]([\x20-\x7e]{0,251}[\x21-\x7e])?$/
/** Kubernetes' own users and groups, `system:masters` before all; service accounts too; and those that kubeadm gives all rights. */
export const RESERVED_NAMES = /^(?:system|kubeadm):/i

/** Why nobody may be taken for a user or group of that name; undefined when one may. */
export function whyNoName(name: string): string | undefined {
  if (!NAME.test(name)) return `${JSON.stringify(name)} is not a valid Kubernetes user or group name`
  return RESERVED_NAMES.test(name)
    ? `${name} is a reserved name of Kubernetes: writing as it is not allowed`
    : undefined
}

/** True for two names of one Kubernetes user: what tells users apart by case alone is not relied on. */
export const isSameUser = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase()

/**
 * The headers that make the API server take a request for somebody else's.
 * @throws TypeError for names that may never be taken: empty ones, and Kubernetes' own
 */
export function impersonation({ user, groups }: Identity): Record<string, string | string[]> {
  for (const name of [user, ...groups]) {
    const why = whyNoName(name)
    if (why !== undefined) throw new TypeError(why)
  }
  return { 'Impersonate-User': user, ...(groups.length > 0 && { 'Impersonate-Group': [...groups] }) }
}
