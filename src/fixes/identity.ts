/** Who Kubernetes is told that a write comes from: the bot impersonates them, so that the cluster's RBAC decides. */
export interface Identity {
  user: string
  groups: readonly string[]
}

/** Printable, with no space at its ends: a header would lose that, and become another name. */
const NAME = /^[\x21-\x7e]([\x20-\x7e]{0,251}[\x21-\x7e])?$/
/** Kubernetes' own users and groups, `system:masters` before all; service accounts too. */
export const RESERVED_NAMES = /^system:/i

/**
 * The headers that make the API server take a request for somebody else's.
 * @throws TypeError for names that may never be taken: empty ones, and Kubernetes' own
 */
export function impersonation({ user, groups }: Identity): Record<string, string | string[]> {
  for (const name of [user, ...groups]) {
    if (!NAME.test(name)) throw new TypeError(`${JSON.stringify(name)} is not a valid Kubernetes user or group name`)
    if (RESERVED_NAMES.test(name))
      throw new TypeError(`${name} is one of Kubernetes' own names: nobody may write as that`)
  }
  return { 'Impersonate-User': user, ...(groups.length > 0 && { 'Impersonate-Group': [...groups] }) }
}
