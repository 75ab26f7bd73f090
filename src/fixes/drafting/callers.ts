import type { Finding } from '../../checks/check.ts'
import type { Target } from '../../mesh/target.ts'

/** Namespaces of the proxies that showed a finding; the target's own when no proxy did. */
export function callersOf({ because }: Finding, target: Target): string[] {
  const namespaces = because.flatMap(({ of }) =>
    of?.kind === 'Pod' && of.namespace !== undefined ? [of.namespace] : [],
  )
  return namespaces.length === 0 ? [target.namespace] : [...new Set(namespaces)]
}
