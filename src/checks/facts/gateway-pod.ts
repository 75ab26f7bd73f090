import { allGateways } from './routes.ts'
import { serves } from '../../mesh/routing.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import type { Pod } from '../../mesh/objects.ts'

/** True for a pod that a Gateway's selector, or its own label, makes an ingress. */
export function isGatewayPod(pod: Pod, evidence: Evidence): boolean {
  const { labels = {} } = pod.metadata
  return (
    labels['gateway.networking.k8s.io/gateway-name'] !== undefined ||
    labels.istio === 'ingressgateway' ||
    allGateways(evidence).some((gateway) => serves(pod, gateway))
  )
}
