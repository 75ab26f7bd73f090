import { allRoutes } from '../checks/facts/routes.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { hostOfRule } from '../mesh/destination-rules.ts'
import { fromFqdn, gatewayHost, serviceHost, withDomain } from '../mesh/host.ts'
import type { AuthorizationPolicy, Pod, Workload } from '../mesh/objects.ts'
import { refOf, selects } from '../mesh/objects.ts'
import { destinationsOf, hostsOf } from '../mesh/routing.ts'
import type { TargetQuery } from '../mesh/target-query.ts'
import type { Target } from '../mesh/target.ts'

/** The Services that policies attach to by name. */
const attachedTo = ({ metadata: { namespace = '' }, spec }: AuthorizationPolicy, domain: string): string[] =>
  [spec?.targetRef, ...(spec?.targetRefs ?? [])].flatMap((ref) => {
    const { kind, name } = (ref ?? {}) as { kind?: string; name?: string }
    return kind === 'Service' && name !== undefined ? [serviceHost(name, namespace, domain)] : []
  })

/** Hosts that objects of the mesh name, whether anybody registers them or not. */
function hostsSpokenOf(evidence: Evidence): string[] {
  const { clusterDomain } = evidence
  return [
    ...allRoutes(evidence).flatMap((one) => [...hostsOf(one), ...destinationsOf(one).map(({ host }) => host)]),
    ...evidence.objects('destination-rules').map(hostOfRule),
    ...evidence
      .objects('service-entries')
      .flatMap(({ spec }) => [...(spec?.hosts ?? []), ...(spec?.endpoints ?? []).map(({ address = '' }) => address)]),
    ...evidence
      .objects('sidecars')
      .flatMap(({ spec }) => spec?.egress ?? [])
      .flatMap(({ hosts = [] }) => hosts.map((entry) => gatewayHost(entry).host)),
    ...[...evidence.objects('authorization-policies'), ...evidence.objects('request-authentications')].flatMap((one) =>
      attachedTo(one, clusterDomain),
    ),
    ...evidence
      .objects('stateful-sets')
      .flatMap(({ metadata: { namespace = '' }, spec }) =>
        spec?.serviceName === undefined ? [] : [serviceHost(spec.serviceName, namespace, clusterDomain)],
      ),
  ].map((host) => withDomain(host, clusterDomain))
}

/** Workloads that a Service of a name would stand before: of that name, or whose pods are labelled as an application of that name. */
const workloadsNamed = (name: string, evidence: Evidence): Workload[] =>
  [...evidence.objects('deployments'), ...evidence.objects('stateful-sets')].filter(({ metadata, spec }) => {
    const { app, 'app.kubernetes.io/name': full } = spec?.template?.metadata?.labels ?? {}
    return metadata.name === name || app === name || full === name
  })

const isOf = (pod: Pod, { metadata, spec }: Workload): boolean =>
  pod.metadata.namespace === metadata.namespace && selects(spec?.selector?.matchLabels, pod.metadata.labels)

/**
 * A Service that does not exist, and that objects of the mesh still name, or whose pods still run: undefined when there is no such trace, or several
 * namespaces are meant.
 */
export function absentTarget(query: TargetQuery, evidence: Evidence): Omit<Target, 'asked'> | undefined {
  const named = workloadsNamed(query.name, evidence)
  const meant = [
    ...hostsSpokenOf(evidence),
    ...named.map(({ metadata }) => serviceHost(query.name, metadata.namespace ?? '', evidence.clusterDomain)),
  ].filter((host) => {
    const service = fromFqdn(host)
    return service?.name === query.name && (query.namespace === undefined || service.namespace === query.namespace)
  })
  const [host, ...others] = new Set(meant)
  const service = fromFqdn(host ?? '')
  if (host === undefined || service === undefined || others.length > 0) return undefined
  const behind = named.filter(({ metadata }) => metadata.namespace === service.namespace)
  return {
    ref: { kind: 'Service', ...service },
    ...service,
    hosts: [host],
    services: [],
    pods: evidence
      .objects('pods')
      .filter((pod) => behind.some((one) => isOf(pod, one)))
      .map(refOf),
  }
}
