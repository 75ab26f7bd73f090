import { rootNamespaceOf } from '../../checks/facts/root-namespace-of.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import type { EnvoyFilter, EnvoyPatch, Pod } from '../../mesh/objects.ts'
import { refOf, selects } from '../../mesh/objects.ts'
import type { Ref } from '../../mesh/ref.ts'

/** EnvoyFilters that act on a pod's proxy: of its namespace or of Istio's own. */
function acting(pod: Pod, evidence: Evidence): EnvoyFilter[] {
  const root = rootNamespaceOf(evidence)
  return evidence
    .objects('envoy-filters')
    .filter(
      ({ metadata, spec }) =>
        (metadata.namespace === pod.metadata.namespace || metadata.namespace === root) &&
        (spec?.workloadSelector?.labels === undefined || selects(spec.workloadSelector.labels, pod.metadata.labels)),
    )
}

const patchesOf = ({ spec }: EnvoyFilter): EnvoyPatch[] => spec?.configPatches ?? []

/** The EnvoyFilters that put filters of these names into the pod's proxy. */
export function addingFilters(names: readonly string[], pod: Pod, evidence: Evidence): Ref[] {
  return acting(pod, evidence)
    .filter((filter) =>
      patchesOf(filter).some(({ patch }) => typeof patch?.value?.name === 'string' && names.includes(patch.value.name)),
    )
    .map(refOf)
}

/** The EnvoyFilters that make the pod's listeners expect the PROXY protocol. */
export function expectingProxyProtocol(pod: Pod, evidence: Evidence): Ref[] {
  return acting(pod, evidence)
    .filter((filter) => /proxy_protocol/i.test(JSON.stringify(filter.spec ?? {})))
    .map(refOf)
}

/** The EnvoyFilters that patch a kind of configuration on that side of the pod's proxy. */
export function patching(
  applyTo: readonly string[],
  context: 'GATEWAY' | 'SIDECAR_OUTBOUND' | 'SIDECAR_INBOUND',
  pod: Pod,
  evidence: Evidence,
): Ref[] {
  return acting(pod, evidence)
    .filter((filter) =>
      patchesOf(filter).some(
        (one) => applyTo.includes(one.applyTo ?? '') && ['ANY', context].includes(one.match?.context ?? 'ANY'),
      ),
    )
    .map(refOf)
}
