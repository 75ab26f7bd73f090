import type { Evidence } from '../../evidence/evidence.ts'
import { fromFqdn } from '../../mesh/host.ts'
import type { Labels, Pod } from '../../mesh/objects.ts'
import { selects } from '../../mesh/objects.ts'
import { hasEnded } from '../../mesh/pods.ts'

/** Something with labels that subsets of a host can select: a pod or an endpoint of a ServiceEntry. */
export interface Labelled {
  name: string
  labels: Labels
}

const isOver = (pod: Pod): boolean => hasEnded(pod) || pod.metadata.deletionTimestamp !== undefined

/** What stands behind a host and has labels: the pods its Service selects, or the endpoints of its ServiceEntry. Empty when none was seen. */
export function labelledBehind(host: string, evidence: Evidence): Labelled[] {
  const { name, namespace } = fromFqdn(host) ?? {}
  const service =
    name === undefined || namespace === undefined ? undefined : evidence.object('services', namespace, name)
  if (service !== undefined) return podsIn(service.spec?.selector, service.metadata.namespace, evidence)
  return evidence
    .objects('service-entries')
    .filter(({ spec }) => (spec?.hosts ?? []).includes(host))
    .flatMap(({ metadata, spec }) => [
      ...(spec?.endpoints ?? []).map(({ address = '', labels = {} }) => ({ name: address, labels })),
      ...podsIn(spec?.workloadSelector?.labels, metadata.namespace, evidence),
    ])
}

function podsIn(selector: Labels | undefined, namespace: string | undefined, evidence: Evidence): Labelled[] {
  return livePods(namespace, evidence).filter(({ labels }) => selects(selector, labels))
}

/** The pods of a namespace that are neither ending nor at their end. */
export function livePods(namespace: string | undefined, evidence: Evidence): Labelled[] {
  return evidence
    .objects('pods')
    .filter((pod) => pod.metadata.namespace === namespace && !isOver(pod))
    .map(({ metadata }) => ({ name: metadata.name, labels: metadata.labels ?? {} }))
}
