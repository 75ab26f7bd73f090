import type { Finding } from '../../checks/check.ts'
import { ownerOf } from '../../checks/facts/owners.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import type { Pod, Workload } from '../../mesh/objects.ts'
import { hasEnded } from '../../mesh/pods.ts'
import type { Ref } from '../../mesh/ref.ts'
import { sameRef } from '../../mesh/ref.ts'
import { applyTo } from '../manifest.ts'
import type { ApplyWrite } from '../proposal.ts'

const LISTS = { Deployment: 'deployments', StatefulSet: 'stateful-sets', DaemonSet: 'daemon-sets' } as const

/** kubectl's own mark on a pod template: a new value makes the workload replace its pods, as `kubectl rollout restart` does. */
const RESTARTED_AT = 'kubectl.kubernetes.io/restartedAt'

/** The workload as it was read; undefined when it was not, or is of a kind that is not restarted. */
export function workloadAt({ kind, namespace = '', name }: Ref, evidence: Evidence): Workload | undefined {
  const list = LISTS[kind as keyof typeof LISTS] as (typeof LISTS)[keyof typeof LISTS] | undefined
  return list === undefined ? undefined : evidence.object(list, namespace, name)
}

/** The pods of a workload that are neither ending nor at their end. */
export function podsOfWorkload(owner: Ref, evidence: Evidence): Pod[] {
  return evidence
    .objects('pods')
    .filter(
      (pod) => pod.metadata.deletionTimestamp === undefined && !hasEnded(pod) && sameRef(ownerOf(pod, evidence), owner),
    )
}

/** True when a change of the template replaces the pods by itself: not while a Deployment is paused, nor when pods are replaced only as people delete them. */
export function rollsByItself({ spec }: Workload): boolean {
  const { paused, updateStrategy } = (spec ?? {}) as { paused?: boolean; updateStrategy?: { type?: string } }
  return paused !== true && updateStrategy?.type !== 'OnDelete'
}

/** The moment that goes into a restart's manifest: when the evidence was read, so that the same finding proposes the same change. */
export function momentOf({ because: [{ at }] }: Finding): string {
  const time = new Date(at)
  return Number.isNaN(time.getTime()) ? at : time.toISOString().replace(/\.\d+Z$/, 'Z')
}

/** Restarts a workload, pod by pod, as its strategy says. @param at RFC 3339 time that marks this restart */
export const restarting = (workload: Workload, at: string): ApplyWrite =>
  applyTo(workload, { spec: { template: { metadata: { annotations: { [RESTARTED_AT]: at } } } } })
