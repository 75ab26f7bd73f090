import { labelTexts } from '../../mesh/labels.ts'
import { rootNamespaceOf } from '../../checks/facts/root-namespace-of.ts'
import { madeFrom } from '../../checks/facts/made-from.ts'
import { definesSubset, hostOfRule, isExportedTo, rulesForCaller } from '../../mesh/destination-rules.ts'
import { writtenAs } from '../../checks/facts/attachment.ts'
import { allRoutes } from '../../checks/facts/routes.ts'
import { streamRoutesOf } from '../../checks/facts/stream-routes.ts'
import { workloadEntries } from '../../checks/facts/workload-entries.ts'
import type { MeshRoute } from '../../mesh/conversion.ts'
import { parseClusterName, type Route } from '../../mesh/envoy.ts'
import { fromFqdn, nearestHosts } from '../../mesh/host.ts'
import { workloadsBehind } from '../../checks/facts/owners.ts'
import type { DestinationRule, KubernetesObject } from '../../mesh/objects.ts'
import { refOf, selects } from '../../mesh/objects.ts'
import { containerPort, isReady } from '../../mesh/pods.ts'
import type { Ref } from '../../mesh/ref.ts'
import { formatRef, sameRef } from '../../mesh/ref.ts'
import { registryOf } from '../../checks/facts/registry.ts'
import { destinationsOf } from '../../mesh/routing.ts'
import { goesOutside } from '../follow/cluster-hop.ts'
import type { Trace } from '../follow/trace.ts'
import { backendLeads, backendLeadsOf } from './backend.ts'
import { addressedWrongly, goneBehind, selectedByEntry, withoutCluster } from './behind-entry.ts'
import { hiddenFrom, outsideLeads } from './hidden.ts'
import type { Case, Lead } from './lead.ts'
import { eachOnce, newest, value, values, wasChangedLast } from './lead.ts'
import { subsetLost } from './lost-subset.ts'
import { noneReady } from './none-ready.ts'

/** The routes of the proxy that take the request and send to a cluster. */
function routesTo(cluster: string, { walk }: Trace): Route[] {
  return (walk.route?.branches ?? []).flatMap(({ route, outcome }) =>
    route !== undefined && outcome.kind === 'clusters' && outcome.clusters.some(({ name }) => name === cluster)
      ? [route]
      : [],
  )
}

/** The TLSRoutes and TCPRoutes by which a connection comes to a cluster. */
const streamRoutesTo = (cluster: string, { walk: { chain }, evidence }: Trace): readonly MeshRoute[] =>
  chain?.ending?.kind === 'tcp'
    ? streamRoutesOf(chain.chain?.filterChainMatch?.serverNames ?? [], [cluster], evidence)
    : []

/** The objects whose routes send to a cluster: as the proxy's own routes name them; a connection's cluster names nobody, and is the one of a TCP or TLS route. */
function routersTo(cluster: string, trace: Trace): Ref[] {
  const named = routesTo(cluster, trace).flatMap((route) => madeFrom(route, trace.evidence) ?? [])
  const { host, subset } = parseClusterName(cluster) ?? {}
  const streams = streamRoutesTo(cluster, trace).map(refOf)
  if (streams.length > 0) return streams
  return named.length > 0 || host === undefined
    ? named
    : trace.evidence
        .objects('virtual-services')
        .filter((one) =>
          destinationsOf(one).some((to) => to.protocol !== 'http' && to.host === host && (to.subset ?? '') === subset),
        )
        .map(refOf)
}

function missingCluster(cluster: string, trace: Trace, one: Case): Lead[] {
  const { evidence } = one
  const parsed = parseClusterName(cluster)
  const written = eachOnce([
    ...routesTo(cluster, trace).flatMap((route) => backendLeadsOf(route, evidence)),
    ...streamRoutesTo(cluster, trace).flatMap((route) => {
      const object = writtenAs(route, evidence)
      return object === undefined ? [] : backendLeads(object, undefined, evidence)
    }),
  ])
  if (written.length > 0) return written
  const routers = routersTo(cluster, trace)
  const by = (why: string, remedy: string): Lead[] =>
    routers.map((subject) => ({ code: 'MESH0132', subject, why, remedy }))
  if (parsed === undefined)
    return by(
      `it sends requests to ${value(cluster)}, which ${value(trace.callerPod.metadata.name)} does not have`,
      'Send them to a host that exists',
    )
  const { host, port, subset } = parsed
  const registry = registryOf(evidence)
  const registered = registry.of(host)
  if (registered.length === 0) {
    const near = nearestHosts(host, registry.hosts)
    return by(
      `it sends requests to ${value(host)}, which no Service or ServiceEntry registers${near.length === 0 ? '' : `; nearest: ${values(near)}`}`,
      'Correct the host, or register it',
    )
  }
  const pick = (objects: KubernetesObject[], why: string, remedy: string): Lead[] => {
    const chosen = newest(objects)
    if (chosen === undefined) return by(why, remedy)
    const others = objects.filter((other) => other !== chosen)
    // A check names the route, whichever of the two was changed.
    const isDeeper = others.length > 0 && wasChangedLast(chosen, others)
    return [{ code: 'MESH0132', isDeeper, subject: refOf(chosen), why, remedy }]
  }
  const objectsOf = (refs: readonly Ref[]): KubernetesObject[] =>
    refs.flatMap((ref) => allRoutes(evidence).find((one) => sameRef(refOf(one), ref)) ?? [])
  const ports = registered.flatMap((each) => each.ports)
  if (!ports.includes(port))
    return pick(
      [...objectsOf(routers), ...registered.map(({ object }) => object)],
      `requests are sent to port ${value(port)} of ${value(host)}, which has ${ports.length === 0 ? 'no ports' : `only ${values([...new Set(ports)].map(String))}`}`,
      'Make the two ports match',
    )
  const hidden = hiddenFrom(trace.callerPod, host, port, one)
  if (hidden.length > 0) return hidden
  const empty = withoutCluster(host, evidence)
  if (empty.length > 0 || subset === '') return empty
  const at = trace.callerPod.metadata.namespace ?? ''
  const rules = evidence.objects('destination-rules')
  const used = rulesForCaller(rules, host, at, rootNamespaceOf(evidence))
  const defining = rules.filter((rule) => definesSubset(rule, subset))
  const exact = defining.filter((rule) => hostOfRule(rule) === host)
  const kept = exact.filter((rule) => !used.includes(rule))
  const [covering] = used
  if (kept.length > 0 && covering !== undefined)
    return [
      {
        code: 'MESH0132',
        isDeeper: true,
        subject: refOf(covering),
        why: `callers in namespace ${value(at)} use it for ${value(host)} in place of ${kept.map((rule) => formatRef(refOf(rule))).join(', ')}, and it does not define subset ${value(subset)}`,
        remedy: 'Define the subset there too, or remove the rule',
      },
    ]
  if (kept.length > 0)
    return eachOnce(
      kept.map((rule): Lead => ({
        code: 'MESH0132',
        subject: refOf(rule),
        why: `it defines subset ${value(subset)} of ${value(host)}, and has no effect for callers in namespace ${value(at)}${isExportedTo(rule.spec?.exportTo, rule.metadata.namespace ?? '', at) ? `: a rule acts from the caller's namespace, the Service's or the root namespace` : `: it is exported to ${values(rule.spec?.exportTo ?? [])} only`}`,
        remedy: `Make it available to callers in namespace ${value(at)}`,
      })),
    )
  const service = fromFqdn(host)
  const elsewhere = defining.filter((rule) => fromFqdn(hostOfRule(rule))?.name === service?.name)
  if (elsewhere.length > 0)
    return eachOnce(
      elsewhere.map((rule): Lead => ({
        code: 'MESH0132',
        subject: refOf(rule),
        why: `it defines subset ${value(subset)}, for ${value(hostOfRule(rule))} and not for ${value(host)}`,
        remedy: `Set its host to ${value(host)}`,
      })),
    )
  const lost = subsetLost(parsed, cluster, { routers: objectsOf(routers), used }, one)
  if (lost.length > 0) return lost
  return pick(
    [...objectsOf(routers), ...used],
    `requests are sent to subset ${value(subset)} of ${value(host)}, which ${used.length === 0 ? 'no DestinationRule defines' : `${used.map((rule) => formatRef(refOf(rule))).join(', ')} does not define`}`,
    'Define the subset, or route to one that is defined',
  )
}

/** TLS in TLS: the rule that originates it, which the client does already. */
function wrappedTwice(cluster: string, trace: Trace, { evidence }: Case): Lead[] {
  const host = parseClusterName(cluster)?.host ?? ''
  return rulesForCaller(
    evidence.objects('destination-rules'),
    host,
    trace.callerPod.metadata.namespace ?? '',
    rootNamespaceOf(evidence),
  ).map((rule) => ({
    code: 'MESH0132',
    subject: refOf(rule),
    why: `it originates TLS for ${value(host)}, and its callers speak TLS themselves: what arrives is TLS in TLS`,
    remedy: 'Make callers speak plain HTTP, or remove the TLS setting',
  }))
}

const isShaping = ({ spec }: DestinationRule): boolean =>
  spec?.trafficPolicy !== undefined || (spec?.subsets ?? []).length > 0

/** Why a cluster has no endpoint that takes requests. */
export function endpointLeads(cluster: string, trace: Trace, { evidence }: Case): Lead[] {
  const parsed = parseClusterName(cluster)
  const local = fromFqdn(parsed?.host ?? '')
  if (parsed === undefined) return []
  const { host, port, subset } = parsed
  const entry = evidence.objects('service-entries').find(({ spec }) => (spec?.hosts ?? []).includes(host))
  const service = local === undefined ? undefined : evidence.object('services', local.namespace, local.name)
  const lead = (subject: Ref, why: string, remedy: string): Lead => ({ code: 'MESH0331', subject, why, remedy })
  const gone = service === undefined && entry !== undefined ? goneBehind(entry, host, evidence) : []
  if (gone.length > 0) return gone
  if (service === undefined)
    return entry === undefined
      ? []
      : (selectedByEntry(entry, host, evidence) ?? [
          lead(
            refOf(entry),
            (entry.spec?.endpoints ?? []).length === 0
              ? `it gives ${value(host)} no endpoints, and selects no workloads${entry.spec?.resolution === 'DNS' ? ': the name itself does not resolve' : ''}`
              : `none of its endpoints for ${value(host)} accepts requests at port ${value(port)}`,
            'Correct its endpoints, their ports or its resolution',
          ),
        ])
  const namespace = service.metadata.namespace ?? ''
  const pods = evidence
    .objects('pods')
    .filter(
      (pod) =>
        pod.metadata.namespace === namespace &&
        pod.metadata.deletionTimestamp === undefined &&
        selects(service.spec?.selector, pod.metadata.labels),
    )
  const makers = workloadsBehind(service, evidence)
  if (pods.length === 0) {
    const idle = makers.filter(({ spec }) => spec?.replicas === 0)
    if (idle.length > 0)
      return idle.map((one) =>
        lead(refOf(one), `it is scaled to 0, and no other pod is behind ${value(host)}`, 'Scale it up'),
      )
    if (makers.length > 0)
      return makers.map((one) => lead(refOf(one), `it has created no pod behind ${value(host)}`, 'Look at its events'))
    const labels = labelTexts(service.spec?.selector)
    const selected = workloadEntries(service.spec?.selector, namespace, evidence)
    if (selected.length > 0) return addressedWrongly(service, selected, host)
    return [
      lead(
        refOf(service),
        `no pod has the labels it selects (${values(labels)})`,
        'Make its selector match the labels of the pods it is for',
      ),
    ]
  }
  const rule = rulesForCaller(
    evidence.objects('destination-rules'),
    host,
    trace.callerPod.metadata.namespace ?? '',
    rootNamespaceOf(evidence),
  ).find((each) => isShaping(each) && (subset === '' || definesSubset(each, subset)))
  const wanted = rule?.spec?.subsets?.find(({ name }) => name === subset)?.labels
  const chosen = wanted === undefined ? pods : pods.filter((pod) => selects(wanted, pod.metadata.labels))
  if (rule !== undefined && chosen.length === 0) {
    const scaled = makers.filter(({ spec }) => spec?.replicas === 0 && selects(wanted, spec.template?.metadata?.labels))
    if (scaled.length > 0)
      return scaled.map((one) => ({
        ...lead(
          refOf(one),
          `it is scaled to 0, and no other pod is of subset ${value(subset)} of ${value(host)}`,
          'Scale it up',
        ),
        isDeeper: true,
      }))
    return [
      lead(
        refOf(rule),
        `its subset ${value(subset)} asks for ${values(labelTexts(wanted))}, which no pod behind ${value(host)} has`,
        'Make the subset select labels that its pods have',
      ),
    ]
  }
  const ready = chosen.filter(isReady)
  if (ready.length === 0) return noneReady(chosen, host, evidence)
  const target = (service.spec?.ports ?? []).find((one) => one.port === port)?.targetPort
  if (typeof target === 'string' && ready.every((pod) => containerPort(pod, target) === undefined)) {
    const blamed = newest([service, ...makers]) ?? service
    return [
      lead(
        refOf(blamed),
        `port ${value(port)} of ${formatRef(refOf(service))} leads to a container port named ${value(target)}, which no pod behind it has`,
        'Make the Service and the containers name the same port',
      ),
    ]
  }
  if (rule?.spec?.trafficPolicy !== undefined && 'outlierDetection' in rule.spec.trafficPolicy)
    return [
      lead(
        refOf(rule),
        `its outlier detection has taken every endpoint of ${value(host)} out of service`,
        'Make it leave some endpoints in service, and look at why they fail',
      ),
    ]
  return []
}

/** Leads for a request that fails at a cluster or its endpoints. */
export function destinationLeads(one: Case): Lead[] {
  const { way } = one.followed
  if (way === undefined) return []
  const stages = new Set(way.failing.map(({ stage }) => stage))
  if (stages.has('listener') || stages.has('route')) return []
  return eachOnce(
    way.failing.flatMap(({ stage, name }) =>
      stage === 'cluster'
        ? goesOutside(name)
          ? outsideLeads(way.trace, one)
          : way.trace.proxy.clusters?.some((each) => each.name === name) === true
            ? wrappedTwice(name, way.trace, one)
            : missingCluster(name, way.trace, one)
        : stage === 'endpoints'
          ? endpointLeads(name, way.trace, one)
          : [],
    ),
  )
}
