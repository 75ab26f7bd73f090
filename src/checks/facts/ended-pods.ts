import type { Evidence } from '../../evidence/evidence.ts'
import type { Seen } from '../../evidence/reading.ts'
import type { Pod, Workload } from '../../mesh/objects.ts'
import type { Ref } from '../../mesh/ref.ts'
import { formatRef } from '../../mesh/ref.ts'
import { fact } from './fact.ts'
import { byOwner, ownerOf, podsOf } from './owners.ts'
import { endingOf, type Ending } from './pod-ending.ts'
import { readingOf } from './readings.ts'
import { presentOf } from './traffic-of.ts'

/** A pod of one of the target's workloads that was told to end lately. */
export interface EndedPod {
  name: string
  /** Milliseconds since the epoch. */
  at: number
  owner: Ref
  /** How it ends, as far as its template or itself is known. */
  ending?: Ending
  /** The ReplicaSet that made it, where it is known. */
  maker?: Workload
  /** What says so, and how. */
  reading: Pick<Seen, 'kind' | 'of' | 'source' | 'at'>
  says: string
  quote?: string
}

const STOPPED = /^Stopping container \S+$/

/** Pods that are on their way out: they name the moment at which they are gone at the latest. */
function leaving(pod: Pod, evidence: Evidence): EndedPod[] {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, name, namespace } = pod.metadata
  const reading = readingOf(pod, evidence)
  if (deletionTimestamp === undefined || reading === undefined) return []
  const at = Date.parse(deletionTimestamp) - deletionGracePeriodSeconds * 1000
  const maker = (pod.metadata.ownerReferences ?? [])
    .map((one) => evidence.object('replica-sets', namespace ?? '', one.name))
    .find((one) => one !== undefined)
  return [
    {
      name,
      at,
      owner: ownerOf(pod, evidence),
      ending: endingOf(pod.spec),
      ...(maker !== undefined && { maker }),
      reading,
      says: `${name} began to terminate at ${new Date(at).toISOString()}`,
    },
  ]
}

/** Of which workload a pod is that is no longer there: Kubernetes names pods after what makes them. */
function makerOf(
  name: string,
  namespace: string,
  owners: readonly Ref[],
  evidence: Evidence,
): { owner: Ref; maker?: Workload } | undefined {
  const made = /^(.+)-[a-z0-9]+$/.exec(name)?.[1]
  const maker = made === undefined ? undefined : evidence.object('replica-sets', namespace, made)
  const [above] = maker?.metadata.ownerReferences ?? []
  const isOwner = ({ kind, name: own }: Ref): boolean =>
    maker === undefined
      ? (kind === 'StatefulSet' || kind === 'DaemonSet') && own === made
      : kind === (above?.kind ?? 'ReplicaSet') && own === (above?.name ?? made)
  const owner = owners.find((one) => one.namespace === namespace && isOwner(one))
  return owner === undefined ? undefined : { owner, ...(maker !== undefined && { maker }) }
}

/** The pods of the target's workloads that were told to end within the present, each once: by what is left of them, and by the events of those that are gone. */
export const endedPods = fact((evidence, target): readonly EndedPod[] => {
  const pods = podsOf(target, evidence)
  const owners = byOwner(
    pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined),
    evidence,
  ).map(({ owner }) => owner)
  if (owners.length === 0) return []
  const ofOwners = new Set(owners.map(formatRef))
  const known = new Map<string, EndedPod>()
  for (const one of evidence.objects('pods').flatMap((pod) => leaving(pod, evidence)))
    if (ofOwners.has(formatRef(one.owner))) known.set(`${one.owner.namespace ?? ''}/${one.name}`, one)
  for (const reading of evidence.seen('events')) {
    for (const { reason, message = '', involvedObject, lastTimestamp, eventTime } of reading.value) {
      const { kind, name = '', namespace = '' } = involvedObject ?? {}
      const at = Date.parse(lastTimestamp ?? eventTime ?? '')
      if (kind !== 'Pod' || reason !== 'Killing' || !STOPPED.test(message) || Number.isNaN(at)) continue
      const key = `${namespace}/${name}`
      const alive = evidence.object('pods', namespace, name)
      // A container that is started anew was stopped too; a StatefulSet gives a new pod the old one's name.
      if (alive !== undefined && Date.parse(alive.metadata.creationTimestamp ?? '') <= at) continue
      const made = makerOf(name, namespace, owners, evidence)
      if (made === undefined || (known.get(key)?.at ?? Infinity) <= at) continue
      known.set(key, {
        name,
        at,
        ...made,
        ...(made.maker !== undefined && { ending: endingOf(made.maker.spec?.template?.spec) }),
        reading,
        says: `${name} began to terminate at ${new Date(at).toISOString()}`,
        quote: `${lastTimestamp ?? eventTime ?? ''} ${reason} ${name}: ${message}`,
      })
    }
  }
  const now = Math.max(0, ...evidence.seen('pods').map(({ at }) => Date.parse(at)))
  return [...known.values()].filter(({ at }) => at > now - presentOf(target)).toSorted((a, b) => a.at - b.at)
})
