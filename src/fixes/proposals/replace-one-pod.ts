import type { Finding } from '../../checks/check.ts'
import { ownerOf, podsOf } from '../../checks/facts/owners.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import type { Pod } from '../../mesh/objects.ts'
import { refOf } from '../../mesh/objects.ts'
import { hasProxy, isReady } from '../../mesh/pods.ts'
import { sameRef } from '../../mesh/ref.ts'
import type { Target } from '../../mesh/target.ts'
import { deletionOf } from '../drafting/deletion.ts'
import { listArg } from '../drafting/finding-args.ts'
import { isBare, whyBare } from '../drafting/injection.ts'
import { defineFix } from '../proposal.ts'
import { podsOfWorkload } from '../drafting/workloads.ts'

/** Those that make a new pod for one that is deleted. */
const REPLACING = new Set(['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet'])

/** Deletes the one pod of several that is ill; its workload makes a new one. */
export const replaceOnePod = defineFix({
  act: 'replace-one-pod',
  about: 'deletes the one failing pod of several, so that its workload creates a new one',
  codes: ['MESH0202', 'MESH0203', 'MESH0403', 'MESH0433', 'MESH0701'],
  propose(finding, evidence, target) {
    const pod = illPod(finding, evidence, target)
    if (pod === undefined) return []
    const owner = ownerOf(pod, evidence)
    const others = podsOfWorkload(owner, evidence).filter(
      (one) => one !== pod && isReady(one) && isWell(one, finding.code, evidence),
    )
    if (!REPLACING.has(owner.kind) || others.length === 0) return []
    const { name } = pod.metadata
    return [
      {
        act: 'replace-one-pod',
        for: finding.code,
        title: `Replace pod ${name}`,
        why: `${reasonOf(finding)} The other pods of ${owner.name} (${others.map(({ metadata }) => metadata.name).join(', ')}) come from the same template and work, so a new one should work too.`,
        effect: `${name} is deleted; ${owner.kind} ${owner.name} creates a new pod, and the others serve the requests in the meantime.`,
        risk: {
          level: 'low',
          says: `Requests in progress at ${name} may fail, what it holds in memory is lost, and no PodDisruptionBudget is checked.`,
        },
        undo: 'A deleted pod cannot be brought back; the new one takes its place.',
        writes: [deletionOf(pod)],
      },
    ]
  },
})

/** A ready pod whose proxy is in the same trouble cannot take over, nor show that a new one would be better. */
function isWell({ metadata: { name, namespace } }: Pod, code: string, evidence: Evidence): boolean {
  if (code !== 'MESH0202' && code !== 'MESH0203') return true
  const sync = evidence
    .seen('proxy-status')
    .flatMap(({ value }) => value)
    .find((one) => one.name === name && one.namespace === namespace)
  return sync?.types.every(({ status, error }) => status !== 'STALE' && error === undefined) === true
}

function reasonOf({ code }: Finding): string {
  if (code === 'MESH0403') return 'Only requests to this pod failed.'
  if (code === 'MESH0433') return 'Only this pod is slow.'
  if (code === 'MESH0701') return 'Only this pod has no sidecar.'
  return code === 'MESH0202'
    ? 'Only the proxy of this pod does not accept what istiod sends.'
    : 'Only the proxy of this pod is not connected to istiod.'
}

/** The pod a finding speaks of, when it is the only one of its workload. */
function illPod(finding: Finding, evidence: Evidence, target: Target): Pod | undefined {
  const { code, subject } = finding
  const own = podsOf(target, evidence)
  if (subject.kind === 'Pod') {
    const pod = evidence.object('pods', subject.namespace ?? '', subject.name)
    return pod?.metadata.deletionTimestamp === undefined ? pod : undefined
  }
  const [name, ...more] = listArg(finding, 'pods')
  const pod =
    more.length > 0
      ? undefined
      : own.find(({ metadata }) => metadata.name === name && metadata.namespace === subject.namespace)
  if (pod === undefined || !sameRef(ownerOf(pod, evidence), subject) || sameRef(refOf(pod), subject)) return undefined
  if (code !== 'MESH0701') return pod
  // Without a sidecar a new pod would be no better, unless the template gets one, as its siblings show.
  return isBare(pod) && whyBare(pod, evidence) === 'made before' && podsOfWorkload(subject, evidence).some(hasProxy)
    ? pod
    : undefined
}
