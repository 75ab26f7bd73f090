import { rootNamespaceOf } from '../../checks/facts/root-namespace-of.ts'
import { callersNamed } from '../possible-callers.ts'
import { podsOf, servicesOf } from '../../checks/facts/owners.ts'
import { virtualServicesFor } from '../../checks/facts/proxies-of.ts'
import { fact } from '../../checks/facts/fact.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { isExportedTo } from '../../mesh/destination-rules.ts'
import { fromFqdn } from '../../mesh/host.ts'
import type { Pod } from '../../mesh/objects.ts'
import { refOf, selects } from '../../mesh/objects.ts'
import { isReady, proxyAnswers, revisionOf } from '../../mesh/pods.ts'
import { formatRef } from '../../mesh/ref.ts'
import { exportsOf } from '../../mesh/registry.ts'
import { showsHost, sidecarFor } from '../../mesh/sidecars.ts'
import type { Target } from '../../mesh/target.ts'
import { isGatewayPod } from '../../checks/facts/gateway-pod.ts'

/** Callers that are followed although nobody saw them call, at most. */
export const MOST_SINGLED_OUT = 4

/** True for a caller that the mesh is told to keep the target from, so that it need not get there. */
function isKeptAway(pod: Pod, host: string, target: Target, evidence: Evidence): boolean {
  const sidecar = sidecarFor(pod, evidence.objects('sidecars'), rootNamespaceOf(evidence))
  if (sidecar !== undefined && !showsHost(sidecar, host, target.namespace)) return true
  return servicesOf(target, evidence).some(
    (service) =>
      !isExportedTo(exportsOf(service), service.metadata.namespace ?? '', pod.metadata.namespace ?? '') &&
      !(sidecar?.spec?.egress ?? []).some(({ hosts = [] }) => hosts.some((entry) => entry.endsWith(`/${host}`))),
  )
}

/** What tells callers of a namespace apart: the Sidecar and rules for their labels, their account where a policy names it, their revision. */
function treatmentOf(pod: Pod, target: Target, evidence: Evidence): string {
  const { metadata, spec } = pod
  const matches = virtualServicesFor(evidence, target)
    .flatMap((one) => one.spec?.http ?? [])
    .flatMap(({ match = [] }) => match)
    .flatMap(({ sourceLabels }) => (sourceLabels === undefined ? [] : [selects(sourceLabels, metadata.labels)]))
  const account = spec?.serviceAccountName ?? 'default'
  const isNamed = evidence
    .objects('authorization-policies')
    .some((policy) => JSON.stringify(policy.spec?.rules ?? []).includes(`/sa/${account}"`))
  const sidecar = sidecarFor(pod, evidence.objects('sidecars'), rootNamespaceOf(evidence))
  return JSON.stringify([
    metadata.namespace,
    sidecar?.metadata.name,
    matches,
    isNamed ? account : '',
    revisionOf(pod) ?? '',
  ])
}

/**
 * One caller of each kind that objects treat on its own for requests to the target: those of other namespaces that have a rule, a route or a Sidecar's
 * egress for it, or that a policy of the target names. Callers that are kept from the target are none.
 */
export const singledOut = fact((evidence: Evidence, target: Target): readonly Pod[] => {
  const named = callersNamed(target, evidence)
  const own = new Set(podsOf(target, evidence).map((pod) => formatRef(refOf(pod))))
  const host = target.hosts.find((one) => !one.includes('*') && fromFqdn(one) !== undefined)
  if (host === undefined) return []
  const pods = evidence
    .objects('pods')
    .filter(
      (pod) =>
        pod.metadata.namespace !== target.namespace &&
        named.has(pod.metadata.namespace ?? '') &&
        proxyAnswers(pod) &&
        isReady(pod) &&
        !own.has(formatRef(refOf(pod))) &&
        !isGatewayPod(pod, evidence) &&
        !isKeptAway(pod, host, target, evidence),
    )
    .toSorted((a, b) => formatRef(refOf(a)).localeCompare(formatRef(refOf(b)), 'en'))
  return [...Map.groupBy(pods, (pod) => treatmentOf(pod, target, evidence)).values()].flatMap(([first]) => first ?? [])
})
