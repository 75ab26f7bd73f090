import type { Evidence } from '../evidence/evidence.ts'
import type { Cluster } from '../mesh/envoy.ts'
import { originOf, parseClusterName } from '../mesh/envoy.ts'
import { formatRef } from '../mesh/ref.ts'
import type { Target } from '../mesh/target.ts'
import type { Found } from './check.ts'
import { defineCheck, proof } from './check.ts'
import type { Group, Request } from './facts/requests-to.ts'
import { groupBy, latest, requestsTo, scopeOf } from './facts/requests-to.ts'
import { quoteLine, ROUTING_KINDS, trafficCountsFrom } from './facts/traffic-of.ts'

/** A DestinationRule allows fewer connections or requests at once than callers have: Envoy turns the others away, 503 UO. */
export const circuitBreakerOverflow = defineCheck({
  name: 'circuit-breaker-overflow',
  about: 'no circuit breaker of a DestinationRule rejected requests',
  needs: ['access-log', 'clusters', 'pods', ...ROUTING_KINDS],
  problems: {
    MESH0409: {
      severity: 'error',
      title: 'circuit breaker rejects requests',
      explains: ['MESH0401', 'MESH0404'],
      says: '{subject} allows callers of {host} only {limits}: {failed} of {requests} requests were rejected (UO)',
      remedy:
        'Raise the limits in the connectionPool of {subject} to what callers need at once, or make {host} answer faster.',
    },
  },
  run(evidence, target) {
    const moment = trafficCountsFrom(evidence, target)
    if (moment === undefined) return []
    const requests = requestsTo(target, moment, evidence)
    const refused = requests.filter(({ entry }) => entry.flags.includes('UO'))
    return groupBy(
      refused,
      ({ log, entry }) => `${log.of?.namespace ?? ''}/${log.of?.name ?? ''} ${entry.upstreamCluster ?? ''}`,
    ).flatMap((group) => judge(group, requests, evidence, target))
  },
})

/** What Istio writes for a limit that nobody set. */
const NO_LIMIT = 4294967295
const LIMITS = ['maxConnections', 'maxPendingRequests', 'maxRequests', 'maxRetries'] as const

/** The limits that a cluster really has, `maxConnections 1`. Those of the priority nobody uses are left out. */
function limitsOf({ circuitBreakers }: Cluster): string[] {
  const { thresholds = [] } = circuitBreakers ?? {}
  return thresholds
    .filter(({ priority }) => priority === undefined || priority === 'DEFAULT')
    .flatMap((one) =>
      LIMITS.flatMap((name) => {
        const limit = one[name]
        return limit === undefined || limit === NO_LIMIT ? [] : [`${name} ${limit}`]
      }),
    )
}

function judge(group: Group, requests: readonly Request[], evidence: Evidence, target: Target): Found[] {
  const { entry, log } = latest(group)
  const reading = log.of === undefined ? undefined : evidence.seenOf('clusters', log.of)
  const cluster = reading?.value.find(({ name }) => name === entry.upstreamCluster)
  const rule = originOf(cluster?.metadata)
  const limits = cluster === undefined ? [] : limitsOf(cluster)
  // Without a rule the limits are Envoy's own, which Istio lifts; then something else turned them away.
  if (reading === undefined || rule?.kind !== 'DestinationRule' || limits.length === 0) return []
  const host = parseClusterName(entry.upstreamCluster ?? '')?.host ?? target.name
  return [
    {
      code: 'MESH0409',
      standing: 'observed',
      subject: rule,
      args: { host, limits, failed: group.length, requests: requests.length },
      because: [
        proof(
          log,
          `${group.length} of ${requests.length} requests were rejected (UO) since the last change, at ${log.of?.name ?? 'a proxy'}`,
          quoteLine(entry),
        ),
        proof(
          reading,
          `${reading.of?.name ?? 'a proxy'} has these limits in ${entry.upstreamCluster ?? ''}, from ${formatRef(rule)}`,
          JSON.stringify(cluster?.circuitBreakers),
        ),
      ],
      scope: scopeOf(group, target),
    },
  ]
}
