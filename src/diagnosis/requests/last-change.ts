import { rootNamespaceOf } from '../../checks/facts/root-namespace-of.ts'
import { gatewaysFor } from '../../checks/facts/proxies-of.ts'
import { routesFor } from '../../checks/facts/routes.ts'
import { selectedBy } from '../../checks/facts/workload-entries.ts'
import type { ReferenceGrant } from '../../mesh/gateway-api.ts'
import { presentOf, trafficCountsFrom } from '../../checks/facts/traffic-of.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { latestChange } from '../../mesh/objects.ts'
import type { Target } from '../../mesh/target.ts'
import { hostMatches } from '../../mesh/host.ts'
import type { RequestClass } from './classes.ts'

/** True for a grant beside the target, or for objects of the namespaces whose routes and Gateways lead to it. */
function isForTarget({ metadata, spec }: ReferenceGrant, target: Target, evidence: Evidence): boolean {
  const beside = [target.namespace, ...target.services.map(({ namespace }) => namespace)]
  const leading = [...routesFor(evidence, target), ...gatewaysFor(evidence, target)].map(
    (one) => one.metadata.namespace,
  )
  return beside.includes(metadata.namespace) || (spec?.from ?? []).some(({ namespace }) => leading.includes(namespace))
}

/** When what concerns all requests for the target changed last (milliseconds since the epoch): requests from before prove nothing of now. */
export function lastChange(target: Target, evidence: Evidence): number {
  const now = Math.max(0, ...evidence.seen('access-log').map(({ at }) => Date.parse(at)))
  const entries = evidence
    .objects('service-entries')
    .filter(({ spec }) => (spec?.hosts ?? []).some((entry) => target.hosts.some((host) => hostMatches(entry, host))))
  return Math.max(
    trafficCountsFrom(evidence, target) ?? now - presentOf(target),
    latestChange([
      ...entries,
      ...entries.flatMap((entry) => selectedBy(entry, evidence)),
      ...evidence.objects('reference-grants').filter((one) => isForTarget(one, target, evidence)),
    ]),
  )
}

/** When what shapes the proxies at the ends of a class changed last: Sidecars and EnvoyFilters act in their own namespace, or from the root one. */
export function lastChangeFor({ caller }: RequestClass, target: Target, evidence: Evidence): number {
  const namespaces = new Set([rootNamespaceOf(evidence), target.namespace, caller?.pod.namespace])
  const acting = [...evidence.objects('sidecars'), ...evidence.objects('envoy-filters')]
  return latestChange(acting.filter(({ metadata }) => namespaces.has(metadata.namespace ?? '')))
}
