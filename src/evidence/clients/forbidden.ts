import type { Permission } from '../reading.ts'
import { defined } from '../../mesh/defined.ts'

const FORBIDDEN =
  /cannot (?<verb>\S+) resource "(?<resource>[^"]+)" in API group "(?<group>[^"]*)"(?: in the namespace "(?<namespace>[^"]+)")?/

/** The permission the API server says is missing, read from its own words (kube-apiserver, RBAC forbidden errors); istioctl repeats them. */
export function missingPermission(text: string): Permission | undefined {
  const { verb, resource, group, namespace } = FORBIDDEN.exec(text)?.groups ?? {}
  if (verb === undefined || resource === undefined || group === undefined) return undefined
  // A right to make tokens of any service account would be a right to be any of them.
  const name =
    resource === 'serviceaccounts/token' ? /serviceaccounts "([^"]+)" is forbidden/.exec(text)?.[1] : undefined
  return { verb, resource, group, ...defined({ namespace, name }) }
}
