import { madeFrom, ruleMade } from '../../checks/facts/made-from.ts'
import { backendTroubles } from '../../checks/facts/backends.ts'
import { routeObjects } from '../../checks/facts/routes.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import type { RouteObject } from '../../mesh/conversion.ts'
import type { Route } from '../../mesh/envoy.ts'
import { refOf } from '../../mesh/objects.ts'
import { sameRef } from '../../mesh/ref.ts'
import type { Lead } from './lead.ts'
import { eachOnce } from './lead.ts'

/** What is wrong with the backends of one rule, or of all. */
export const backendLeads = (route: RouteObject, rule: number | undefined, evidence: Evidence): Lead[] =>
  eachOnce(
    backendTroubles(route, rule, evidence).map(({ subject, why, remedy, because }): Lead => ({
      code: 'MESH0133',
      subject,
      why,
      remedy,
      because,
    })),
  )

/** What is wrong with the backends of the rule that a proxy's route was made from; nothing when no object of the Gateway API made it. */
export function backendLeadsOf(made: Route, evidence: Evidence): Lead[] {
  const origin = madeFrom(made, evidence)
  const route = origin === undefined ? undefined : routeObjects(evidence).find((one) => sameRef(refOf(one), origin))
  if (route === undefined) return []
  return backendLeads(route, ruleMade(made.name, route), evidence)
}
