import type { Evidence } from '../../evidence/evidence.ts'
import type { Seen } from '../../evidence/reading.ts'
import type { Gateway, Pod, VirtualService } from '../../mesh/objects.ts'
import { proxyRuns } from '../../mesh/pods.ts'
import type { ProxySync } from '../../mesh/proxy-status.ts'
import { boundHosts, concerns, gatewayKey, gatewaysOf, podsOfGateway } from '../../mesh/routing.ts'
import type { Target } from '../../mesh/target.ts'
import { podsOf } from './owners.ts'

/** The running proxies a request to the target passes, those on their way out left out, with what istiod knows of each and the reading that says so; both are absent for one no istiod knows. */
export function proxiesOf(
  evidence: Evidence,
  target: Target,
): { pod: Pod; gateway: boolean; sync?: ProxySync; status?: Seen<'proxy-status'> }[] {
  const known = evidence.seen('proxy-status').flatMap((status) => status.value.map((sync) => ({ sync, status })))
  const gateways = gatewayPods(evidence, target)
  const own = podsOf(target, evidence).filter((pod) => !gateways.includes(pod))
  return [...gateways.map((pod) => ({ pod, gateway: true })), ...own.map((pod) => ({ pod, gateway: false }))]
    .filter(({ pod }) => proxyRuns(pod) && pod.metadata.deletionTimestamp === undefined)
    .map(({ pod, gateway }) => {
      const found = known.find(
        ({ sync: { name, namespace } }) => name === pod.metadata.name && namespace === pod.metadata.namespace,
      )
      return { pod, gateway, ...found }
    })
}

/** The VirtualServices that route to the target, or take requests for one of its hosts. */
export const virtualServicesFor = (evidence: Evidence, target: Target): VirtualService[] =>
  evidence.objects('virtual-services').filter((one) => concerns(one, target.hosts))

/** The Gateways that VirtualServices for the target are bound to, and those that take one of their hosts though nothing binds them. */
export function gatewaysFor(evidence: Evidence, target: Target): Gateway[] {
  const virtualServices = virtualServicesFor(evidence, target)
  const named = new Set(virtualServices.flatMap(gatewaysOf))
  return evidence
    .objects('gateways')
    .filter(
      (gateway) => named.has(gatewayKey(gateway)) || virtualServices.some((one) => boundHosts(gateway, one).length > 0),
    )
}

/** The pods of those gateways. */
export function gatewayPods(evidence: Evidence, target: Target): Pod[] {
  return [
    ...new Set(gatewaysFor(evidence, target).flatMap((gateway) => podsOfGateway(gateway, evidence.objects('pods')))),
  ]
}
