import { logReadersOf } from '../checks/facts/log-readers-of.ts'
import { podsOf } from '../checks/facts/owners.ts'
import { concerned, ztunnelOn } from '../checks/facts/ambient.ts'
import { GATEWAY_NAME, waypointPods, waypointsOf } from '../checks/facts/waypoints.ts'
import { accessLog } from '../evidence/collectors/access-log.ts'
import { objects } from '../evidence/collectors/objects.ts'
import { PROXY_CONFIG_KINDS, proxyConfig } from '../evidence/collectors/proxy-config.ts'
import { secrets } from '../evidence/collectors/secrets.ts'
import { noZtunnel, ztunnelConfig, ztunnelLog } from '../evidence/collectors/ztunnel.ts'
import type { Evidence } from '../evidence/evidence.ts'
import type { AnyStep } from '../evidence/step.ts'
import { refOf } from '../mesh/objects.ts'
import type { Target } from '../mesh/target.ts'
import { representatives } from './plan.ts'

/** Nodes whose ztunnels are read, at most: those of the target's pods come first. */
const MOST_NODES = 4
/** Namespaces of callers that only ztunnel's log names, at most. */
const MOST_NAMESPACES = 4

/** The ztunnels of the cluster, when ambient mode has or should have any pod that was read. */
export function planZtunnelPods(target: Target, evidence: Evidence): AnyStep[] {
  return concerned(evidence, target).length === 0 ? [] : [objects('pods', 'proxies', { labels: 'app=ztunnel' })]
}

/** What the ztunnels of the nodes concerned know and log. Where a node has none, that is a look in vain: nothing is known of its pods. */
export function planZtunnels(target: Target, evidence: Evidence): AnyStep[] {
  const nodes = new Set(concerned(evidence, target).flatMap(({ spec }) => spec?.nodeName ?? []))
  return [...nodes].slice(0, MOST_NODES).flatMap((node): AnyStep[] => {
    const ztunnel = ztunnelOn(node, evidence)
    if (ztunnel !== undefined) return [ztunnelConfig(refOf(ztunnel)), ztunnelLog(refOf(ztunnel))]
    // Whether one runs there is not known when nobody may look.
    const couldNotLook = evidence.blind('pods').some(({ of }) => of === undefined)
    return couldNotLook ? [] : [noZtunnel(node)]
  })
}

/** The pods of the namespaces from which, by ztunnel's log, the target is called. */
export function planAmbientCallers(target: Target, evidence: Evidence): AnyStep[] {
  const own = new Set(podsOf(target, evidence).map(({ metadata }) => `${metadata.namespace ?? ''}/${metadata.name}`))
  const callers = evidence
    .seen('ztunnel-log')
    .flatMap(({ value }) => value.connections)
    .filter(({ destination }) => own.has(`${destination.namespace ?? ''}/${destination.workload ?? ''}`))
    .flatMap(({ source }) => source.namespace ?? [])
  return [...new Set(callers)]
    .filter((namespace) => !evidence.objects('pods').some(({ metadata }) => metadata.namespace === namespace))
    .slice(0, MOST_NAMESPACES)
    .map((namespace) => objects('pods', 'workloads', { namespace }) as AnyStep)
}

/** Pods of waypoints whose configuration is read, at most. */
const MOST_WAYPOINTS = 2

/** The pods of the waypoints that the target's Services ask for. */
export const planWaypointPods = (target: Target, evidence: Evidence): AnyStep[] =>
  waypointsOf(evidence, target).map(({ name, namespace }) =>
    objects('pods', 'proxies', { namespace, labels: `${GATEWAY_NAME}=${name}` }),
  )

/** A waypoint is an Envoy: its live configuration, certificates and log, as of a gateway. One that does not answer is a look in vain: what it does with requests is not known. */
export function planWaypoints(target: Target, evidence: Evidence): AnyStep[] {
  const pods = waypointPods(evidence, target)
  const answering = representatives(pods, MOST_WAYPOINTS)
  return (answering.length > 0 ? answering : pods.slice(0, 1))
    .map(refOf)
    .flatMap((pod): AnyStep[] => [
      ...PROXY_CONFIG_KINDS.map((kind) => proxyConfig(kind, pod) as AnyStep),
      secrets(pod),
      accessLog(pod, logReadersOf(evidence)),
    ])
}
