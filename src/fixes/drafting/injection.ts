import type { Evidence } from '../../evidence/evidence.ts'
import type { Namespace, Pod } from '../../mesh/objects.ts'
import { hasEnded, hasProxy, isAmbient, isIstiod } from '../../mesh/pods.ts'

/** On a namespace: `enabled`, `disabled`. It beats the revision's label. */
export const ISTIO_INJECTION = 'istio-injection'
/** On a namespace or pod: the revision (or tag) whose istiod injects; on istiod's pods, their own. */
export const ISTIO_REVISION = 'istio.io/rev'
/** On a pod: `true`, `false`. The label beats the annotation of the same name. */
export const SIDECAR_INJECT = 'sidecar.istio.io/inject'

/**
 * Why a pod has no sidecar, by Istio's rules in their order: its namespace refuses, its node's network is never injected, the pod refuses,
 * nothing asks for one, or it is asked for and the pod was made before that (or while the webhook did not answer).
 */
export type WhyBare = 'namespace refuses' | 'host network' | 'pod refuses' | 'not asked for' | 'made before'

/** Why the injector left a pod alone. */
export function whyBare(
  { metadata: { namespace: name, labels, annotations }, spec }: Pod,
  evidence: Evidence,
): WhyBare {
  const namespace = namespaceOf(name, evidence)?.metadata.labels
  if (namespace?.[ISTIO_INJECTION] === 'disabled') return 'namespace refuses'
  if (spec?.hostNetwork === true) return 'host network'
  const own = labels?.[SIDECAR_INJECT] ?? annotations?.[SIDECAR_INJECT]
  if (own === 'false') return 'pod refuses'
  const asked =
    namespace?.[ISTIO_INJECTION] === 'enabled' ||
    namespace?.[ISTIO_REVISION] !== undefined ||
    labels?.[SIDECAR_INJECT] === 'true' ||
    labels?.[ISTIO_REVISION] !== undefined
  return asked ? 'made before' : 'not asked for'
}

/** A namespace as it was read. */
export const namespaceOf = (name: string | undefined, evidence: Evidence): Namespace | undefined =>
  evidence.objects('namespaces').find(({ metadata }) => metadata.name === name)

/** True for a pod that could have a sidecar and has none. */
export const isBare = (pod: Pod): boolean =>
  !hasProxy(pod) && !isAmbient(pod) && !hasEnded(pod) && pod.metadata.deletionTimestamp === undefined

/** A label that makes the injector act on a namespace. */
export interface InjectionLabel {
  key: string
  value: string
}

/** The labels that injection is asked for with in this mesh, the usual one first; several only where several revisions are in use and none is the default. */
export function injectionLabels(evidence: Evidence): InjectionLabel[] {
  const labels = evidence.objects('namespaces').map(({ metadata }) => metadata.labels ?? {})
  const revisions = evidence
    .objects('pods')
    .filter(isIstiod)
    .flatMap(({ metadata }) => metadata.labels?.[ISTIO_REVISION] ?? [])
  if (labels.some((one) => one[ISTIO_INJECTION] === 'enabled') || revisions.includes('default'))
    return [{ key: ISTIO_INJECTION, value: 'enabled' }]
  const inUse = labels.flatMap((one) => one[ISTIO_REVISION] ?? [])
  const often = (revision: string): number => inUse.filter((one) => one === revision).length
  return [...new Set([...inUse, ...revisions])]
    .toSorted((a, b) => often(b) - often(a))
    .map((value) => ({ key: ISTIO_REVISION, value }))
}
