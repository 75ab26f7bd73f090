import type { AuthorizationPolicy, Pod } from '../../mesh/objects.ts'
import type { Trace } from '../follow/trace.ts'
import { changedWithRefusals } from './changed-policy.ts'
import { emptied } from './emptied.ts'
import { policyGone } from './gone-policy.ts'
import { httpRulesOnTcp } from './http-rules-on-tcp.ts'
import type { Case, Lead } from './lead.ts'
import { routeBeforePolicies } from './policy-or-route.ts'
import { unboundPolicies } from './unbound-policy.ts'

/** Where a request was refused as no rule that allows took it. */
export interface Unallowed {
  pod: Pod | undefined
  /** The pod's port, where its proxy took the connection for plain TCP. */
  tcpPort: number | undefined
  /** The policies that allow and act on the pod; and those of them that decided. */
  acting: readonly AuthorizationPolicy[]
  deciding: readonly AuthorizationPolicy[]
  trace: Trace | undefined
}

/** Why no rule allows a request, the likeliest first; none where nothing but the rules themselves can be named. */
export function noRuleAllows({ pod, tcpPort, acting, deciding, trace }: Unallowed, one: Case): Lead[] {
  const looks: readonly (() => Lead[])[] = [
    () => (pod === undefined || tcpPort === undefined ? [] : httpRulesOnTcp(acting, pod, tcpPort, one)),
    () => unboundPolicies(pod, one),
    () => emptied(acting),
    () => routeBeforePolicies(deciding, trace, one),
    () => changedWithRefusals(acting, one),
    () => policyGone(one),
  ]
  for (const look of looks) {
    const found = look()
    if (found.length > 0) return found
  }
  return []
}
