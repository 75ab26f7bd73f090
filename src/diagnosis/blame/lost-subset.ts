import { hostOfRule } from '../../mesh/destination-rules.ts'
import type { ClusterName } from '../../mesh/envoy.ts'
import { fromFqdn } from '../../mesh/host.ts'
import type { DestinationRule, KubernetesObject } from '../../mesh/objects.ts'
import { changedAt, latestChange, refOf, selects } from '../../mesh/objects.ts'
import { formatRef } from '../../mesh/ref.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import type { Case, Lead } from './lead.ts'
import { newest, TOGETHER, value, values, wasChangedLast } from './lead.ts'

/** When a request was last answered by the subset (milliseconds since the epoch), as any proxy's log has it; undefined when none was. */
function lastAnswered(cluster: string, evidence: Evidence): number | undefined {
  const times = evidence
    .seen('access-log')
    .flatMap(({ value: { lines } }) =>
      lines.filter(
        ({ upstreamCluster, code, flags }) => upstreamCluster === cluster && code < 500 && flags.length === 0,
      ),
    )
    .map(({ at }) => Date.parse(at))
  return times.length === 0 ? undefined : Math.max(...times)
}

/** A label of the Service's pods whose value is the subset's name: `version=v2`. */
function labelOf({ host, subset }: ClusterName, evidence: Evidence): string | undefined {
  const { namespace = '', name = '' } = fromFqdn(host) ?? {}
  const service = evidence.object('services', namespace, name)
  const labels = evidence
    .objects('pods')
    .filter(({ metadata }) => metadata.namespace === namespace && selects(service?.spec?.selector, metadata.labels))
    .flatMap(({ metadata }) => Object.entries(metadata.labels ?? {}))
  const [key] = labels.find(([, text]) => text === subset) ?? []
  return key === undefined ? undefined : `${key}=${subset}`
}

/**
 * The DestinationRule that lost a subset to which routes send: the subset answered until the rule was changed, the rule was changed after the routes, or
 * all were made together and there are pods of that name.
 *
 * @param routers whose routes send to the subset
 * @param used the rules that callers use for the host, none of which defines it
 */
export function subsetLost(
  cluster: ClusterName,
  named: string,
  { routers, used }: { routers: readonly KubernetesObject[]; used: readonly DestinationRule[] },
  { evidence }: Case,
): Lead[] {
  const { host, subset } = cluster
  const answered = lastAnswered(named, evidence)
  const rule = newest(used.filter((one) => hostOfRule(one) === host))
  const routed = values(routers.map((one) => formatRef(refOf(one))))
  if (rule === undefined) return []
  const changed = changedAt(rule) ?? 0
  const routedAt = latestChange(routers)
  const isRouteNewer = routedAt > changed + TOGETHER
  if (isRouteNewer) return []
  const isRuleNewer = wasChangedLast(rule, routers)
  const label = labelOf(cluster, evidence)
  const says =
    answered !== undefined
      ? `, which answered until ${new Date(answered).toISOString()}`
      : isRuleNewer
        ? ` since it was changed at ${new Date(changed).toISOString()}, after ${routed}`
        : label === undefined
          ? undefined
          : `, though there are pods with ${value(label)}`
  return says === undefined
    ? []
    : [
        {
          code: 'MESH0132',
          isDeeper: true,
          subject: refOf(rule),
          why: `it does not define subset ${value(subset)} of ${value(host)}${says}; ${routed} sends requests there`,
          remedy: `Define subset ${value(subset)} in it again, or route without it`,
        },
      ]
}
