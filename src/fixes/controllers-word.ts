import { conditionsAt, writtenAs } from '../checks/facts/attachment.ts'
import { routesFor } from '../checks/facts/routes.ts'
import type { Evidence } from '../evidence/evidence.ts'
import type { RouteObject } from '../mesh/conversion.ts'
import { GATEWAY_API, isConverted } from '../mesh/conversion.ts'
import type { Condition } from '../mesh/gateway-api.ts'
import { isCurrent, isIstios } from '../mesh/gateway-api.ts'
import { refOf } from '../mesh/objects.ts'
import { formatRef, sameRef } from '../mesh/ref.ts'
import type { Target } from '../mesh/target.ts'
import type { ChangeRecord } from './record.ts'

/** What Istio's controllers say after a change of objects of the Gateway API; each text is one clause. */
export interface ControllersWord {
  /** They refuse, or have not judged the objects as they are now. */
  against?: string
  /** What they took, with the generation that they looked at. */
  agrees?: string
}

/** Of these the routes that a change was made for: its subject, what it wrote, and what a Gateway that it wrote is a parent of. */
function routesOf({ subject, writes }: ChangeRecord, evidence: Evidence, target: Target): RouteObject[] {
  const written = writes.filter(({ apiVersion }) => apiVersion.startsWith(GATEWAY_API)).map(({ ref }) => ref)
  if (written.length === 0) return []
  const routes = routesFor(evidence, target)
    .filter(isConverted)
    .flatMap((one) => writtenAs(one, evidence) ?? [])
  const isParent = (route: RouteObject): boolean =>
    (route.spec?.parentRefs ?? []).some(({ kind = 'Gateway', name, namespace = route.metadata.namespace }) =>
      written.some((ref) => ref.kind === kind && ref.name === name && ref.namespace === namespace),
    )
  return [...new Set(routes)].filter(
    (route) =>
      isParent(route) ||
      [subject, ...written].some(({ kind, name, namespace = '' }) =>
        sameRef({ kind, name, namespace }, { namespace: '', ...refOf(route) }),
      ),
  )
}

const conditionsOf = ({ status }: RouteObject): Condition[] =>
  (status?.parents ?? [])
    .filter(({ controllerName }) => isIstios(controllerName))
    .flatMap(({ conditions = [] }) => conditions)

/** Asks the status of the routes that a change was made for; empty for changes of other objects. */
export function controllersWord(change: ChangeRecord, evidence: Evidence, target: Target): ControllersWord {
  const agreed: string[] = []
  for (const route of routesOf(change, evidence, target)) {
    const about = formatRef(refOf(route))
    const conditions = conditionsOf(route)
    if (!conditions.some((one) => isCurrent(one, route)))
      return {
        against: `Istio's controller has not processed generation ${route.metadata.generation ?? 0} of ${about} yet`,
      }
    const [failed] = (route.spec?.parentRefs ?? []).flatMap((parent) => conditionsAt(route, parent))
    if (failed !== undefined)
      return {
        against: `Istio's controller says ${failed.type}=${failed.status} ${failed.reason ?? ''} for ${about}: ${failed.message ?? ''}`,
      }
    const types = [...new Set(conditions.filter(({ status }) => status === 'True').map(({ type }) => type))]
    agreed.push(
      `Istio's controller says ${types.join(' and ')} for ${about}, generation ${route.metadata.generation ?? 0}`,
    )
  }
  return agreed.length === 0 ? {} : { agrees: agreed.join('; ') }
}
