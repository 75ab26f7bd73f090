import type { Cluster } from '../../mesh/envoy.ts'
import { originOf, parseClusterName } from '../../mesh/envoy.ts'
import { entryWithoutCluster } from '../../checks/facts/workload-entries.ts'
import { hostOfRule } from '../../mesh/destination-rules.ts'
import { fromFqdn, nearestHosts } from '../../mesh/host.ts'
import type { Service } from '../../mesh/objects.ts'
import { refOf } from '../../mesh/objects.ts'
import type { Ref } from '../../mesh/ref.ts'
import { registryOf } from '../../checks/facts/registry.ts'
import type { Share } from '../../mesh/walk/route-action.ts'
import { fixedTransport } from '../../mesh/walk/transport.ts'
import { serviceOf } from './destination.ts'
import { patching } from './envoy-filters.ts'
import { quoteOf } from './piece.ts'
import type { Hop } from './report.ts'
import type { Trace } from './trace.ts'
import { proxyCommand, whyUnseen } from './trace.ts'

/** True for the clusters of what the proxy has no configuration for. */
export const goesOutside = (cluster: string): boolean =>
  cluster === 'PassthroughCluster' || cluster === 'BlackHoleCluster'

/** Limits that mean "none": what istiod writes when a DestinationRule says nothing. */
const UNLIMITED = 4_294_967_295

function limits({ circuitBreakers, outlierDetection, connectTimeout }: Cluster): string[] {
  const [threshold = {}] = circuitBreakers?.thresholds ?? []
  const set = Object.entries(threshold).filter(([key, value]) => key.startsWith('max') && value !== UNLIMITED)
  const { consecutive5xx, consecutiveGatewayFailure, baseEjectionTime } = outlierDetection ?? {}
  return [
    ...(set.length === 0 ? [] : [`circuit breakers: ${set.map(([key, value]) => `${key} ${value}`).join(', ')}`]),
    ...(outlierDetection === undefined
      ? []
      : [
          `outlier detection ejects after ${consecutive5xx ?? consecutiveGatewayFailure ?? 5} failures in a row, for ${baseEjectionTime ?? '30s'}`,
        ]),
    ...(connectTimeout === undefined || connectTimeout === '10s' ? [] : [`connect timeout ${connectTimeout}`]),
  ]
}

function transportText(cluster: Cluster): string {
  const transport = fixedTransport(cluster)
  if (transport === undefined) return 'mTLS to pods with a sidecar, plain text to others'
  if (transport.tls === undefined) return 'plain text'
  return `${transport.tls.mutual ? 'mTLS' : 'TLS'}${transport.tls.sni === undefined ? '' : ` for ${transport.tls.sni}`}`
}

/** The Service or ServiceEntry behind a cluster, and the DestinationRule it was shaped by. */
function madeFrom(cluster: Cluster, { caller, callerPod, evidence }: Trace): Ref[] {
  const rule = originOf(cluster.metadata)
  const services = (cluster.metadata?.filterMetadata?.istio?.services ?? []).flatMap(
    ({ host = '', name, namespace }): Ref[] => {
      const service = fromFqdn(host)
      if (service !== undefined) return [{ kind: 'Service', ...service }]
      const entry = evidence
        .objects('service-entries')
        .find(({ metadata, spec }) => metadata.namespace === namespace && (spec?.hosts ?? []).includes(host))
      return entry === undefined
        ? name === undefined || namespace === undefined
          ? []
          : [{ kind: 'ServiceEntry', namespace, name }]
        : [refOf(entry)]
    },
  )
  return [
    ...services,
    ...(rule === undefined ? [] : [rule]),
    ...patching(['CLUSTER'], caller.kind === 'ingress' ? 'GATEWAY' : 'SIDECAR_OUTBOUND', callerPod, evidence),
  ]
}

/** What is amiss when the proxy has no cluster of that name, and the objects that would make one. */
function missing(name: string, { evidence, callerPod }: Trace): { why: string; objects: Ref[] } {
  const parsed = parseClusterName(name)
  if (parsed === undefined) return { why: '', objects: [] }
  const { host, subset, port } = parsed
  const registry = registryOf(evidence)
  const registered = registry.of(host)
  const rules = evidence.objects('destination-rules').filter((rule) => hostOfRule(rule) === host)
  const objects = [...registered.map(({ object }) => refOf(object)), ...rules.map(refOf)]
  if (evidence.seen('services').length === 0) return { why: '', objects }
  if (registered.length === 0) {
    const near = nearestHosts(host, registry.hosts)
    return {
      why: ` No Service or ServiceEntry registers ${host}.${near.length === 0 ? '' : ` Nearest: ${near.join(', ')}.`}`,
      objects,
    }
  }
  const ports = registered.flatMap((one) => one.ports)
  if (!ports.includes(port))
    return { why: ` ${host} has no port ${port}, only ${[...new Set(ports)].join(', ')}.`, objects }
  const subsets = rules.flatMap(({ spec }) => spec?.subsets ?? []).map((one) => one.name)
  if (subset !== '' && !subsets.includes(subset))
    return {
      why:
        rules.length === 0
          ? ` No DestinationRule for ${host} defines a subset ${subset}.`
          : ` The DestinationRule for ${host} defines ${subsets.length === 0 ? 'no subsets' : `the subsets ${subsets.join(', ')}`}, not ${subset}.`,
      objects,
    }
  if (entryWithoutCluster(host, evidence) !== undefined)
    return {
      why: ' No WorkloadEntry has the labels that its ServiceEntry selects: istiod makes no cluster for a host of resolution DNS without an endpoint.',
      objects,
    }
  const sidecars = evidence
    .objects('sidecars')
    .filter(({ metadata }) => metadata.namespace === callerPod.metadata.namespace)
  return {
    why: ` The objects are there: exportTo${sidecars.length === 0 ? '' : ' or a Sidecar'} hides them from this proxy, or it does not have the newest configuration.`,
    objects: [...objects, ...sidecars.map(refOf)],
  }
}

/** The Service that a request is passed on to unchanged, when it has no such port: its address answers nothing there. */
function withoutPort({ caller, callerPod, question, sent, evidence }: Trace): Service | undefined {
  if (caller.kind !== 'sidecar') return undefined
  const service = serviceOf(question.host, callerPod.metadata.namespace, evidence)
  const { clusterIP, ports = [] } = service?.spec ?? {}
  return clusterIP === undefined ||
    clusterIP !== sent.connection.address ||
    ports.some(({ port }) => port === sent.port)
    ? undefined
    : service
}

/** The hop at one cluster the request may go to. */
export function clusterHop({ name, weight }: Share, trace: Trace): Hop {
  const {
    caller: { pod },
    callerPod,
    evidence,
    context,
    proxy,
    sent,
    question,
    walk,
  } = trace
  const { route } = walk
  const parsed = parseClusterName(name)
  const flags = parsed === undefined ? { fqdn: name } : { fqdn: parsed.host, port: parsed.port, subset: parsed.subset }
  const about = {
    stage: 'cluster' as const,
    name,
    notes: [] as string[],
    command: proxyCommand('clusters', pod, flags, context),
  }
  if (proxy.clusters === undefined)
    return {
      ...about,
      ok: false,
      sure: false,
      objects: [],
      says: `The clusters of ${pod.name} could not be seen: ${whyUnseen('cluster', pod, evidence)}.`,
    }
  const known = route === undefined ? `${question.host}:${sent.port}` : question.host
  if (name === 'BlackHoleCluster')
    return {
      ...about,
      ok: false,
      sure: true,
      objects: [],
      says: `${known} is unknown to this proxy, and the mesh lets nothing out that is not registered (outboundTrafficPolicy REGISTRY_ONLY): the connection is closed.`,
    }
  const noPort = name === 'PassthroughCluster' ? withoutPort(trace) : undefined
  if (noPort !== undefined)
    return {
      ...about,
      ok: false,
      sure: true,
      objects: [refOf(noPort)],
      says: `${question.host} has no port ${sent.port}, only ${(noPort.spec?.ports ?? []).map(({ port }) => port).join(', ') || 'none'}: the proxy passes the connection on to the Service's address, where nothing accepts it.`,
    }
  if (name === 'PassthroughCluster')
    return {
      ...about,
      ok: true,
      sure: false,
      objects: [],
      says: `${known} is unknown to this proxy: it passes the connection on to the address the client asked for, without routes, subsets or mTLS (outboundTrafficPolicy ALLOW_ANY). What answers there is not seen.`,
    }
  const cluster = proxy.clusters.find((one) => one.name === name)
  if (cluster === undefined) {
    const { why, objects } = missing(name, trace)
    return {
      ...about,
      ok: false,
      sure: true,
      objects,
      says: `${callerPod.metadata.name} has no cluster ${name}: ${weight < 100 ? `the ${weight} % of requests that are sent to it get` : 'the request gets'} 503 (NC cluster_not_found).${why}`,
    }
  }
  const ownTls =
    walk.chain?.ending?.kind === 'tcp' && walk.chain.chain?.transportSocket === undefined
      ? sent.connection.tls
      : undefined
  const spoken = fixedTransport(cluster)?.tls
  if (ownTls !== undefined && spoken !== undefined && !spoken.mutual)
    return {
      ...about,
      ok: false,
      sure: true,
      objects: madeFrom(cluster, trace),
      says: `The client speaks TLS itself, and the proxy wraps it in TLS once more${spoken.sni === undefined ? '' : ` (for ${spoken.sni})`}: the other end reads no request.`,
    }
  const {
    type = 'STATIC',
    connectTimeout,
    lbPolicy,
    transportSocketMatches,
    transportSocket,
    circuitBreakers,
    outlierDetection,
    metadata,
  } = cluster
  return {
    ...about,
    ok: true,
    sure: true,
    objects: madeFrom(cluster, trace),
    notes: limits(cluster),
    says: `The proxy has the cluster (${type}${lbPolicy === undefined ? '' : `, ${lbPolicy}`}); it speaks ${transportText(cluster)}.`,
    quote: quoteOf({
      name,
      type,
      lbPolicy,
      connectTimeout,
      transportSocketMatches: transportSocketMatches?.map(({ name: match }) => match),
      transportSocket,
      circuitBreakers,
      outlierDetection,
      metadata,
    }),
  }
}
