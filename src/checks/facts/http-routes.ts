import type { Evidence } from '../../evidence/evidence.ts'
import type { GatewayObject, HttpRouteObject } from '../../mesh/gateway-api.ts'
import { addressedService, backendsOf, parentsOf } from '../../mesh/gateway-api.ts'
import { hostMatches } from '../../mesh/host.ts'
import type { Labels, Pod } from '../../mesh/objects.ts'
import { selects } from '../../mesh/objects.ts'
import type { Target } from '../../mesh/target.ts'

/** The HTTPRoutes that lead to the target's Services, or take requests for one of its hosts. */
export function httpRoutesFor(evidence: Evidence, target: Pick<Target, 'services' | 'hosts'>): HttpRouteObject[] {
  return evidence
    .objects('http-routes')
    .filter(
      (route) =>
        [...backendsOf(route), ...parentsOf(route)].some((ref) =>
          target.services.some(
            ({ kind, namespace, name }) => ref.kind === kind && ref.namespace === namespace && ref.name === name,
          ),
        ) || (route.spec?.hostnames ?? []).some((pattern) => target.hosts.some((host) => hostMatches(pattern, host))),
    )
}

/** The Gateways that those routes name as parents. */
export function parentGateways(evidence: Evidence, target: Pick<Target, 'services' | 'hosts'>): GatewayObject[] {
  const parents = httpRoutesFor(evidence, target).flatMap(parentsOf)
  return evidence
    .objects('gateway-api-gateways')
    .filter(({ metadata }) =>
      parents.some(
        ({ kind, namespace, name }) => kind === 'Gateway' && namespace === metadata.namespace && name === metadata.name,
      ),
    )
}

/** The labels of the pods that serve a Gateway: of the Service it names as its address, or those that istiod gives what it deploys for it. */
export function labelsOfGateway(gateway: GatewayObject, evidence: Evidence): Labels {
  const manual = addressedService(gateway)
  const service = manual === undefined ? undefined : evidence.object('services', manual.namespace, manual.name)
  return service?.spec?.selector ?? { 'gateway.networking.k8s.io/gateway-name': gateway.metadata.name }
}

/** The pods that serve a Gateway, among those that were read. */
export function podsServing(gateway: GatewayObject, evidence: Evidence): Pod[] {
  const labels = labelsOfGateway(gateway, evidence)
  return evidence.objects('pods').filter((pod) => selects(labels, pod.metadata.labels))
}
