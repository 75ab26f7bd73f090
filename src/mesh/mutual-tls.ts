import type { PeerAuthentication, Pod } from './objects.ts'
import { selects } from './objects.ts'

/** What a workload's sidecar takes: `STRICT` mutual TLS only, `DISABLE` plain text only, `PERMISSIVE` both. */
export type MtlsMode = 'STRICT' | 'PERMISSIVE' | 'DISABLE'

/** A mode and the policy that sets it; none when it is Istio's default. */
export interface MtlsInForce {
  mode: MtlsMode
  policy?: PeerAuthentication
}

const selectorOf = ({ spec }: PeerAuthentication): Record<string, string> => spec?.selector?.matchLabels ?? {}
const isFor = (policy: PeerAuthentication, namespace: string): boolean => policy.metadata.namespace === namespace
const hasSelector = (policy: PeerAuthentication): boolean => Object.keys(selectorOf(policy)).length > 0

/** Of policies of one level the oldest acts, as istiod decides between them. */
export const byAge = (a: PeerAuthentication, b: PeerAuthentication): number =>
  (a.metadata.creationTimestamp ?? '').localeCompare(b.metadata.creationTimestamp ?? '') ||
  a.metadata.name.localeCompare(b.metadata.name, 'en')

/**
 * The policies of each level that speak of a pod, the nearest level first: its own selector's, its namespace's, the mesh's. istiod takes no policy with a
 * selector in the root namespace.
 */
export function policiesOfPod(pod: Pod, policies: readonly PeerAuthentication[], root: string): PeerAuthentication[][] {
  const { namespace = '', labels } = pod.metadata
  const wide = (where: string): PeerAuthentication[] =>
    policies.filter((one) => isFor(one, where) && !hasSelector(one)).toSorted(byAge)
  const own = policies.filter((one) => isFor(one, namespace) && selects(selectorOf(one), labels)).toSorted(byAge)
  return namespace === root ? [[], wide(namespace)] : [own, wide(namespace), wide(root)]
}

/** What a pod's sidecar takes on one of the pod's own ports, and because of which PeerAuthentication. */
export function mtlsInForce(
  pod: Pod,
  port: number,
  policies: readonly PeerAuthentication[],
  root: string,
): MtlsInForce {
  for (const [policy] of policiesOfPod(pod, policies, root)) {
    if (policy === undefined) continue
    const own = hasSelector(policy) ? policy.spec?.portLevelMtls?.[String(port)]?.mode : undefined
    const mode = own === undefined || own === 'UNSET' ? policy.spec?.mtls?.mode : own
    if (mode !== undefined && mode !== 'UNSET') return { mode, policy }
  }
  return { mode: 'PERMISSIVE' }
}

const EXCLUDED = 'traffic.sidecar.istio.io/excludeInboundPorts'
const INCLUDED = 'traffic.sidecar.istio.io/includeInboundPorts'
const listed = (value: string | undefined): string[] =>
  (value ?? '')
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '')

/** True when connections to the pod's port pass its sidecar: annotations can keep ports out, and no PeerAuthentication acts on these. */
export function passesSidecar(pod: Pod, port: number): boolean {
  const annotations = pod.metadata.annotations ?? {}
  const included = listed(annotations[INCLUDED])
  return (
    !listed(annotations[EXCLUDED]).includes(String(port)) &&
    (included.length === 0 || included.includes('*') || included.includes(String(port)))
  )
}
