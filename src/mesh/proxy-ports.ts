import type { Pod } from './objects.ts'
import { hasApplication, hasProxy, PROXY_CONTAINER } from './pods.ts'

/** Ports of a pod that a sidecar listens at or keeps for itself (Istio documentation, "Ports used by Istio"). */
const PORTS: ReadonlySet<number> = new Set([
  15_000, 15_001, 15_002, 15_004, 15_006, 15_008, 15_020, 15_021, 15_053, 15_090,
])

/** True for a port that a sidecar keeps for itself: what comes to it is not handed to the application. */
export const isReserved = (port: number): boolean => PORTS.has(port)

/** True for a port of a pod that belongs to its sidecar, and at which no container of the application says that it listens. */
export const isProxysOwn = (port: number, pod: Pod): boolean =>
  isReserved(port) &&
  hasProxy(pod) &&
  hasApplication(pod) &&
  !(pod.spec?.containers ?? []).some(
    ({ name, ports = [] }) => name !== PROXY_CONTAINER && ports.some(({ containerPort }) => containerPort === port),
  )
