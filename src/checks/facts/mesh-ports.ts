import type { Evidence } from '../../evidence/evidence.ts'
import { dataPlaneOf, isGateway } from '../../mesh/data-plane.ts'
import type { Direction } from '../../mesh/network-policy.ts'
import { closing } from '../../mesh/network-policy.ts'
import type { NetworkPolicy, Pod } from '../../mesh/objects.ts'
import { changedAt, selects } from '../../mesh/objects.ts'

/** A port that the mesh itself uses, beside those of the application. */
interface MeshPort {
  port: number
  protocol: 'TCP' | 'UDP'
  direction: Direction
  /** What comes of it when it is closed; a clause. */
  without: string
  /** True when requests suffer, sooner or later. */
  isNeeded: boolean
  of(pod: Pod, evidence: Evidence): boolean
}

const HEALTH_PORT = 15_021

/** True for a pod of a Service that load balancers ask for its health. */
const isAskedForHealth = ({ metadata: { namespace, labels } }: Pod, evidence: Evidence): boolean =>
  evidence
    .objects('services')
    .some(
      ({ metadata, spec }) =>
        metadata.namespace === namespace &&
        spec?.type === 'LoadBalancer' &&
        selects(spec.selector, labels) &&
        (spec.ports ?? []).some(({ port }) => port === HEALTH_PORT),
    )

const PORTS: readonly MeshPort[] = [
  {
    port: 15_012,
    protocol: 'TCP',
    direction: 'Egress',
    without: 'the proxy gets no configuration and no certificates from istiod once its connection ends',
    isNeeded: true,
    of: () => true,
  },
  {
    port: 53,
    protocol: 'UDP',
    direction: 'Egress',
    without: "names are not resolved, including istiod's",
    isNeeded: true,
    of: () => true,
  },
  {
    port: HEALTH_PORT,
    protocol: 'TCP',
    direction: 'Ingress',
    without: "load balancers that check the gateway's health get no answer",
    isNeeded: false,
    of: (pod, evidence) => isGateway(pod) && isAskedForHealth(pod, evidence),
  },
]

/** A port that the mesh uses and that NetworkPolicies close for everybody. */
export interface ClosedPort extends MeshPort {
  pod: Pod
  /** All that restrict the pod in that direction: the one changed last is first. */
  policies: [NetworkPolicy, ...NetworkPolicy[]]
}

/** The ports of the mesh that no policy opens for pods with a proxy of their own, whoever is at the other end. */
export function closedPorts(pods: readonly Pod[], evidence: Evidence): ClosedPort[] {
  const policies = evidence.objects('network-policies')
  if (policies.length === 0) return []
  return pods
    .filter((pod) => dataPlaneOf(pod) === 'sidecar')
    .flatMap((pod) =>
      PORTS.filter((one) => one.of(pod, evidence)).flatMap((one): ClosedPort[] => {
        const [first, ...rest] = closing(policies, pod, one.direction, { ...one, pod }).toSorted(
          (a, b) => (changedAt(b) ?? 0) - (changedAt(a) ?? 0),
        )
        return first === undefined ? [] : [{ ...one, pod, policies: [first, ...rest] }]
      }),
    )
}
