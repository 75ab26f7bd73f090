import type { Evidence } from '../../evidence/evidence.ts'
import { ipOf } from '../../mesh/address.ts'
import { concernsAmbient, isZtunnel } from '../../mesh/data-plane.ts'
import type { Namespace, Pod } from '../../mesh/objects.ts'
import { refOf } from '../../mesh/objects.ts'
import { hasEnded } from '../../mesh/pods.ts'
import { fact } from './fact.ts'
import { podsOf } from './owners.ts'

/** The namespace of a pod, as it was read. */
export const namespaceOf = ({ metadata }: Pod, evidence: Evidence): Namespace | undefined =>
  namespaceNamed(metadata.namespace, evidence)

/** A namespace, as it was read. */
export const namespaceNamed = (name: string | undefined, evidence: Evidence): Namespace | undefined =>
  evidence.objects('namespaces').find(({ metadata }) => metadata.name === name)

const isAmbient = (pod: Pod, evidence: Evidence): boolean =>
  !hasEnded(pod) && pod.metadata.deletionTimestamp === undefined && concernsAmbient(pod, namespaceOf(pod, evidence))

/** The target's pods that ambient mode has, or should have. */
export const ownAmbient = fact((evidence, target): readonly Pod[] =>
  podsOf(target, evidence).filter((pod) => isAmbient(pod, evidence)),
)

const sourcesOf = fact((evidence, target): ReadonlySet<string> => {
  const own = podsOf(target, evidence)
  const addresses = own.flatMap((pod) =>
    (evidence.seenOf('access-log', refOf(pod))?.value.lines ?? []).flatMap(
      ({ downstreamRemote }) => ipOf(downstreamRemote ?? '') ?? [],
    ),
  )
  const keys = new Set(own.map(({ metadata }) => `${metadata.namespace ?? ''}/${metadata.name}`))
  const workloads = evidence
    .seen('ztunnel-log')
    .flatMap(({ value }) => value.connections)
    .filter(({ destination }) => keys.has(`${destination.namespace ?? ''}/${destination.workload ?? ''}`))
    .map(({ source }) => `${source.namespace ?? ''}/${source.workload ?? ''}`)
  return new Set([...addresses, ...workloads])
})

/** The pods that ambient mode has, or should have: the target's, and those that logs show to call it. */
export const concerned = fact((evidence, target): readonly Pod[] => {
  const own = ownAmbient(evidence, target)
  const sources = sourcesOf(evidence, target)
  if (sources.size === 0) return own
  const callers = evidence
    .objects('pods')
    .filter(
      (pod) =>
        !own.includes(pod) &&
        (sources.has(pod.status?.podIP ?? '') || sources.has(`${pod.metadata.namespace ?? ''}/${pod.metadata.name}`)) &&
        isAmbient(pod, evidence),
    )
  return [...own, ...callers]
})

/** The ztunnel that runs on a node; undefined when none was seen there. */
export const ztunnelOn = (node: string | undefined, evidence: Evidence): Pod | undefined =>
  evidence.objects('pods').find((pod) => isZtunnel(pod) && node !== undefined && pod.spec?.nodeName === node)
