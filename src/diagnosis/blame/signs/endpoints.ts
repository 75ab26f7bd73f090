import { rootNamespaceOf } from '../../../checks/facts/root-namespace-of.ts'
import type { Evidence } from '../../../evidence/evidence.ts'
import { ownerOf, servicesOf } from '../../../checks/facts/owners.ts'
import { selectedBy } from '../../../checks/facts/workload-entries.ts'
import { ipOf, portOf } from '../../../mesh/address.ts'
import { rulesForCaller } from '../../../mesh/destination-rules.ts'
import { parseClusterName } from '../../../mesh/envoy.ts'
import { fromFqdn, hostOfService } from '../../../mesh/host.ts'
import type { Pod, Service, ServiceEntry, Sidecar, WorkloadEntry } from '../../../mesh/objects.ts'
import { refOf } from '../../../mesh/objects.ts'
import { containerPort, hasProxy, portAtPod } from '../../../mesh/pods.ts'
import { passesSidecar } from '../../../mesh/mutual-tls.ts'
import { isReserved } from '../../../mesh/proxy-ports.ts'
import { sidecarFor } from '../../../mesh/sidecars.ts'
import { goesOutside } from '../../follow/cluster-hop.ts'
import { endpointLeads } from '../destination.ts'
import { outsideLeads } from '../hidden.ts'
import type { Case, Lead } from '../lead.ts'
import { newest, value } from '../lead.ts'
import { ruleForNobody } from '../no-route.ts'
import { entriesOf } from './outside.ts'
import { lead, times, type Sign } from './sign.ts'

/** The proxy next to the application could not connect to it. */
export function unreachable(sign: Sign, { evidence, target }: Case): Lead[] {
  const { entry, pod } = sign
  // A port for which the sidecar has no cluster of its own is passed through to the application.
  const isInbound = /^inbound\||^InboundPassthroughCluster/.test(entry.upstreamCluster ?? '')
  const refusedConnection =
    entry.flags.includes('UF') &&
    /refused|delayed_connect_error|remote_connection_failure|connection_failure|reset/.test(
      `${entry.failure ?? ''} ${entry.details ?? ''}`,
    )
  if (!isInbound || !refusedConnection || pod === undefined) return []
  const asked = parseClusterName(entry.upstreamCluster ?? '')?.port ?? portOf(entry.downstreamLocal)
  const sidecar = sidecarFor(pod, evidence.objects('sidecars'), rootNamespaceOf(evidence))
  if (sidecar !== undefined && ingressFor(sidecar, asked) !== undefined)
    return [
      lead(
        'MESH0431',
        refOf(sidecar),
        `its ingress listener for port ${value(asked ?? '')} sends requests to ${value(ingressFor(sidecar, asked) ?? '')}, where nothing listens: ${times(sign)} refused`,
        'Make its ingress listener send requests to where the application listens',
      ),
    ]
  // A route may have led the requests to another Service than the target's own.
  const clusters = sign.group.map(({ entry: { upstreamCluster = '' } }) => parseClusterName(upstreamCluster))
  const isAsked = (service: Service): boolean =>
    clusters.some((one) => one?.direction === 'outbound' && one.host === hostOfService(service))
  const services = evidence
    .objects('services')
    .filter(
      (each) =>
        each.metadata.namespace === pod.metadata.namespace &&
        (isAsked(each) || target.services.some(({ name }) => name === each.metadata.name)) &&
        (each.spec?.ports ?? []).some((one) => portAtPod(pod, each, one) === asked),
    )
  return [refusedLead(sign, pod, asked, services, evidence)]
}

/** Of a Service and the pods it leads to, which one names a port that nothing listens on: the Service, unless the pod says that it listens there. */
function refusedLead(
  sign: Sign,
  pod: Pod,
  port: number | undefined,
  services: readonly Service[],
  evidence: Evidence,
): Lead {
  const declared = (pod.spec?.containers ?? [])
    .filter(({ name }) => name !== 'istio-proxy')
    .flatMap(({ ports = [] }) => ports.map(({ containerPort: one }) => one))
  const isByName = services.some(({ spec }) =>
    (spec?.ports ?? []).some(({ targetPort }) => typeof targetPort === 'string'),
  )
  const [service] = services
  const why = `nothing listens on port ${value(port ?? '')} of ${value(pod.metadata.name)}, where the Service leads: ${times(sign)} refused`
  return service !== undefined && !isByName && (declared.length === 0 || !declared.includes(port ?? 0))
    ? lead('MESH0431', refOf(service), why, 'Point the Service to the port that the application listens on')
    : lead(
        'MESH0431',
        ownerOf(pod, evidence),
        why,
        'Make the application listen there, on all addresses, or declare the port that it listens on',
      )
}

/** Where a Sidecar's ingress listener for a port hands requests to. */
function ingressFor({ spec }: Sidecar, port: number | undefined): string | undefined {
  const listeners = (spec?.ingress ?? []) as { port?: { number?: number }; defaultEndpoint?: string }[]
  return listeners.find((one) => one.port?.number === port)?.defaultEndpoint
}

/** The target's own proxy has no cluster for a port any more: a Sidecar with ingress listeners takes requests at the ports of these alone. */
export function portNotTaken(sign: Sign, { evidence }: Case): Lead[] {
  const { entry, at } = sign
  if (!entry.flags.includes('NC') || at === undefined || ipOf(entry.downstreamLocal) !== at.status?.podIP) return []
  const port = portOf(entry.downstreamLocal)
  const sidecar = sidecarFor(at, evidence.objects('sidecars'), rootNamespaceOf(evidence))
  return sidecar === undefined || (sidecar.spec?.ingress ?? []).length === 0 || ingressFor(sidecar, port) !== undefined
    ? []
    : [
        lead(
          'MESH0431',
          refOf(sidecar),
          `none of its ingress listeners is for port ${value(port ?? '')} of ${value(at.metadata.name)}: ${times(sign)} found no cluster there`,
          'Give it a listener for that port, or none at all',
        ),
      ]
}

/** A circuit breaker was open. */
export function overflow(sign: Sign, { evidence, followed: { way } }: Case): Lead[] {
  const { entry } = sign
  const cluster = parseClusterName(entry.upstreamCluster ?? '')
  if (!entry.flags.includes('UO') || cluster === undefined) return []
  const host = cluster.host
  return rulesForCaller(
    evidence.objects('destination-rules'),
    host,
    way?.trace.callerPod.metadata.namespace ?? sign.at?.metadata.namespace ?? '',
    rootNamespaceOf(evidence),
  )
    .slice(0, 1)
    .map((rule) =>
      lead(
        'MESH0431',
        refOf(rule),
        `its connection pool is smaller than the load: ${times(sign)} overflowed`,
        'Raise its limits',
      ),
    )
}

/** The cluster was without endpoints when the requests came. */
export function withoutEndpoint(sign: Sign, one: Case): Lead[] {
  const { entry } = sign
  return entry.flags.includes('UH') && one.followed.way !== undefined
    ? endpointLeads(entry.upstreamCluster ?? '', one.followed.way.trace, one)
    : []
}

/** The caller's proxy had nothing for the host, and passed the connection on or closed it: what keeps the host, or its port, from this proxy. */
export function unregistered({ entry }: Sign, one: Case): Lead[] {
  const { way } = one.followed
  if (way?.trace.caller.kind !== 'sidecar' || !goesOutside(entry.upstreamCluster ?? '')) return []
  const kept = outsideLeads(way.trace, one)
  return kept.length > 0 ? kept : ruleForNobody(way.trace.question.host, one)
}

/** The caller connects to a pod's port that nothing listens on: a headless Service has no port of its own to lead from. */
export function refusedAtPod(sign: Sign, { evidence, target }: Case): Lead[] {
  const { entry, pod } = sign
  if (pod === undefined || !entry.flags.includes('UF') || entry.upstreamCluster?.startsWith('inbound|') === true)
    return []
  const port = portOf(entry.upstreamHost)
  const declared = (pod.spec?.containers ?? []).flatMap(({ ports = [] }) => ports).map((one) => one.containerPort)
  const host = parseClusterName(entry.upstreamCluster ?? '')?.host ?? ''
  const entries = declared.includes(port ?? 0) ? [] : entriesOf(host, evidence)
  if (entries.length > 0)
    return entries.map((one) =>
      lead(
        'MESH0431',
        refOf(newest<ServiceEntry | WorkloadEntry>([...selectedBy(one, evidence), one]) ?? one),
        `it sends requests for ${value(host)} to port ${value(port ?? '')} of ${value(pod.metadata.name)}, where nothing listens: ${times(sign)} refused`,
        'Make it name the port that the application listens on',
      ),
    )
  const services = servicesOf(target, evidence)
  const headless = services.filter(
    ({ spec }) =>
      spec?.clusterIP === 'None' &&
      (spec.ports ?? []).some((one) => one.port === port && containerPort(pod, one.targetPort ?? one.port) !== port),
  )
  if (headless.length > 0)
    return headless.map((service) =>
      lead(
        'MESH0431',
        refOf(service),
        `it is headless, so callers connect to port ${value(port ?? '')} of its pods whatever its targetPort says: ${times(sign)} refused`,
        'Give it the port that the application listens on',
      ),
    )
  // A sidecar would have taken the connection: only where it takes none, the application itself refused it.
  const isDirect = !hasProxy(pod) || (port !== undefined && !(passesSidecar(pod, port) && !isReserved(port)))
  const cluster = parseClusterName(entry.upstreamCluster ?? '')
  const local = fromFqdn(cluster?.host ?? '')
  const service = local === undefined ? undefined : evidence.object('services', local.namespace, local.name)
  const leads = (service?.spec?.ports ?? []).some(
    (one) => one.port === cluster?.port && containerPort(pod, one.targetPort ?? one.port) === port,
  )
  return isDirect && leads && service !== undefined && /refused/i.test(`${entry.failure ?? ''} ${entry.details ?? ''}`)
    ? [refusedLead(sign, pod, port, [service], evidence)]
    : []
}
