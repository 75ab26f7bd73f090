import { rootNamespaceOf } from '../../checks/facts/root-namespace-of.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { parseClusterName } from '../../mesh/envoy.ts'
import { fromFqdn } from '../../mesh/host.ts'
import { mtlsInForce } from '../../mesh/mutual-tls.ts'
import type { Pod } from '../../mesh/objects.ts'
import { refOf, selects } from '../../mesh/objects.ts'
import { containerPort, isReady, proxyAnswers } from '../../mesh/pods.ts'
import { sameRef } from '../../mesh/ref.ts'
import { trustDomainOf } from '../../checks/facts/trust-domain-of.ts'
import type { Endpoint } from '../../mesh/walk/endpoints.ts'
import type { Connection } from '../../mesh/walk/request.ts'
import { transportTo } from '../../mesh/walk/transport.ts'
import { endpointsTo, podAt, usedOf } from './endpoints-hop.ts'
import type { Trace } from './trace.ts'
import { defined } from '../../mesh/defined.ts'

/** Callees whose proxies are looked into, at most; one of each workload. */
const MOST_CALLEES = 3

/** A pod that a request may come to, by way of a cluster. */
export interface Callee {
  cluster: string
  pod: Pod
  endpoint: Endpoint
}

/** The namespaces whose pods may stand behind the clusters of a walk. */
export function calleeNamespaces({ walk }: Trace): string[] {
  const namespaces = walk.reached.flatMap(({ name }) => fromFqdn(parseClusterName(name)?.host ?? '')?.namespace ?? [])
  return [...new Set(namespaces)]
}

/** True when the pod's proxy was asked for its configuration, whatever came of it. */
export const isLookedAt = (pod: Pod, evidence: Evidence): boolean =>
  evidence.seenOf('listeners', refOf(pod)) !== undefined ||
  evidence.blind('listeners').some(({ of }) => of !== undefined && sameRef(of, refOf(pod)))

/** The pods behind a Service's own address, to which Kubernetes sends what a proxy passes on unchanged. */
function behindAddress(address: string, port: number, evidence: Evidence): Omit<Callee, 'cluster'>[] {
  const service = evidence.objects('services').find(({ spec }) => spec?.clusterIP === address)
  const asked = service?.spec?.ports?.find((one) => one.port === port)
  if (service === undefined || asked === undefined) return []
  return evidence
    .objects('pods')
    .filter(
      (pod) =>
        pod.metadata.namespace === service.metadata.namespace &&
        selects(service.spec?.selector, pod.metadata.labels) &&
        isReady(pod),
    )
    .map((pod) => ({
      pod,
      endpoint: {
        weight: 1,
        priority: 0,
        usable: true,
        ...defined({ address: pod.status?.podIP, port: containerPort(pod, asked.targetPort ?? asked.port) }),
      },
    }))
}

/** One pod of each workload behind each cluster: the ready ones whose proxy can be asked first, then those that were looked at. */
export function calleesOf(trace: Trace): Callee[] {
  const all = trace.walk.reached.flatMap(({ name }): Callee[] => {
    const taken = endpointsTo(name, trace)
    if (taken?.original === true) {
      const { address, port } = trace.sent.connection
      if (trace.caller.kind !== 'sidecar' || address === undefined) return []
      const pod = podAt(address, trace.evidence)
      return pod === undefined
        ? behindAddress(address, port, trace.evidence).map((one) => ({ cluster: name, ...one }))
        : [{ cluster: name, pod, endpoint: { address, port, weight: 1, priority: 0, usable: true } }]
    }
    return (taken === undefined ? [] : usedOf(taken)).flatMap((endpoint) => {
      const pod = podAt(endpoint.address, trace.evidence)
      return pod === undefined ? [] : [{ cluster: name, pod, endpoint }]
    })
  })
  const ranks = new Map(
    all.map(({ pod }) => [
      pod,
      2 * (Number(proxyAnswers(pod)) + Number(isReady(pod))) + Number(isLookedAt(pod, trace.evidence)),
    ]),
  )
  const rank = ({ pod }: Callee): number => ranks.get(pod) ?? 0
  const workloads = new Set<string>()
  return all
    .toSorted((a, b) => rank(b) - rank(a) || a.pod.metadata.name.localeCompare(b.pod.metadata.name, 'en'))
    .filter(({ pod: { metadata } }) => {
      const owner = `${metadata.namespace ?? ''}/${metadata.ownerReferences?.[0]?.name ?? metadata.name}`
      return !workloads.has(owner) && workloads.add(owner)
    })
    .slice(0, MOST_CALLEES)
}

/** `spiffe://cluster.local/ns/shop/sa/catalog` */
export const identityOf = ({ metadata, spec }: Pod, evidence: Evidence): string =>
  `spiffe://${trustDomainOf(evidence)}/ns/${metadata.namespace ?? ''}/sa/${spec?.serviceAccountName ?? 'default'}`

/** The endpoint's metadata as istiod hands them to callers: pods with a sidecar say so by a label, unless a PeerAuthentication switches mTLS off for the port. */
function endpointMetadata(pod: Pod, port: number, evidence: Evidence): Record<string, string> {
  const mode = pod.metadata.labels?.['security.istio.io/tlsMode']
  return mode === undefined ||
    mtlsInForce(pod, port, evidence.objects('peer-authentications'), rootNamespaceOf(evidence)).mode === 'DISABLE'
    ? {}
    : { tlsMode: mode }
}

/** How the caller's proxy speaks to a callee, and the connection it makes. */
export function connectionTo(
  { cluster, pod, endpoint }: Callee,
  { proxy, callerPod, evidence, walk, sent }: Trace,
): { connection: Connection; inside: 'http' | 'tls' } {
  const found = proxy.clusters?.find(({ name }) => name === cluster)
  const transport = found === undefined ? {} : transportTo(found, endpointMetadata(pod, endpoint.port ?? 0, evidence))
  const manager = walk.chain?.ending?.kind === 'http' ? walk.chain.ending.manager : undefined
  // Istio's own ALPN filter says which HTTP is inside, in front of what the cluster offers; istiod switches it off for clusters with TLS of their own.
  const overridden =
    found?.metadata?.filterMetadata?.istio?.alpn_override !== 'false' &&
    (manager?.httpFilters ?? []).some(({ name = '' }) => name === 'istio.alpn')
      ? ['istio-http/1.1']
      : []
  const { tls } = transport
  // TLS of the client's own that the caller's proxy did not end goes on as it is: inside mTLS, or bare.
  const own =
    walk.chain?.ending?.kind === 'tcp' && walk.chain.chain?.transportSocket === undefined
      ? sent.connection.tls
      : undefined
  return {
    inside: own === undefined || tls === undefined ? 'http' : 'tls',
    connection: {
      port: endpoint.port ?? 0,
      ...defined({ address: endpoint.address }),
      ...(callerPod.status?.podIP !== undefined && { source: callerPod.status.podIP }),
      ...(tls === undefined && own !== undefined && { tls: own }),
      ...(tls !== undefined && { tls: { alpn: [...overridden, ...tls.alpn], ...defined({ sni: tls.sni }) } }),
      ...(tls?.mutual === true && { principal: identityOf(callerPod, evidence) }),
    },
  }
}
