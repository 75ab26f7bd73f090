import type { Namespace, Pod } from './objects.ts'
import { hasProxy, PROXY_CONTAINER } from './pods.ts'

/** What takes a pod's traffic: a proxy of its own, the proxy of its node (ambient mode), or nothing. */
export type DataPlane = 'sidecar' | 'ztunnel' | 'none'

const MODE = 'istio.io/dataplane-mode'
const REDIRECTION = 'ambient.istio.io/redirection'

/** What takes the pod's traffic, as the injector and Istio's CNI plugin noted it; not what anybody asked for. */
export function dataPlaneOf(pod: Pod): DataPlane {
  if (hasProxy(pod)) return 'sidecar'
  return pod.metadata.annotations?.[REDIRECTION] === 'enabled' ? 'ztunnel' : 'none'
}

/** True when the CNI plugin redirects the pod's traffic but has no ztunnel that takes it: nothing gets in or out. */
export const isHalfCaptured = (pod: Pod): boolean => pod.metadata.annotations?.[REDIRECTION] === 'pending'

/** Who asks for the pod to be in ambient mode: its own label or its namespace's; undefined when nobody does, or something rules it out. */
export function asksForAmbient(pod: Pod, namespace: Namespace | undefined): 'pod' | 'namespace' | undefined {
  // As the CNI plugin decides it: never a pod with a sidecar, nor one in its node's own network.
  if (hasProxy(pod) || pod.spec?.hostNetwork === true) return undefined
  if (pod.metadata.annotations?.['sidecar.istio.io/status'] !== undefined) return undefined
  const own = pod.metadata.labels?.[MODE]
  if (own === 'ambient') return 'pod'
  return own !== 'none' && namespace?.metadata.labels?.[MODE] === 'ambient' ? 'namespace' : undefined
}

/** True for a pod that ambient mode takes, is about to take or is asked to take. */
export const concernsAmbient = (pod: Pod, namespace: Namespace | undefined): boolean =>
  dataPlaneOf(pod) === 'ztunnel' || isHalfCaptured(pod) || asksForAmbient(pod, namespace) !== undefined

/** True for a pod of ztunnel, the proxy of a node. */
export const isZtunnel = ({ metadata }: Pod): boolean =>
  metadata.labels?.app === 'ztunnel' || metadata.labels?.['app.kubernetes.io/name'] === 'ztunnel'

/** True for a proxy that stands alone, a gateway or waypoint: it is told so by its first arguments. */
export const isGateway = ({ spec }: Pod): boolean =>
  (spec?.containers ?? []).some(({ name, args = [] }) => name === PROXY_CONTAINER && args.includes('router'))
