import { rootNamespaceOf } from '../../checks/facts/root-namespace-of.ts'
import { startUpOf } from '../../checks/facts/start-up.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { rulesForCaller } from '../../mesh/destination-rules.ts'
import { parseClusterName } from '../../mesh/envoy.ts'
import { fromFqdn } from '../../mesh/host.ts'
import { selects } from '../../mesh/objects.ts'
import { hasEnded, isReady } from '../../mesh/pods.ts'
import type { Followed } from './followed.ts'

/** True when the pods behind a cluster all are starting: nothing is wrong with it but its age. */
function isStarting(cluster: string, at: string, evidence: Evidence): boolean {
  const parsed = parseClusterName(cluster)
  const local = fromFqdn(parsed?.host ?? '')
  const service = local === undefined ? undefined : evidence.object('services', local.namespace, local.name)
  if (parsed === undefined || service?.spec?.selector === undefined) return false
  const labels = rulesForCaller(evidence.objects('destination-rules'), parsed.host, at, rootNamespaceOf(evidence))
    .flatMap(({ spec }) => spec?.subsets ?? [])
    .find(({ name }) => name === parsed.subset)?.labels
  const pods = evidence
    .objects('pods')
    .filter(
      (pod) =>
        pod.metadata.namespace === service.metadata.namespace &&
        pod.metadata.deletionTimestamp === undefined &&
        !hasEnded(pod) &&
        selects(service.spec?.selector, pod.metadata.labels) &&
        (labels === undefined || selects(labels, pod.metadata.labels)),
    )
  return pods.length > 0 && pods.every((pod) => !isReady(pod) && startUpOf(pod, evidence) !== undefined)
}

/** True for a class that fails for no other reason than that the pods it is sent to are starting. */
export function isWaiting(
  { outcome, way, present: { failures }, requests: { caller } }: Followed,
  evidence: Evidence,
): boolean {
  if (outcome !== 'fails') return false
  const at = way?.trace.callerPod.metadata.namespace ?? caller?.pod.namespace ?? ''
  const hops = way?.failing ?? []
  const clusters =
    hops.length > 0
      ? hops.map(({ stage, name }) => (stage === 'endpoints' ? name : ''))
      : failures.map(({ entry: { flags, upstreamCluster = '' } }) =>
          flags.some((flag) => ['UH', 'UF', 'URX'].includes(flag)) ? upstreamCluster : '',
        )
  return clusters.length > 0 && [...new Set(clusters)].every((cluster) => isStarting(cluster, at, evidence))
}
