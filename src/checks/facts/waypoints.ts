import type { Pod } from '../../mesh/objects.ts'
import { hasEnded } from '../../mesh/pods.ts'
import { waypointAskedFor } from '../../mesh/waypoint.ts'
import { namespaceNamed, ownAmbient } from './ambient.ts'
import { fact } from './fact.ts'
import { servicesOf } from './owners.ts'

/** The label by which istiod marks the pods of a Gateway that it deploys. */
export const GATEWAY_NAME = 'gateway.networking.k8s.io/gateway-name'

/** The waypoints that the target's Services ask for, and that exist; none of a target that ambient mode has nothing to do with. */
export const waypointsOf = fact((evidence, target): readonly { name: string; namespace: string }[] => {
  if (ownAmbient(evidence, target).length === 0) return []
  const asked = servicesOf(target, evidence).flatMap(
    (service) => waypointAskedFor(service, namespaceNamed(service.metadata.namespace, evidence)) ?? [],
  )
  const known = asked.filter(
    ({ name, namespace }) => evidence.object('gateway-api-gateways', namespace, name) !== undefined,
  )
  return [...new Map(known.map((one) => [`${one.namespace}/${one.name}`, one])).values()]
})

/** The pods of those waypoints. */
export const waypointPods = fact((evidence, target): readonly Pod[] =>
  waypointsOf(evidence, target).flatMap(({ name, namespace }) =>
    evidence
      .objects('pods')
      .filter(
        (pod) => pod.metadata.namespace === namespace && pod.metadata.labels?.[GATEWAY_NAME] === name && !hasEnded(pod),
      ),
  ),
)
