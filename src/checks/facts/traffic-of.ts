import { rootNamespaceOf } from './root-namespace-of.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import type { Seen } from '../../evidence/reading.ts'
import type { AccessLogLine } from '../../mesh/access-log.ts'
import { since } from '../../mesh/access-log.ts'
import { hostOfRule } from '../../mesh/destination-rules.ts'
import { parseClusterName } from '../../mesh/envoy.ts'
import { fromFqdn, takenByAny } from '../../mesh/host.ts'
import type { EnvoyFilter, KubernetesObject, Labels, Pod, PolicyObject } from '../../mesh/objects.ts'
import { ipOf } from '../../mesh/address.ts'
import { hasApplication } from '../../mesh/pods.ts'
import { latestChange, selects } from '../../mesh/objects.ts'
import type { Target } from '../../mesh/target.ts'
import { everyHostLines } from './every-host-lines.ts'
import { fact } from './fact.ts'
import { podsOf } from './owners.ts'
import { gatewayPods, gatewaysFor } from './proxies-of.ts'
import { routesFor } from './routes.ts'
import { destinationsOf, gatewaysOf, hostsOf } from '../../mesh/routing.ts'
import type { Proof } from '../check.ts'
import { proof } from '../check.ts'

/** What tells to which host a request is. */
type Addressed = Pick<AccessLogLine, 'upstreamCluster' | 'authority' | 'serverName'>

/** Tells requests to one of the hosts: by the cluster they were sent to or, when they got none, by the authority they asked for. */
export function forHosts(hosts: readonly string[]): (entry: Addressed) => boolean {
  const isFor = addressedTo(hosts)
  // Of thousands of lines, few differ in these.
  const known = new Map<string, boolean>()
  return (entry) => {
    const key = `${entry.upstreamCluster ?? ''} ${entry.authority ?? entry.serverName ?? ''}`
    let answer = known.get(key)
    if (answer === undefined) known.set(key, (answer = isFor(entry)))
    return answer
  }
}

/** True for a request to one of the hosts. */
export const isForHosts = (entry: Addressed, hosts: readonly string[]): boolean => addressedTo(hosts)(entry)

/** A line is looked up, not compared with each host: there may be thousands of both. */
function addressedTo(hosts: readonly string[]): (entry: Addressed) => boolean {
  const all = new Set(hosts)
  const isTaken = takenByAny(hosts)
  // `catalog.shop`, and `catalog`, of `catalog.shop.svc.cluster.local`.
  const shortened = new Set(hosts.flatMap(beginningsOf))
  const services = hosts.filter((host) => fromFqdn(host) !== undefined)
  const ofServices = new Set([...services, ...services.flatMap(beginningsOf)])
  return ({ upstreamCluster, authority: asked, serverName }) => {
    const cluster = parseClusterName(upstreamCluster ?? '')
    if (cluster?.direction === 'outbound') return all.has(cluster.host)
    // TLS that passes through shows no more than the server name.
    const authority = (asked ?? serverName ?? '').replace(/:\d+$/, '')
    if (authority === '') return false
    // A pod behind a headless Service has a name of its own: `orders-0.orders.shop`.
    const [, service] = /^[^.]+\.([^.]+\..+)$/.exec(authority) ?? []
    return isTaken(authority) || shortened.has(authority) || (service !== undefined && ofServices.has(service))
  }
}

/** What stands before each dot of a host. */
const beginningsOf = (host: string): string[] => Array.from(host.matchAll(/\./g), ({ index }) => host.slice(0, index))

/** The objects whose last change divides traffic that counts from traffic that proves nothing. */
export const ROUTING_KINDS = [
  'virtual-services',
  'destination-rules',
  'services',
  'gateways',
  'envoy-filters',
  'peer-authentications',
  'authorization-policies',
  'request-authentications',
] as const

/** The objects that route to the target, or act on requests to it. */
export const routingObjects = fact((evidence, target): readonly KubernetesObject[] => [
  ...routesFor(evidence, target),
  ...evidence.objects('destination-rules').filter((one) => target.hosts.includes(hostOfRule(one))),
  ...evidence
    .objects('services')
    .filter((one) =>
      target.services.some(({ namespace, name }) => one.metadata.namespace === namespace && one.metadata.name === name),
    ),
  ...gatewaysFor(evidence, target),
  ...envoyFiltersFor(target, evidence),
  ...policiesFor([...podsOf(target, evidence), ...gatewayPods(evidence, target)], evidence),
])

/**
 * When the objects that route to the target last changed (milliseconds since the epoch): earlier traffic proves nothing about them.
 * Undefined when some of them could not be seen: then nobody knows which traffic counts.
 */
export const lastRoutingChange = fact((evidence, target): number | undefined => {
  if (ROUTING_KINDS.some((kind) => evidence.blind(kind).length > 0)) return undefined
  return latestChange(routingObjects(evidence, target))
})

/** The EnvoyFilters that can act on the target's pods or its gateways: those of their namespaces and of the mesh's root. */
export function envoyFiltersFor(target: Target, evidence: Evidence): EnvoyFilter[] {
  const namespaces = new Set([
    rootNamespaceOf(evidence),
    target.namespace,
    ...gatewayPods(evidence, target).map((pod) => pod.metadata.namespace),
  ])
  return evidence.objects('envoy-filters').filter(({ metadata }) => namespaces.has(metadata.namespace ?? ''))
}

/** The security policies that act on any of the pods: of their namespace or the mesh's root, for all pods there or by a selector of labels. */
function policiesFor(pods: readonly Pod[], evidence: Evidence): KubernetesObject[] {
  const all: PolicyObject[] = [
    ...evidence.objects('peer-authentications'),
    ...evidence.objects('authorization-policies'),
    ...evidence.objects('request-authentications'),
  ]
  const root = rootNamespaceOf(evidence)
  return all.filter(({ metadata: { namespace }, spec }) => {
    const labels = (spec?.selector as { matchLabels?: Labels } | undefined)?.matchLabels
    return pods.some(
      (pod) =>
        (namespace === pod.metadata.namespace || namespace === root) &&
        (labels === undefined || selects(labels, pod.metadata.labels)),
    )
  })
}

/** When a security policy that acts on the target's pods last changed (milliseconds since the epoch; 0 when none does). */
export const lastPolicyChange = fact((evidence, target): number =>
  latestChange(policiesFor(podsOf(target, evidence), evidence)),
)

/** Milliseconds of traffic that speak of the present: what failed longer ago may long be over. */
const PRESENT = 15 * 60_000
/** Milliseconds of traffic to a target that count: those that were asked for. */
export const presentOf = ({ window = PRESENT }: Target): number => window

/**
 * From when on traffic to the target counts (milliseconds since the epoch): the last change of what routes to it or of its pods' readiness,
 * and at most `presentOf` back. Undefined when some of these objects could not be seen.
 */
export const trafficCountsFrom = fact((evidence, target): number | undefined => {
  const changed = lastRoutingChange(evidence, target)
  if (changed === undefined) return undefined
  const now = Math.max(0, ...evidence.seen('access-log').map(({ at }) => Date.parse(at)))
  return Math.max(changed, lastReadinessChange(evidence, target), now - presentOf(target))
})

/** Lines of one log about the target. */
export interface LogOfTarget {
  log: Seen<'access-log'>
  lines: readonly AccessLogLine[]
}

/** Tells requests for the target's own host that a route inside the mesh hands to another Service: for whoever calls the target they are requests to it. */
function handedOver(target: Target, evidence: Evidence): (entry: AccessLogLine) => boolean {
  const hosts = target.hosts.filter((host) => fromFqdn(host) !== undefined)
  const destinations = new Set(
    routesFor(evidence, target)
      .filter((one) => gatewaysOf(one).includes('mesh') && hostsOf(one).some((host) => hosts.includes(host)))
      .flatMap((one) => destinationsOf(one).map(({ host }) => host))
      .filter((host) => !target.hosts.includes(host)),
  )
  if (destinations.size === 0) return () => false
  const isAskedFor = forHosts(hosts)
  return ({ upstreamCluster = '', ...entry }) =>
    destinations.has(parseClusterName(upstreamCluster)?.host ?? '') &&
    upstreamCluster.startsWith('outbound|') &&
    isAskedFor(entry)
}

const linesByMoment = fact((evidence, target) => {
  const isTo = forHosts(target.hosts)
  const isHandedOver = handedOver(target, evidence)
  const isForTarget = (entry: AccessLogLine): boolean => isTo(entry) || isHandedOver(entry)
  const own = new Set(target.pods.map(({ namespace = '', name }) => `${namespace}/${name}`))
  // Another workload's own incoming requests are none of the target's, whatever host they ask for.
  const isOthers = ({ of }: Seen<'access-log'>): ((entry: AccessLogLine) => boolean) => {
    if (of === undefined || own.has(`${of.namespace ?? ''}/${of.name}`)) return () => false
    const pod = evidence.object('pods', of.namespace ?? '', of.name)
    const address = pod !== undefined && hasApplication(pod) ? pod.status?.podIP : undefined
    return ({ upstreamCluster, downstreamLocal }) =>
      upstreamCluster === undefined
        ? address !== undefined && address === ipOf(downstreamLocal)
        : upstreamCluster.startsWith('inbound|')
  }
  const known = new Map<number, readonly LogOfTarget[]>()
  return (moment: number): readonly LogOfTarget[] => {
    let logs = known.get(moment)
    if (logs === undefined) {
      logs = evidence.seen('access-log').map((log) => {
        const isOther = isOthers(log)
        const isEvery = everyHostLines(log.of, target, evidence)
        return {
          log,
          lines: since(log.value.lines, moment).filter(
            (entry) => (isForTarget(entry) || isEvery(entry)) && !isOther(entry),
          ),
        }
      })
      known.set(moment, logs)
    }
    return logs
  }
})
/** What each log says of requests to the target that began after a moment. */
export const linesTo = (evidence: Evidence, target: Target, moment: number): readonly LogOfTarget[] =>
  linesByMoment(evidence, target)(moment)

/** When a pod of the target last became, or ceased to be, ready (milliseconds since the epoch; 0 when unknown): earlier traffic met other pods. */
export const lastReadinessChange = fact((evidence, target): number =>
  podsOf(target, evidence).reduce(
    (last, { status }) =>
      Math.max(
        last,
        Date.parse(status?.conditions?.find(({ type }) => type === 'Ready')?.lastTransitionTime ?? '') || 0,
      ),
    0,
  ),
)

/** Access log lines since a moment that are about some hosts and satisfy a condition, as a proof per log that has any. */
export function observed(
  evidence: Evidence,
  hosts: readonly string[],
  moment: number,
  what: string,
  wanted: (entry: AccessLogLine) => boolean,
): Proof[] {
  const isForThem = forHosts(hosts)
  return evidence.seen('access-log').flatMap((log: Seen<'access-log'>) => {
    const hits = since(log.value.lines, moment).filter((entry) => wanted(entry) && isForThem(entry))
    const last = hits.at(-1)
    return last === undefined
      ? []
      : [
          proof(
            log,
            `${hits.length} requests ${what} since the last change, at ${log.of?.name ?? 'a proxy'}`,
            quoteLine(last),
          ),
        ]
  })
}

/** One access log line in the order a person reads it. */
export function quoteLine({
  at,
  method,
  path,
  code,
  flags,
  details,
  failure,
  authority,
  upstreamHost,
  duration,
  probe,
}: AccessLogLine): string {
  return [
    at,
    method,
    path,
    String(code),
    flags.join(',') || '-',
    details,
    failure,
    authority,
    upstreamHost,
    duration === undefined ? undefined : `${duration} ms`,
    probe === undefined ? undefined : '(a probe by mesh-medic)',
  ]
    .filter((part) => part !== undefined)
    .join(' ')
}
