import { ownerOf, podsOf } from '../../checks/facts/owners.ts'
import { routingObjects } from '../../checks/facts/traffic-of.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { changedAt, refOf, type KubernetesObject } from '../../mesh/objects.ts'
import { formatRef, type Ref } from '../../mesh/ref.ts'
import type { Target } from '../../mesh/target.ts'

/** Something that was changed about a target. */
export interface ChangeSeen {
  /** ISO time. */
  at: string
  kind: 'object' | 'created' | 'rollout' | 'event'
  of: Ref
  /** Who wrote it: the field manager, `kubectl-edit`, `argocd-controller`. */
  by?: string
  /** Of an event, what it says. */
  says?: string
}

/** Events that change what a target runs on. */
const TELLING = new Set([
  'SuccessfulRescale',
  'NodeNotReady',
  'Evicted',
  'TaintManagerEviction',
  'OOMKilling',
  'NodeHasDiskPressure',
])
/** Milliseconds between pods of one rollout. */
const APART = 5 * 60_000
/** Seconds that managedFields leave out. */
const SECOND = 1000

/**
 * What routes to a target, what admits its requests, its pods' workloads, its autoscalers and nodes: what was changed of them within a time, latest first. Times in milliseconds since
 * the epoch. What was deleted is not among it: it left nothing to read.
 */
export function changesWithin(evidence: Evidence, target: Target, from: number, to: number): ChangeSeen[] {
  const isWithin = (at: number): boolean => at >= from && at <= to
  const objects = unique(routingObjects(evidence, target)).flatMap((object): ChangeSeen[] => {
    const at = changedAt(object)
    if (at === undefined || !isWithin(at)) return []
    const by = writerOf(object, at)
    const isNew = Math.abs(Date.parse(object.metadata.creationTimestamp ?? '') - at) < SECOND
    return [{ at: iso(at), kind: isNew ? 'created' : 'object', of: refOf(object), ...(by !== undefined && { by }) }]
  })
  return [...objects, ...rollouts(evidence, target, isWithin), ...events(evidence, target, isWithin)].toSorted(
    (one, other) => other.at.localeCompare(one.at) || formatRef(one.of).localeCompare(formatRef(other.of), 'en'),
  )
}

const iso = (at: number): string => new Date(at).toISOString()

const unique = (objects: readonly KubernetesObject[]): KubernetesObject[] => [
  ...new Map(objects.map((object) => [formatRef(refOf(object)), object])).values(),
]

/** The manager of the fields that were written at that time. */
const writerOf = ({ metadata: { managedFields = [] } }: KubernetesObject, at: number): string | undefined =>
  managedFields.find(({ time, subresource }) => subresource !== 'status' && Date.parse(time ?? '') === at)?.manager

function rollouts(evidence: Evidence, target: Target, isWithin: (at: number) => boolean): ChangeSeen[] {
  const workloads = Map.groupBy(podsOf(target, evidence), (pod) => formatRef(ownerOf(pod, evidence)))
  return [...workloads.values()].flatMap((pods) => {
    const [pod] = pods
    if (pod === undefined) return []
    const of = ownerOf(pod, evidence)
    const sets = evidence
      .objects('replica-sets')
      .filter(
        ({ metadata }) =>
          metadata.namespace === of.namespace &&
          metadata.ownerReferences?.some(({ kind, name }) => kind === of.kind && name === of.name),
      )
      .map(({ metadata }) => Date.parse(metadata.creationTimestamp ?? ''))
    // A new ReplicaSet is a rollout; where they were not read, pods that began together.
    const times =
      sets.length > 0 ? sets : begins(pods.map(({ metadata }) => Date.parse(metadata.creationTimestamp ?? '')))
    const by = sets.length > 0 ? templateWriter(evidence, of) : undefined
    return times
      .filter(isWithin)
      .map((at): ChangeSeen => ({ at: iso(at), kind: 'rollout', of, ...(by !== undefined && { by }) }))
  })
}

/** Who last changed a Deployment by its fields, other than controllers of Kubernetes. */
function templateWriter(evidence: Evidence, { kind, namespace, name }: Ref): string | undefined {
  if (kind !== 'Deployment' || namespace === undefined) return undefined
  return evidence
    .object('deployments', namespace, name)
    ?.metadata.managedFields?.filter(
      ({ subresource, manager }) => subresource === undefined && manager !== 'kube-controller-manager',
    )
    .toSorted((one, other) => (other.time ?? '').localeCompare(one.time ?? ''))[0]?.manager
}

/** Of times that are close together the first. */
const begins = (times: readonly number[]): number[] =>
  times
    .filter((at) => !Number.isNaN(at))
    .toSorted((one, other) => one - other)
    .reduce<number[]>((kept, at) => (kept.length > 0 && at - (kept.at(-1) ?? 0) <= APART ? kept : [...kept, at]), [])

function events(evidence: Evidence, target: Target, isWithin: (at: number) => boolean): ChangeSeen[] {
  const pods = podsOf(target, evidence)
  const names = new Set([
    ...pods.map(({ metadata }) => metadata.name),
    ...pods.map((pod) => ownerOf(pod, evidence).name),
  ])
  const nodes = new Set(pods.map(({ spec }) => spec?.nodeName))
  return evidence
    .objects('events')
    .flatMap(({ reason = '', message = '', lastTimestamp, eventTime, involvedObject }): ChangeSeen[] => {
      const at = Date.parse(lastTimestamp ?? eventTime ?? '')
      const { kind = '', namespace, name = '' } = involvedObject ?? {}
      const concerns =
        kind === 'Node'
          ? nodes.has(name)
          : names.has(name) || (kind === 'HorizontalPodAutoscaler' && namespace === target.namespace)
      if (!TELLING.has(reason) || !isWithin(at) || !concerns) return []
      return [
        {
          at: iso(at),
          kind: 'event',
          of: { kind, name, ...(namespace !== undefined && { namespace }) },
          says: `${reason}: ${message}`.slice(0, 200),
        },
      ]
    })
}
