import type { Evidence } from '../../evidence/evidence.ts'
import { dataPlaneOf } from '../../mesh/data-plane.ts'
import type { Direction } from '../../mesh/network-policy.ts'
import { keepingOut } from '../../mesh/network-policy.ts'
import type { NetworkPolicy, Pod } from '../../mesh/objects.ts'
import { changedAt } from '../../mesh/objects.ts'
import { containerPort } from '../../mesh/pods.ts'
import type { Target } from '../../mesh/target.ts'
import { namespaceOf } from './ambient.ts'
import { servicesOf } from './owners.ts'

/** The port that ztunnels and waypoints take tunnels on. */
export const HBONE_PORT = 15_008

/** A connection that NetworkPolicies keep from being made. */
export interface KeptOut {
  caller: Pod
  callee: Pod
  port: number
  direction: Direction
  /** All that restrict the pod in that direction, none of which lets it through: the one changed last is first. */
  policies: [NetworkPolicy, ...NetworkPolicy[]]
}

/** The ports of a pod that a caller connects to: where the target's Services lead; the tunnel's, when both ends have their traffic taken by ambient mode. */
export function portsBetween(caller: Pod, callee: Pod, target: Target, evidence: Evidence): number[] {
  if (dataPlaneOf(callee) === 'ztunnel' && dataPlaneOf(caller) !== 'none') return [HBONE_PORT]
  const ports = servicesOf(target, evidence)
    .flatMap(({ spec }) => spec?.ports ?? [])
    .filter(({ protocol = 'TCP' }) => protocol === 'TCP')
    .flatMap(({ port, targetPort }) => containerPort(callee, targetPort ?? port) ?? [])
  return [...new Set(ports)]
}

/** What keeps a caller from a port of a pod: policies at the pod itself, else at the caller. */
export function keptOut(caller: Pod, callee: Pod, port: number, evidence: Evidence): KeptOut | undefined {
  const all = evidence.objects('network-policies')
  const endOf = (pod: Pod): Parameters<typeof keepingOut>[3] => {
    const namespace = namespaceOf(pod, evidence)
    return {
      pod,
      ...(pod.status?.podIP !== undefined && { address: pod.status.podIP }),
      ...(namespace !== undefined && { namespace }),
    }
  }
  const to = { port, pod: callee }
  for (const [direction, pod, other] of [
    ['Ingress', callee, caller],
    ['Egress', caller, callee],
  ] as const) {
    const policies = keepingOut(all, pod, direction, endOf(other), to).toSorted(
      (a, b) => (changedAt(b) ?? 0) - (changedAt(a) ?? 0),
    )
    const [first, ...rest] = policies
    if (first !== undefined) return { caller, callee, port, direction, policies: [first, ...rest] }
  }
  return undefined
}
