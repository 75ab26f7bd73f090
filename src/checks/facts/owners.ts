import type { Evidence } from '../../evidence/evidence.ts'
import type { Pod, Service, Workload } from '../../mesh/objects.ts'
import { refOf, selects } from '../../mesh/objects.ts'
import type { Ref } from '../../mesh/ref.ts'
import { formatRef } from '../../mesh/ref.ts'
import type { Target } from '../../mesh/target.ts'
import { fact } from './fact.ts'

/** The workload a person would change to change the pod: its Deployment (by way of the ReplicaSet), StatefulSet or DaemonSet; the pod itself when nothing owns it. */
export function ownerOf(pod: Pod, evidence: Evidence): Ref {
  const namespace = pod.metadata.namespace ?? ''
  const owner = pod.metadata.ownerReferences?.find(({ controller }) => controller !== false)
  if (owner === undefined) return refOf(pod)
  const above =
    owner.kind === 'ReplicaSet'
      ? evidence.object('replica-sets', namespace, owner.name)?.metadata.ownerReferences?.[0]
      : undefined
  if (above !== undefined) return { kind: above.kind, namespace, name: above.name }
  // A ReplicaSet that was not read: Deployments name theirs after themselves and the hash that they put on the pods.
  const hash = pod.metadata.labels?.['pod-template-hash']
  if (owner.kind === 'ReplicaSet' && hash !== undefined && owner.name.endsWith(`-${hash}`))
    return { kind: 'Deployment', namespace, name: owner.name.slice(0, -hash.length - 1) }
  return { kind: owner.kind, namespace, name: owner.name }
}

const ownPods = fact((evidence, target): readonly Pod[] => {
  const names = new Set(target.pods.map(formatRef))
  return evidence.objects('pods').filter((pod) => names.has(formatRef(refOf(pod))))
})
/** The target's pods as they were read. */
export const podsOf = (target: Target, evidence: Evidence): readonly Pod[] => ownPods(evidence, target)

/** Pods by the workload that owns them. */
export function byOwner(pods: readonly Pod[], evidence: Evidence): { owner: Ref; pods: [Pod, ...Pod[]] }[] {
  const groups = new Map<string, { owner: Ref; pods: [Pod, ...Pod[]] }>()
  for (const pod of pods) {
    const owner = ownerOf(pod, evidence)
    const key = formatRef(owner)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, { owner, pods: [pod] })
    else group.pods.push(pod)
  }
  return [...groups.values()]
}

const ownServices = fact((evidence, target): readonly Service[] =>
  evidence
    .objects('services')
    .filter(({ metadata: { name, namespace } }) =>
      target.services.some((ref) => ref.name === name && ref.namespace === namespace),
    ),
)

/** The target's Services as they were read. */
export const servicesOf = (target: Target, evidence: Evidence): readonly Service[] => ownServices(evidence, target)

/** The pods that requests to the target may meet: its own, and the others behind its Services. */
export const podsBeside = fact((evidence, target): readonly Pod[] => {
  const own = podsOf(target, evidence)
  const services = servicesOf(target, evidence)
  return [
    ...own,
    ...evidence
      .objects('pods')
      .filter(
        (pod) =>
          !own.includes(pod) &&
          services.some(
            ({ metadata, spec }) =>
              metadata.namespace === pod.metadata.namespace && selects(spec?.selector, pod.metadata.labels),
          ),
      ),
  ]
})

/** The Services in front of a pod: those of its namespace whose selector matches it. */
export const servicesInFront = ({ metadata: { namespace, labels } }: Pod, evidence: Evidence): Service[] =>
  evidence
    .objects('services')
    .filter(({ metadata, spec }) => metadata.namespace === namespace && selects(spec?.selector, labels))

/** The workloads whose pods a Service selects, whether they have made any or not. */
export const workloadsBehind = ({ metadata: { namespace }, spec: service }: Service, evidence: Evidence): Workload[] =>
  [...evidence.objects('deployments'), ...evidence.objects('stateful-sets'), ...evidence.objects('daemon-sets')].filter(
    ({ metadata, spec }) =>
      metadata.namespace === namespace && selects(service?.selector, spec?.template?.metadata?.labels),
  )

/** `Pod shop/catalog-1`, as findings name pods in their scope. */
export const podScope = ({ metadata }: Pod): string => `Pod ${metadata.namespace ?? ''}/${metadata.name}`
