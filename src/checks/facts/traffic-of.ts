import type { Evidence } from '../../evidence/evidence.ts'
import type { Seen } from '../../evidence/reading.ts'
import type { AccessLogLine } from '../../mesh/access-log.ts'
import { since } from '../../mesh/access-log.ts'
import { hostOfRule, ROOT_NAMESPACE } from '../../mesh/destination-rules.ts'
import { parseClusterName } from '../../mesh/envoy.ts'
import { hostMatches } from '../../mesh/host.ts'
import type { KubernetesObject, Labels, Pod, PolicyObject } from '../../mesh/objects.ts'
import { latestChange, selects } from '../../mesh/objects.ts'
import type { Target } from '../../mesh/target.ts'
import { podsOf } from './owners.ts'
import { gatewaysFor, virtualServicesFor } from './proxies-of.ts'
import type { Proof } from '../check.ts'
import { proof } from '../check.ts'

/** True for a request to one of the hosts: by the cluster it was sent to or, when it got none, by the authority it asked for. */
export function isForHosts(entry: AccessLogLine, hosts: readonly string[]): boolean {
  const cluster = parseClusterName(entry.upstreamCluster ?? '')
  if (cluster?.direction === 'outbound') return hosts.includes(cluster.host)
  const authority = (entry.authority ?? '').replace(/:\d+$/, '')
  return (
    authority !== '' && hosts.some((pattern) => hostMatches(pattern, authority) || pattern.startsWith(`${authority}.`))
  )
}

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

/**
 * When the objects that route to the target last changed (milliseconds since the epoch): earlier traffic proves nothing about them.
 * Undefined when some of them could not be seen: then nobody knows which traffic counts.
 */
function lastRoutingChange(evidence: Evidence, target: Target): number | undefined {
  if (ROUTING_KINDS.some((kind) => evidence.blind(kind).length > 0)) return undefined
  return latestChange([
    ...virtualServicesFor(evidence, target),
    ...evidence.objects('destination-rules').filter((one) => target.hosts.includes(hostOfRule(one))),
    ...evidence
      .objects('services')
      .filter((one) =>
        target.services.some(
          ({ namespace, name }) => one.metadata.namespace === namespace && one.metadata.name === name,
        ),
      ),
    ...gatewaysFor(evidence, target),
    ...evidence.objects('envoy-filters'),
    ...policiesFor(podsOf(target, evidence), evidence),
  ])
}

/** The security policies that act on any of the pods: of their namespace or the mesh's root, for all pods there or by a selector of labels. */
function policiesFor(pods: readonly Pod[], evidence: Evidence): KubernetesObject[] {
  const all: PolicyObject[] = [
    ...evidence.objects('peer-authentications'),
    ...evidence.objects('authorization-policies'),
    ...evidence.objects('request-authentications'),
  ]
  return all.filter(({ metadata: { namespace }, spec }) => {
    const labels = (spec?.selector as { matchLabels?: Labels } | undefined)?.matchLabels
    return pods.some(
      (pod) =>
        (namespace === pod.metadata.namespace || namespace === ROOT_NAMESPACE) &&
        (labels === undefined || selects(labels, pod.metadata.labels)),
    )
  })
}

/** When a security policy that acts on the target's pods last changed (milliseconds since the epoch; 0 when none does). */
export const lastPolicyChange = (evidence: Evidence, target: Target): number =>
  latestChange(policiesFor(podsOf(target, evidence), evidence))

/** Milliseconds of traffic that speak of the present: what failed longer ago may long be over. */
export const PRESENT = 15 * 60_000

/**
 * From when on traffic to the target counts (milliseconds since the epoch): the last change of what routes to it or of its pods' readiness,
 * and at most PRESENT back. Undefined when some of these objects could not be seen.
 */
export function trafficCountsFrom(evidence: Evidence, target: Target): number | undefined {
  const changed = lastRoutingChange(evidence, target)
  if (changed === undefined) return undefined
  const now = Math.max(0, ...evidence.seen('access-log').map(({ at }) => Date.parse(at)))
  return Math.max(changed, lastReadinessChange(evidence, target), now - PRESENT)
}

/** When a pod of the target last became, or ceased to be, ready (milliseconds since the epoch; 0 when unknown): earlier traffic met other pods. */
export function lastReadinessChange(evidence: Evidence, target: Target): number {
  return Math.max(
    0,
    ...podsOf(target, evidence).map(
      ({ status }) =>
        Date.parse(status?.conditions?.find(({ type }) => type === 'Ready')?.lastTransitionTime ?? '') || 0,
    ),
  )
}

/** Access log lines since a moment that are about some hosts and satisfy a condition, as a proof per log that has any. */
export function observed(
  evidence: Evidence,
  hosts: readonly string[],
  moment: number,
  what: string,
  wanted: (entry: AccessLogLine) => boolean,
): Proof[] {
  return evidence.seen('access-log').flatMap((log: Seen<'access-log'>) => {
    const hits = since(log.value.lines, moment).filter((entry) => isForHosts(entry, hosts) && wanted(entry))
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
  ]
    .filter((part) => part !== undefined)
    .join(' ')
}
