import { podsOf } from '../checks/facts/owners.ts'
import { concerned, ztunnelOn } from '../checks/facts/ambient.ts'
import { objects } from '../evidence/collectors/objects.ts'
import { noZtunnel, ztunnelConfig, ztunnelLog } from '../evidence/collectors/ztunnel.ts'
import type { Evidence } from '../evidence/evidence.ts'
import type { AnyStep } from '../evidence/step.ts'
import { refOf } from '../mesh/objects.ts'
import type { Target } from '../mesh/target.ts'

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
