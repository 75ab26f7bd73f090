import type { Seen } from '../../evidence/reading.ts'
import type { Gateway, Pod, VirtualService } from '../../mesh/objects.ts'
import { proxyRuns } from '../../mesh/pods.ts'
import type { ProxySync } from '../../mesh/proxy-status.ts'
import { boundHosts, concernsTarget, gatewayKey, gatewaysOf, podsOfGateway } from '../../mesh/routing.ts'
import { isConverted } from '../../mesh/conversion.ts'
import { fact } from './fact.ts'
import { allGateways, routesFor } from './routes.ts'
import { podsOf } from './owners.ts'

/** A proxy on a request's way. */
export interface PassedProxy {
  pod: Pod
  gateway: boolean
  sync?: ProxySync
  status?: Seen<'proxy-status'>
}

/** The running proxies a request to the target passes, those on their way out left out, with what istiod knows of each and the reading that says so; both are absent for one no istiod knows. */
export const proxiesOf = fact((evidence, target): readonly PassedProxy[] => {
  const known = new Map<string, { sync: ProxySync; status: Seen<'proxy-status'> }>()
  for (const status of evidence.seen('proxy-status')) {
    for (const sync of status.value) {
      const key = `${sync.namespace}/${sync.name}`
      if (!known.has(key)) known.set(key, { sync, status })
    }
  }
  const gateways = gatewayPods(evidence, target)
  const isGateway = new Set(gateways)
  const own = podsOf(target, evidence).filter((pod) => !isGateway.has(pod))
  return [...gateways.map((pod) => ({ pod, gateway: true })), ...own.map((pod) => ({ pod, gateway: false }))]
    .filter(({ pod }) => proxyRuns(pod) && pod.metadata.deletionTimestamp === undefined)
    .map(({ pod, gateway }) => ({
      pod,
      gateway,
      ...known.get(`${pod.metadata.namespace ?? ''}/${pod.metadata.name}`),
    }))
})

/** The VirtualServices that route to the target, or take requests for one of its hosts. */
export const virtualServicesFor = fact((evidence, target): readonly VirtualService[] =>
  evidence.objects('virtual-services').filter((one) => concernsTarget(one, target)),
)

/** The Gateways, Istio's own and those of the Gateway API, that routes to the target are bound to, and those that take one of their hosts though nothing binds them. */
export const gatewaysFor = fact((evidence, target): readonly Gateway[] => {
  const routes = routesFor(evidence, target)
  const named = new Set(routes.flatMap(gatewaysOf))
  // Only Istio's own routes may be bound to a Gateway by mistake of its name alone.
  const unnamed = routes.filter((one) => !isConverted(one))
  return allGateways(evidence).filter(
    (gateway) =>
      named.has(gatewayKey(gateway)) ||
      (!isConverted(gateway) && unnamed.some((one) => boundHosts(gateway, one).length > 0)),
  )
})

/** The pods of those gateways. */
export const gatewayPods = fact((evidence, target): readonly Pod[] => [
  ...new Set(gatewaysFor(evidence, target).flatMap((gateway) => podsOfGateway(gateway, evidence.objects('pods')))),
])
