import type { KubernetesObject, Namespace } from './objects.ts'

/** A condition as controllers write it into an object's status. */
export interface StatusCondition {
  type: string
  status: string
  reason?: string
  message?: string
  observedGeneration?: number | string
}

/** One condition of an object's status. */
export function conditionOf({ status }: KubernetesObject, type: string): StatusCondition | undefined {
  const { conditions = [] } = (status ?? {}) as { conditions?: StatusCondition[] }
  return conditions.find((one) => one.type === type)
}

const USE = 'istio.io/use-waypoint'

/** The waypoint that an object's labels ask for, or else its namespace's. */
export function waypointAskedFor(
  { metadata }: KubernetesObject,
  namespace: Namespace | undefined,
): { name: string; namespace: string } | undefined {
  const labels = metadata.labels?.[USE] === undefined ? namespace?.metadata.labels : metadata.labels
  const name = labels?.[USE]
  if (name === undefined || name === 'none' || name === '') return undefined
  return { name, namespace: labels?.['istio.io/use-waypoint-namespace'] ?? metadata.namespace ?? '' }
}

/** True when gateways are told to go through the object's waypoint as well. */
export const ingressUsesWaypoint = ({ metadata }: KubernetesObject, namespace: Namespace | undefined): boolean =>
  (metadata.labels?.['istio.io/ingress-use-waypoint'] ??
    namespace?.metadata.labels?.['istio.io/ingress-use-waypoint']) === 'true'
