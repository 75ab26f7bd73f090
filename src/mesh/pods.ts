import type { ContainerStatus, Pod, Service, ServicePort } from './objects.ts'

/** The container a sidecar or gateway proxy runs in. */
export const PROXY_CONTAINER = 'istio-proxy'

/** True when the pod runs an Istio proxy: as an ordinary container or as a native sidecar (an init container that stays). */
export function hasProxy(pod: Pod): boolean {
  const isProxy = ({ name }: { name: string }): boolean => name === PROXY_CONTAINER
  const { containers = [], initContainers = [] }: Partial<NonNullable<Pod['spec']>> = pod.spec ?? {}
  return containers.some(isProxy) || initContainers.some(isProxy)
}

/** True when the pod runs more than a proxy: a gateway's pod does not. */
export function hasApplication({ spec }: Pod): boolean {
  return (spec?.containers ?? []).some(({ name }) => name !== PROXY_CONTAINER)
}

/** True when the pod's traffic is taken by ambient mode instead of a sidecar. */
export function isAmbient(pod: Pod): boolean {
  return pod.metadata.annotations?.['ambient.istio.io/redirection'] === 'enabled'
}

/** The revision of Istio that injected the pod, as the injector noted it (a tag is none: it stands for a revision); undefined when nothing says so. */
export function revisionOf({ metadata: { annotations } }: Pod): string | undefined {
  try {
    const { revision } = JSON.parse(annotations?.['sidecar.istio.io/status'] ?? '{}') as { revision?: unknown }
    if (typeof revision === 'string') return revision
  } catch {
    // Somebody else's text; the other annotation may tell.
  }
  return annotations?.['istio.io/rev']
}

/** The status of the proxy's container, wherever Kubernetes lists it. */
export function proxyStatus(pod: Pod): ContainerStatus | undefined {
  return [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])].find(
    ({ name }) => name === PROXY_CONTAINER,
  )
}

/** True while the proxy's container runs. */
export function proxyRuns(pod: Pod): boolean {
  return hasProxy(pod) && proxyStatus(pod)?.state?.running !== undefined
}

/** True while the proxy's admin interface can be asked: istioctl reaches into no pod that is still pending, though a native sidecar runs in it. */
export function proxyAnswers(pod: Pod): boolean {
  return proxyRuns(pod) && pod.status?.phase === 'Running'
}

/** True when the pod is Ready and not on its way out. */
export function isReady(pod: Pod): boolean {
  return (
    pod.metadata.deletionTimestamp === undefined &&
    (pod.status?.conditions ?? []).some(({ type, status }) => type === 'Ready' && status === 'True')
  )
}

/** True when all its containers ran to their end, as a Job's do: it takes no requests and is no trouble. */
export function hasEnded(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || (pod.status?.phase === 'Failed' && pod.status.reason === 'Evicted')
}

/** The names of the ports its containers declare, the proxy's left out. */
export function portNames(pod: Pod): string[] {
  return [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])]
    .filter(({ name }) => name !== PROXY_CONTAINER)
    .flatMap(({ ports = [] }) => ports.flatMap(({ name }) => name ?? []))
}

/** The application's containers: all but the proxy. */
export function applicationStatuses(pod: Pod): ContainerStatus[] {
  return (pod.status?.containerStatuses ?? []).filter(({ name }) => name !== PROXY_CONTAINER)
}

/** The pod's port that a Service's target port leads to: by number, or by the name one of its containers gives; undefined when none does. */
export function containerPort(pod: Pod, targetPort: number | string): number | undefined {
  if (typeof targetPort === 'number') return targetPort
  return [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])]
    .flatMap(({ ports = [] }) => ports)
    .find(({ name }) => name === targetPort)?.containerPort
}

/** The port of a pod to which a port of its Service leads: of a headless one callers connect to that port itself. */
export const portAtPod = (pod: Pod, { spec }: Service, { port, targetPort = port }: ServicePort): number | undefined =>
  spec?.clusterIP === 'None' ? port : containerPort(pod, targetPort)

/** True for a pod of Istio's control plane. */
export const isIstiod = ({ metadata }: Pod): boolean => metadata.labels?.app === 'istiod'
