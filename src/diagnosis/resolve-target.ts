import { hostOfRule } from '../mesh/destination-rules.ts'
import { backendsOf } from '../mesh/gateway-api.ts'
import { httpRoutesFor } from '../checks/facts/http-routes.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { parseClusterName } from '../mesh/envoy.ts'
import { fromFqdn, gatewayHost, hostMatches, hostOfService, nearestHosts, serviceHost } from '../mesh/host.ts'
import { isDnsName, nearestNames } from '../mesh/names.ts'
import type { KubernetesObject, Labels, Service, VirtualService, Workload } from '../mesh/objects.ts'
import { refOf, selects } from '../mesh/objects.ts'
import type { Ref } from '../mesh/ref.ts'
import { formatRef } from '../mesh/ref.ts'
import { Registry } from '../mesh/registry.ts'
import { boundAs, destinationsOf, hostsOf } from '../mesh/routing.ts'
import type { TargetQuery } from '../mesh/target-query.ts'
import { UserError } from '../mesh/user-error.ts'
import type { Target } from '../mesh/target.ts'
import { isAddress } from '../mesh/walk/address.ts'
import { defined } from '../mesh/defined.ts'

/** The cluster has no such target: `nearest` are commands' worth of names that exist. */
export class UnknownTargetError extends UserError {
  readonly query: TargetQuery
  readonly nearest: readonly string[]
  /** What there is none of: a namespace of that name, or the target. */
  readonly missing: 'target' | 'namespace'
  constructor(
    query: TargetQuery,
    what: string,
    nearest: readonly string[],
    { namespace, missing = 'target' }: { namespace?: string | undefined; missing?: 'target' | 'namespace' } = {},
  ) {
    const where = namespace === undefined ? '' : ` in namespace ${namespace}`
    super(
      { why: `There is no ${what}${where}.${nearest.length === 0 ? '' : ` Nearest: ${nearest.join(', ')}.`}` },
      { code: 'unknown-target' },
    )
    this.query = query
    this.nearest = nearest
    this.missing = missing
  }
}

/** Several namespaces have a target of that name: `choices` says which. */
export class AmbiguousTargetError extends UserError {
  readonly query: TargetQuery
  readonly choices: readonly Ref[]
  constructor(query: TargetQuery, choices: readonly Ref[]) {
    const namespaces = choices.map(({ namespace }) => namespace).join(', ')
    super(
      { why: `${choices.length} namespaces have ${query.name}: ${namespaces}. Add -n NAMESPACE.` },
      { code: 'ambiguous-target' },
    )
    this.query = query
    this.choices = choices
  }
}

const inScope = (object: KubernetesObject, query: TargetQuery): boolean =>
  query.namespace === undefined || object.metadata.namespace === query.namespace

/** `catalog.shop` for names elsewhere, `catalog` for names in the namespace that was asked for. */
const shown = (object: KubernetesObject, query: TargetQuery): string =>
  query.namespace === object.metadata.namespace
    ? object.metadata.name
    : `${object.metadata.name}.${object.metadata.namespace ?? ''}`

function nearestObjects(query: TargetQuery, objects: readonly KubernetesObject[]): string[] {
  const byName = new Map<string, KubernetesObject[]>()
  for (const object of objects) byName.set(object.metadata.name, [...(byName.get(object.metadata.name) ?? []), object])
  const inside = nearestNames(
    query.name,
    objects.filter((object) => inScope(object, query)).map(({ metadata }) => metadata.name),
  )
  const anywhere = nearestNames(query.name, byName.keys())
  return [...new Set([...inside, ...anywhere])]
    .slice(0, 4)
    .flatMap((name) => (byName.get(name) ?? []).slice(0, 2).map((object) => shown(object, query)))
    .slice(0, 5)
}

function checkNamespace(query: TargetQuery, evidence: Evidence): void {
  const [seen] = evidence.seen('namespaces')
  if (query.namespace === undefined || seen === undefined) return
  const names = seen.value.map(({ metadata }) => metadata.name)
  if (!names.includes(query.namespace))
    throw new UnknownTargetError(query, `namespace ${query.namespace}`, nearestNames(query.namespace, names), {
      missing: 'namespace',
    })
}

/** The one object of that name, or an error with what there is. */
function choose<T extends KubernetesObject>(
  query: TargetQuery,
  what: string,
  candidates: readonly T[],
  named: (object: T) => boolean = ({ metadata }) => metadata.name === query.name,
): T {
  const found = candidates.filter((object) => inScope(object, query) && named(object))
  const [first] = found
  if (first === undefined)
    throw new UnknownTargetError(query, `${what} ${query.name}`, nearestObjects(query, candidates), {
      namespace: query.namespace,
    })
  if (found.length > 1) throw new AmbiguousTargetError(query, found.map(refOf))
  return first
}

const common = (query: TargetQuery): Pick<Target, 'asked' | 'port' | 'path'> => ({
  asked: query.text,
  ...defined({ port: query.port, path: query.path }),
})

function serviceTarget(query: TargetQuery, service: Service): Target {
  const { name, namespace = '' } = service.metadata
  return {
    ...common(query),
    ref: refOf(service),
    namespace,
    name,
    hosts: [hostOfService(service)],
    services: [refOf(service)],
    pods: [],
  }
}

/** The Services that select a workload's or pod's labels. */
function servicesSelecting(evidence: Evidence, namespace: string, labels: Labels | undefined): Service[] {
  return evidence
    .objects('services')
    .filter((service) => service.metadata.namespace === namespace && selects(service.spec?.selector, labels))
}

function workloadTarget(
  query: TargetQuery,
  object: KubernetesObject,
  labels: Labels | undefined,
  evidence: Evidence,
): Target {
  const { name, namespace = '' } = object.metadata
  const services = servicesSelecting(evidence, namespace, labels)
  return {
    ...common(query),
    ref: refOf(object),
    namespace,
    name,
    hosts: services.map(hostOfService),
    services: services.map(refOf),
    pods: object.kind === 'Pod' ? [refOf(object)] : [],
  }
}

function hostTarget(query: TargetQuery, evidence: Evidence): Target {
  const full = query.name.endsWith('.svc') ? `${query.name}.${evidence.clusterDomain}` : query.name
  const local = fromFqdn(full)
  const services = evidence.objects('services')
  // A host of another domain may only look like a Service's.
  const isOne = services.some(({ metadata }) => metadata.name === local?.name && metadata.namespace === local.namespace)
  if (local !== undefined && (isOne || full.endsWith(`.svc.${evidence.clusterDomain}`)))
    return serviceTarget(query, choose({ ...query, ...local }, 'service', services))
  const virtualServices = evidence
    .objects('virtual-services')
    .filter((one) => inScope(one, query) && hostsOf(one).some((pattern) => hostMatches(pattern, query.name)))
  const exact = virtualServices.filter((one) => hostsOf(one).includes(query.name))
  const routed = exact.length > 0 ? exact : virtualServices
  const destinations = [...new Set(routed.flatMap((one) => destinationsOf(one).map(({ host }) => host)))]
  const behind = services.filter((service) => destinations.includes(hostOfService(service)))
  const [only] = behind
  const owner =
    routed[0] ??
    evidence
      .objects('service-entries')
      .find(
        (one) => inScope(one, query) && (one.spec?.hosts ?? []).some((pattern) => hostMatches(pattern, query.name)),
      ) ??
    evidence
      .objects('gateways')
      .find(
        (one) =>
          inScope(one, query) &&
          (one.spec?.servers ?? []).some(({ hosts = [] }) =>
            hosts.some((entry) => hostMatches(gatewayHost(entry).host, query.name)),
          ),
      )
  const route = evidence
    .objects('http-routes')
    .find(({ spec }) => (spec?.hostnames ?? []).some((pattern) => hostMatches(pattern, query.name)))
  if (owner === undefined && route !== undefined) {
    const backends = backendsOf(route).filter(
      ({ namespace = '', name }) => evidence.object('services', namespace, name) !== undefined,
    )
    return {
      ...common(query),
      ref: refOf(route),
      namespace: route.metadata.namespace ?? '',
      name: route.metadata.name,
      hosts: [
        query.name,
        ...backends.map(({ name, namespace = '' }) => serviceHost(name, namespace, evidence.clusterDomain)),
      ],
      services: backends,
      pods: [],
    }
  }
  if (owner === undefined && query.namespace !== undefined) {
    // A host is the mesh's, wherever the object that names it lives: the namespace says whose requests are meant.
    const { namespace: _, ...anywhere } = query
    return hostTarget(anywhere, evidence)
  }
  if (owner === undefined) {
    const known = [
      ...evidence.objects('virtual-services').flatMap(hostsOf),
      ...evidence.objects('service-entries').flatMap((one) => one.spec?.hosts ?? []),
      ...evidence
        .objects('gateways')
        .flatMap((one) =>
          (one.spec?.servers ?? []).flatMap(({ hosts = [] }) => hosts.map((entry) => gatewayHost(entry).host)),
        ),
    ].filter((host) => host !== '*')
    throw new UnknownTargetError(
      query,
      `host ${query.name} in any VirtualService, Gateway or ServiceEntry`,
      nearestNames(query.name, known),
    )
  }
  const object = only !== undefined && behind.length === 1 && destinations.length === 1 ? only : owner
  return {
    ...common(query),
    ref: refOf(object),
    namespace: object.metadata.namespace ?? '',
    name: object.metadata.name,
    hosts: [...new Set([query.name, ...destinations])],
    services: behind.map(refOf),
    pods: [],
  }
}

/**
 * Finds what a query means among what was seen. When the objects could not be seen, answers the query as typed, with no Services or
 * pods: every check is then skipped for want of evidence, and the report says why.
 *
 * @throws {UnknownTargetError} with the nearest names
 * @throws {AmbiguousTargetError} with the namespaces that have it
 */
export function resolveTarget(query: TargetQuery, evidence: Evidence): Target {
  checkNamespace(query, evidence)
  const kind = query.form === 'deploy' ? 'deployments' : query.form === 'pod' ? 'pods' : 'services'
  const isThere = evidence.objects(kind).some((object) => object.metadata.name === query.name && inScope(object, query))
  if (
    evidence.seen(kind).length === 0 ||
    evidence.seen('services').length === 0 ||
    (query.form === 'pod' && !isThere && evidence.blind('pods').length > 0)
  ) {
    const ref: Ref = {
      kind: query.form === 'deploy' ? 'Deployment' : query.form === 'pod' ? 'Pod' : 'Service',
      name: query.name,
      ...defined({ namespace: query.namespace }),
    }
    return {
      ...common(query),
      ref,
      namespace: query.namespace ?? '',
      name: query.name,
      hosts: [],
      services: [],
      pods: [],
    }
  }
  if (query.form === 'deploy') {
    const deployment: Workload = choose(query, 'deployment', evidence.objects('deployments'))
    return workloadTarget(query, deployment, deployment.spec?.template?.metadata?.labels, evidence)
  }
  if (query.form === 'pod') {
    const pod = choose(query, 'pod', evidence.objects('pods'))
    return workloadTarget(query, pod, pod.metadata.labels, evidence)
  }
  if (query.form === 'host') return hostTarget(query, evidence)
  return nameTarget(query, evidence)
}

/** A Service that does not exist, and to which routes or rules of the mesh still lead; undefined when none does, or several namespaces are meant. */
function absentTarget(query: TargetQuery, evidence: Evidence): Target | undefined {
  const named = [
    ...evidence.objects('virtual-services').flatMap((one) => destinationsOf(one).map(({ host }) => host)),
    ...evidence.objects('destination-rules').map(hostOfRule),
    ...evidence
      .objects('http-routes')
      .flatMap(backendsOf)
      .map(({ name, namespace = '' }) => serviceHost(name, namespace, evidence.clusterDomain)),
  ]
  const meant = [...new Set(named)].filter((host) => {
    const service = fromFqdn(host)
    return service?.name === query.name && (query.namespace === undefined || service.namespace === query.namespace)
  })
  const [host, ...others] = meant
  const service = fromFqdn(host ?? '')
  if (host === undefined || service === undefined || others.length > 0) return undefined
  return { ...common(query), ref: { kind: 'Service', ...service }, ...service, hosts: [host], services: [], pods: [] }
}

/** A bare name is a Service; `catalog.shop` may also be a host that only Istio knows. */
function nameTarget(query: TargetQuery, evidence: Evidence): Target {
  try {
    return serviceTarget(query, choose(query, 'service', evidence.objects('services')))
  } catch (error) {
    if (!(error instanceof UnknownTargetError)) throw error
    const absent = absentTarget(query, evidence)
    if (absent !== undefined) return absent
    if (!query.text.includes('.')) throw error
    try {
      const { namespace: _, ...anywhere } = query
      return hostTarget({ ...anywhere, form: 'host', name: query.text }, evidence)
    } catch {
      throw error
    }
  }
}

/** True for a VirtualService that plainly should lead to the target: its name and namespace, or a host that nobody registers and that is nearest to the target's. */
function isMeantFor({ hosts, name, namespace, services }: Target, one: VirtualService, evidence: Evidence): boolean {
  if (evidence.seen('services').length === 0 || services.length === 0) return false
  const registry = new Registry(evidence.objects('services'), evidence.objects('service-entries'))
  const isNear = (host: string): boolean =>
    one.metadata.namespace === namespace || fromFqdn(host)?.namespace === namespace || host.split('.')[1] === namespace
  const unknown = destinationsOf(one).filter(({ host }) => registry.of(host).length === 0 && isNear(host))
  if (unknown.length === 0) return false
  if (one.metadata.name === name && one.metadata.namespace === namespace) return true
  return unknown.some(({ host }) => hosts.includes(nearestHosts(host, registry.hosts)[0] ?? ''))
}

/** The target with its pods and the hosts requests reach it by, once pods and VirtualServices were seen. */
export function completeTarget(target: Target, evidence: Evidence): Target {
  const services = evidence
    .objects('services')
    .filter((service) => target.services.some((ref) => formatRef(ref) === formatRef(refOf(service))))
  const workload =
    target.ref.kind === 'Deployment' ? evidence.object('deployments', target.namespace, target.name) : undefined
  const pods =
    target.pods.length > 0
      ? target.pods
      : evidence
          .objects('pods')
          .filter((pod) =>
            workload === undefined
              ? services.some(
                  (service) =>
                    service.metadata.namespace === pod.metadata.namespace &&
                    selects(service.spec?.selector, pod.metadata.labels),
                )
              : pod.metadata.namespace === target.namespace &&
                selects(workload.spec?.selector?.matchLabels, pod.metadata.labels),
          )
          .map(refOf)
  const all = evidence.objects('virtual-services')
  const routed = all
    .filter(
      (one) => destinationsOf(one).some(({ host }) => target.hosts.includes(host)) || isMeantFor(target, one, evidence),
    )
    .flatMap((one) => boundAs(one, all))
    .flatMap(hostsOf)
  const byRoutes = httpRoutesFor(evidence, target).flatMap((route) => route.spec?.hostnames ?? [])
  return { ...target, pods, hosts: [...new Set([...target.hosts, ...routed, ...byRoutes])] }
}

/** Requests with another host that went to one of the target's Services count from this many on: one may be a stray. */
const USUAL = 3

/**
 * The target with the hosts by which logs show it was reached: what led to it until a moment ago is meant to. A host that by itself means another
 * Service is none of them.
 */
export function withHostsSeen(target: Target, evidence: Evidence): Target {
  const own = new Set(target.hosts.filter((host) => fromFqdn(host) !== undefined))
  const counts = new Map<string, number>()
  for (const { value } of evidence.seen('access-log'))
    for (const { upstreamCluster = '', authority = '' } of value.lines) {
      const cluster = parseClusterName(upstreamCluster)
      if (cluster?.direction !== 'outbound' || !own.has(cluster.host)) continue
      const host = authority.replace(/:\d+$/, '').toLowerCase()
      counts.set(host, (counts.get(host) ?? 0) + 1)
    }
  const seen = [...counts]
    .filter(([host, count]) => count >= USUAL && isDnsName(host) && !isAddress(host) && host.includes('.'))
    .map(([host]) => host)
  return {
    ...target,
    hosts: [
      ...new Set([...target.hosts, ...seen.filter((host) => !target.hosts.some((one) => one.startsWith(`${host}.`)))]),
    ],
  }
}
