import { madeFrom } from '../../checks/facts/made-from.ts'
import { nearestRule, type Miss } from '../../mesh/authorization.ts'
import type { AuthorizationPolicy } from '../../mesh/objects.ts'
import { allRoutes } from '../../checks/facts/routes.ts'
import { changedAt, refOf } from '../../mesh/objects.ts'
import { sameRef } from '../../mesh/ref.ts'
import { hasProxy } from '../../mesh/pods.ts'
import type { Ref } from '../../mesh/ref.ts'
import { identityOf } from '../follow/callee.ts'
import type { Trace } from '../follow/trace.ts'
import type { Case, Lead } from './lead.ts'
import { eachOnce, newest, value } from './lead.ts'

/** What a route may change on the way: the path, the host, or headers. */
const isShaped = ({ says }: Miss): boolean => /^(the path|the host|request\.headers\[)/.test(says)

/**
 * The VirtualService whose route hands on what the policies behind it refuse, when it was changed after all of them and their nearest rule misses nothing but what a
 * route may change: the two do not fit each other, and the newer is named.
 */
export function routeBeforePolicies(
  policies: readonly AuthorizationPolicy[],
  trace: Trace | undefined,
  { evidence }: Case,
): Lead[] {
  const last = newest(policies)
  if (trace === undefined || last === undefined || !hasProxy(trace.callerPod)) return []
  const near = nearestRule(policies, {
    method: trace.question.method,
    principal: identityOf(trace.callerPod, evidence).replace(/^spiffe:\/\//, ''),
  })
  const misses = (near?.misses ?? []).filter(({ says, sure }) => sure || !says.startsWith('the port'))
  if (near === undefined || misses.length === 0 || !misses.every(isShaped)) return []
  const makers: Ref[] = (trace.walk.route?.branches ?? []).flatMap(({ route }) =>
    route === undefined ? [] : (madeFrom(route, evidence) ?? []),
  )
  return eachOnce(
    makers.flatMap((subject): Lead[] => {
      const made = allRoutes(evidence).find((one) => sameRef(refOf(one), subject))
      return made !== undefined && (changedAt(made) ?? 0) > (changedAt(last) ?? 0)
        ? [
            {
              code: 'MESH0131',
              isDeeper: true,
              subject,
              why: `its route was changed after ${value(near.policy.metadata.name)}, and no rule of that policy matches what it sends now: ${misses.map(({ says }) => says).join('; ')}`,
              remedy: 'Make the route send what the policy asks for, or change the policy to match',
            },
          ]
        : []
    }),
  )
}
