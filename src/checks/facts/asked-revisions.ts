import type { Evidence } from '../../evidence/evidence.ts'
import type { Pod } from '../../mesh/objects.ts'
import { revisionOf, isIstiod } from '../../mesh/pods.ts'
import { once } from './fact.ts'

/** Istiod's revision where it has no other. */
const DEFAULT = 'default'

/** The revisions of istiod that run in the cluster, with the names of each one's pods. */
export const revisionsOfIstiod = once((evidence: Evidence): ReadonlyMap<string, ReadonlySet<string>> => {
  const istiods = evidence.objects('pods').filter(isIstiod)
  return new Map(
    [...Map.groupBy(istiods, ({ metadata }) => metadata.labels?.['istio.io/rev'] ?? DEFAULT)].map(
      ([revision, pods]) => [revision, new Set(pods.map(({ metadata }) => metadata.name))],
    ),
  )
})

/** The revisions whose istiods said nothing of their proxies yet: `istioctl proxy-status` asks those of one revision only. None when there is one. */
export const unaskedRevisions = once((evidence: Evidence): readonly string[] => {
  const revisions = revisionsOfIstiod(evidence)
  if (revisions.size < 2) return []
  const readings = evidence.seen('proxy-status')
  const answered = new Set(readings.flatMap(({ value }) => value.flatMap(({ istiod }) => istiod ?? [])))
  return [...revisions]
    .filter(
      ([revision, pods]) =>
        !readings.some(({ source }) => source.includes(`--revision ${revision} `)) &&
        [...pods].every((pod) => !answered.has(pod)),
    )
    .map(([revision]) => revision)
})

/** True when the istiods that the pod's proxy would be connected to were asked: only then does it mean anything that none of them knows it. */
export function wasAskedFor(pod: Pod, evidence: Evidence): boolean {
  const unasked = unaskedRevisions(evidence)
  const revision = revisionOf(pod)
  return unasked.length === 0 || (revision !== undefined && !unasked.includes(revision))
}
