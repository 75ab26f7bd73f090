import { byOwner, podsOf } from '../../checks/facts/owners.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import type { Workload } from '../../mesh/objects.ts'
import { refOf } from '../../mesh/objects.ts'
import { sameRef } from '../../mesh/ref.ts'
import { injectionLabels, isBare, namespaceOf, whyBare } from '../drafting/injection.ts'
import { applyTo } from '../manifest.ts'
import type { Proposal } from '../proposal.ts'
import { defineFix } from '../proposal.ts'
import { momentOf, podsOfWorkload, restarting, rollsByItself, workloadAt } from '../drafting/workloads.ts'

/** Labels the namespace, so that the injector gives its pods sidecars, then restarts the target's workloads that have none. */
export const injectNamespace = defineFix({
  act: 'inject-namespace',
  about: "labels a workload's namespace for sidecar injection and restarts the workload",
  codes: ['MESH0502', 'MESH0701', 'MESH0702'],
  propose(finding, evidence, target) {
    const {
      subject: { namespace: name, kind },
    } = finding
    const namespace = namespaceOf(name, evidence)
    const ill = podsOfWorkload(finding.subject, evidence).filter(isBare)
    const [reason] = ill.map((pod) => whyBare(pod, evidence))
    const bare = [
      ...new Set([...ill, ...podsOf(target, evidence).filter((pod) => isBare(pod) && pod.metadata.namespace === name)]),
    ]
    if (namespace === undefined || reason === undefined) return []
    if (reason === 'namespace refuses')
      return {
        people: `Namespace ${name ?? ''} has istio-injection=disabled: somebody excluded it from the mesh. Its owner decides whether it joins; no pod can override the label.`,
      }
    if (reason === 'host network')
      return {
        people: `The pods of ${finding.subject.name} use the network of their node, where a sidecar would capture the traffic of the whole node: the owner of ${kind} ${finding.subject.name} decides whether they need it.`,
      }
    if (reason !== 'not asked for') return []
    const workloads = byOwner(
      bare.filter((pod) => whyBare(pod, evidence) === 'not asked for'),
      evidence,
    )
      .flatMap(({ owner }) => workloadAt(owner, evidence) ?? [])
      .filter(rollsByItself)
    if (!workloads.some((workload) => sameRef(refOf(workload), finding.subject))) return []
    const labels = injectionLabels(evidence)
    return labels.map(({ key, value }): Proposal => {
      const names = workloads.map(({ metadata }) => metadata.name).join(', ')
      return {
        act: 'inject-namespace',
        for: finding.code,
        title: `Label namespace ${namespace.metadata.name} ${key}=${value} and restart ${names}`,
        why: `Nothing asks for sidecars in ${namespace.metadata.name}; ${key}=${value} is how this mesh asks for them. Only new pods get one, so ${names} is restarted.`,
        effect: `New pods in ${namespace.metadata.name} get a sidecar; those of ${names} are replaced at once, according to the rollout strategy.`,
        risk: { level: 'medium', says: alsoTouched(namespace.metadata.name, workloads, evidence) },
        undo: 'Removes the label again; pods keep their sidecar until they are next replaced.',
        writes: [
          applyTo(namespace, { labels: { [key]: value } }),
          ...workloads.map((workload) => restarting(workload, momentOf(finding))),
        ],
        ...(labels.length > 1 && { choice: `${key}=${value}` }),
      }
    })
  },
})

/** Whose pods will get a sidecar too, without being restarted now. */
function alsoTouched(namespace: string, restarted: readonly Workload[], evidence: Evidence): string {
  const pods = evidence
    .objects('pods')
    .filter((pod) => pod.metadata.namespace === namespace && isBare(pod) && whyBare(pod, evidence) === 'not asked for')
  const others = byOwner(pods, evidence)
    .map(({ owner }) => owner)
    .filter((owner) => !restarted.some((workload) => sameRef(refOf(workload), owner)))
  if (others.length === 0)
    return `Nothing else runs without a sidecar in ${namespace}; Jobs that start there later get one too.`
  return `${others.map(({ kind, name }) => `${kind} ${name}`).join(', ')} in ${namespace} will get a sidecar too when ${others.length === 1 ? 'it is' : 'they are'} next restarted.`
}
