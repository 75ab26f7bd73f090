import { hostOfRule } from '../mesh/destination-rules.ts'
import { allGateways, allRoutes } from '../checks/facts/routes.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { fromFqdn, gatewayHost, hostMatches, hostOfService, withDomain } from '../mesh/host.ts'
import { nearestNames } from '../mesh/names.ts'
import type { KubernetesObject, Labels, Service, ServiceEntry, Workload } from '../mesh/objects.ts'
import { refOf, selects } from '../mesh/objects.ts'
import type { Ref } from '../mesh/ref.ts'
import { destinationsOf, hostsOf } from '../mesh/routing.ts'
import type { TargetQuery } from '../mesh/target-query.ts'
import type { Target } from '../mesh/target.ts'
import { defined } from '../mesh/defined.ts'
import { absentTarget } from './absent-target.ts'
import { AmbiguousTargetError, UnknownTargetError } from './target-errors.ts'

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

const common = (query: TargetQuery): Pick<Target, 'asked' | 'port' | 'path' | 'window'> => ({
  asked: query.text,
  ...defined({ port: query.port, path: query.path, window: query.window }),
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

/** The hosts of the cluster that an entry's endpoints are, as FQDNs. */
function addressesOf({ spec }: ServiceEntry, clusterDomain: string): string[] {
  return (spec?.endpoints ?? []).map(({ address = '' }) => withDomain(address, clusterDomain))
}

/** The largest number, at least 0; as arguments of one call, hundreds of thousands of them are too many. */
const mostOf = (numbers: readonly number[]): number => numbers.reduce((most, one) => Math.max(most, one), 0)

/** The objects whose pattern is the closest to a host: the host itself, else the longest with a star, as Envoy chooses. `closeness` is 0 when none matches. */
function closestTo<T>(
  host: string,
  objects: readonly T[],
  patternsOf: (object: T) => readonly string[],
): { found: T[]; closeness: number } {
  const closenessOf = (object: T): number =>
    mostOf(
      patternsOf(object).map((pattern) =>
        pattern === host ? Number.POSITIVE_INFINITY : hostMatches(pattern, host) ? pattern.length : 0,
      ),
    )
  const ranked = objects.map((object) => ({ object, closeness: closenessOf(object) }))
  const closeness = mostOf(ranked.map((one) => one.closeness))
  return {
    found: closeness === 0 ? [] : ranked.filter((one) => one.closeness === closeness).map(({ object }) => object),
    closeness,
  }
}

/** All hosts and patterns that routes, entries and Gateways name. */
const hostsNamed = (evidence: Evidence): string[] => [
  ...allRoutes(evidence).flatMap(hostsOf),
  ...evidence.objects('service-entries').flatMap((one) => one.spec?.hosts ?? []),
  ...allGateways(evidence).flatMap((one) =>
    (one.spec?.servers ?? []).flatMap(({ hosts = [] }) => hosts.map((entry) => gatewayHost(entry).host)),
  ),
]

function hostTarget(query: TargetQuery, evidence: Evidence): Target {
  const full = withDomain(query.name, evidence.clusterDomain)
  const local = fromFqdn(full)
  const services = evidence.objects('services')
  // A host of another domain may only look like a Service's.
  const isOne = services.some(({ metadata }) => metadata.name === local?.name && metadata.namespace === local.namespace)
  if (local !== undefined && (isOne || full.endsWith(`.svc.${evidence.clusterDomain}`)))
    return serviceTarget(query, choose({ ...query, ...local }, 'service', services))
  const { found: closest, closeness } = closestTo(
    query.name,
    allRoutes(evidence).filter((one) => inScope(one, query)),
    hostsOf,
  )
  const entries = closestTo(
    query.name,
    evidence.objects('service-entries').filter((one) => inScope(one, query)),
    ({ spec }) => spec?.hosts ?? [],
  )
  const [entry] = entries.found
  // A route for many hosts, of whatever gateway, is not what an entry's own host is known by.
  const routed = entries.closeness > closeness ? [] : closest
  const destinations = [...new Set(routed.flatMap((one) => destinationsOf(one).map(({ host }) => host)))]
  const leadsTo = new Set([...destinations, ...(entry === undefined ? [] : addressesOf(entry, evidence.clusterDomain))])
  const behind = services.filter((service) => leadsTo.has(hostOfService(service)))
  const [only] = behind
  const owner =
    routed[0] ??
    entry ??
    allGateways(evidence).find(
      (one) =>
        inScope(one, query) &&
        (one.spec?.servers ?? []).some(({ hosts = [] }) =>
          hosts.some((each) => hostMatches(gatewayHost(each).host, query.name)),
        ),
    ) ??
    // What a rule says of a host that nobody registers any more still tells that it is called.
    (query.namespace === undefined
      ? evidence.objects('destination-rules').find((one) => hostOfRule(one) === query.name)
      : undefined)
  if (owner === undefined && query.namespace !== undefined) {
    // A host is the mesh's, wherever the object that names it lives: the namespace says whose requests are meant.
    const { namespace: _, ...anywhere } = query
    return hostTarget(anywhere, evidence)
  }
  if (owner === undefined) {
    const known = hostsNamed(evidence).filter((host) => host !== '*')
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
  try {
    checkNamespace(query, evidence)
  } catch (error) {
    return hostOfTwoWords(query, evidence, error)
  }
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

/**
 * `bank.example` names a Service in namespace `example`, or where there is none, a host that some object names; not one that only a pattern takes: it may be
 * mistyped.
 * @throws the error where none does
 */
function hostOfTwoWords(query: TargetQuery, evidence: Evidence, error: unknown): Target {
  const { namespace, ...anywhere } = query
  const name = `${query.name}.${namespace ?? ''}`
  const isWhole = query.form === 'name' && query.text.split(':')[0] === name
  if (!isWhole || !hostsNamed(evidence).includes(name)) throw error
  return hostTarget({ ...anywhere, form: 'host', name }, evidence)
}

/** A bare name is a Service; `catalog.shop` may also be a host that only Istio knows. */
function nameTarget(query: TargetQuery, evidence: Evidence): Target {
  try {
    return serviceTarget(query, choose(query, 'service', evidence.objects('services')))
  } catch (error) {
    if (!(error instanceof UnknownTargetError)) throw error
    const absent = absentTarget(query, evidence)
    if (absent !== undefined) return { ...common(query), ...absent }
    if (!query.text.includes('.')) throw error
    try {
      const { namespace: _, ...anywhere } = query
      return hostTarget({ ...anywhere, form: 'host', name: query.text }, evidence)
    } catch {
      throw error
    }
  }
}
