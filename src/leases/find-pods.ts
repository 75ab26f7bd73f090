import { completeTarget } from '../diagnosis/complete-target.ts'
import { listOf, planTarget } from '../diagnosis/plan-target.ts'
import { resolveTarget } from '../diagnosis/resolve-target.ts'
import type { Clients } from '../evidence/clients/clients.ts'
import { Evidence } from '../evidence/evidence.ts'
import { Gathering, type GatherOptions } from '../evidence/gather.ts'
import type { ObjectKind, Reading } from '../evidence/reading.ts'
import { refOf, type Pod } from '../mesh/objects.ts'
import { sameRef, type Ref } from '../mesh/ref.ts'
import type { TargetQuery } from '../mesh/target-query.ts'
import type { Target } from '../mesh/target.ts'
import { LeaseRefusedError } from './lease-refused.ts'

/** Kinds without which a target's pods can't be named. */
const NEEDED: readonly ObjectKind[] = ['services', 'deployments', 'pods']

function requireSeen(readings: readonly Reading[]): void {
  const blind = readings.find((reading) => !reading.ok && (NEEDED as readonly string[]).includes(reading.kind))
  if (blind?.ok === false)
    throw new LeaseRefusedError(`The cluster could not be read: ${blind.detail}`, [
      `To see it by hand: ${blind.source}`,
    ])
}

/** A target with its pods, whatever proxy they have. */
export interface FoundPods {
  target: Target
  pods: Pod[]
  /** Those of some pods that were read: the target's, and those that were asked for beside them. */
  seen: (refs: readonly Ref[]) => Pod[]
}

/**
 * A target's pods, and those of the namespaces of `beside`.
 * @throws UnknownTargetError, AmbiguousTargetError; LeaseRefusedError when the cluster could not be read
 */
export async function findPods(
  query: TargetQuery,
  clients: Clients,
  { beside = [], ...options }: GatherOptions & { beside?: readonly Ref[] },
): Promise<FoundPods> {
  const gathering = new Gathering(clients, options)
  await gathering.gather(planTarget(query))
  requireSeen(gathering.readings)
  const resolved = resolveTarget(query, new Evidence(gathering.readings))
  const own = [resolved.namespace, ...resolved.services.map(({ namespace = '' }) => namespace)]
  const podsIn = (namespaces: readonly string[]): Promise<void> =>
    gathering.gather([...new Set(namespaces)].filter((name) => name !== '').map((name) => listOf('pods', name)))
  await podsIn(own)
  requireSeen(gathering.readings)
  // Where these cannot be read, the target's own are still there.
  await podsIn(beside.flatMap(({ namespace = '' }) => (own.includes(namespace) ? [] : namespace)))
  const evidence = new Evidence(gathering.readings)
  const target = completeTarget(resolveTarget(query, evidence), evidence)
  const seen = (refs: readonly Ref[]): Pod[] =>
    evidence.objects('pods').filter((pod) => refs.some((ref) => sameRef(ref, refOf(pod))))
  return { target, pods: seen(target.pods), seen }
}
