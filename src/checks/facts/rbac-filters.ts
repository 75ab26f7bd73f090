import type { Listener } from '../../mesh/envoy.ts'

/** The inbound listener's HTTP filter, as far as it tells of policies. */
interface RbacRules {
  /** Absent for ALLOW, as protojson leaves out the first value of an enumeration. */
  action?: string
  policies?: Record<string, { permissions?: { notRule?: { any?: boolean } }[] }>
}

/** istiod writes a policy without rules as one rule that takes nothing. */
const takesNothing = ({ permissions = [] }: { permissions?: { notRule?: { any?: boolean } }[] }): boolean =>
  permissions.length > 0 && permissions.every(({ notRule }) => notRule?.any === true)

/**
 * The rules (`ns[shop]-policy[orders]-rule[0]`) by which a proxy's RBAC filters allow or deny, over all its filter chains; undefined when it has no such filter.
 * An empty list for ALLOW means that nothing is allowed.
 */
export function rbacPolicies(listeners: readonly Listener[], action: 'ALLOW' | 'DENY'): string[] | undefined {
  const filters = listeners
    .flatMap(({ filterChains = [] }) => filterChains)
    .flatMap(({ filters: network = [] }) => network)
  const http = filters.flatMap(
    ({ typedConfig }) =>
      (typedConfig?.httpFilters as { name?: string; typedConfig?: { rules?: RbacRules } }[] | undefined) ?? [],
  )
  const rules = http
    .flatMap(({ name, typedConfig }) =>
      name === 'envoy.filters.http.rbac' && typedConfig?.rules !== undefined ? [typedConfig.rules] : [],
    )
    .filter((one) => (one.action ?? 'ALLOW') === action)
  return rules.length === 0
    ? undefined
    : [
        ...new Set(
          rules.flatMap(({ policies = {} }) =>
            Object.entries(policies).flatMap(([name, policy]) => (takesNothing(policy) ? [] : [name])),
          ),
        ),
      ]
}
