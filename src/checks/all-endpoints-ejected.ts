import type { Evidence } from '../evidence/evidence.ts'
import type { Seen } from '../evidence/reading.ts'
import type { ClusterStatus } from '../mesh/envoy.ts'
import { originOf, parseClusterName } from '../mesh/envoy.ts'
import type { Ref } from '../mesh/ref.ts'
import { formatRef } from '../mesh/ref.ts'
import type { Target } from '../mesh/target.ts'
import type { Found } from './check.ts'
import { defineCheck, proof, standingOf } from './check.ts'
import { observed, ROUTING_KINDS, trafficCountsFrom } from './facts/traffic-of.ts'

/** Outlier detection took every endpoint of a cluster out of service: they are healthy to istiod, and the caller answers 503 UH. */
export const allEndpointsEjected = defineCheck({
  name: 'all-endpoints-ejected',
  about: 'no caller has ejected every endpoint of the target',
  needs: ['endpoints', 'clusters'],
  confirms: ['access-log', 'pods', ...ROUTING_KINDS],
  problems: {
    MESH0308: {
      severity: 'error',
      title: 'every endpoint ejected',
      explains: ['MESH0401', 'MESH0404'],
      says: 'Outlier detection of {subject} has ejected all {endpoints} endpoints of {host} at {proxies}, for {time} or longer: no request gets through',
      remedy: 'Lower maxEjectionPercent in {subject} so that some endpoints stay, and see why they answered errors.',
    },
  },
  run(evidence, target) {
    const ejected = evidence
      .seen('endpoints')
      .flatMap((reading) =>
        reading.value
          .filter((status) => isAllEjected(status, target))
          .map((status) => ejection(reading, status, evidence, target)),
      )
    const byRule = Map.groupBy(ejected, ({ rule, host }) => `${formatRef(rule)} ${host}`)
    return [...byRule.values()].flatMap(([first, ...others]) =>
      first === undefined ? [] : [found([first, ...others], evidence, target)],
    )
  },
})

/** True when istiod holds an endpoint of the cluster healthy, and the proxy itself has put all such out. */
function isAllEjected({ name = '', hostStatuses = [] }: ClusterStatus, target: Target): boolean {
  const cluster = parseClusterName(name)
  if (cluster?.direction !== 'outbound' || !target.hosts.includes(cluster.host)) return false
  const healthy = hostStatuses.filter(({ healthStatus }) => (healthStatus?.edsHealthStatus ?? 'HEALTHY') === 'HEALTHY')
  return healthy.length > 0 && healthy.every(({ healthStatus }) => healthStatus?.failedOutlierCheck === true)
}

interface Ejection {
  reading: Seen<'endpoints'>
  host: string
  addresses: string[]
  /** The DestinationRule that asks for outlier detection; the target when the proxy does not say. */
  rule: Ref
  detection: Record<string, unknown>
}

function ejection(
  reading: Seen<'endpoints'>,
  { name = '', hostStatuses = [] }: ClusterStatus,
  evidence: Evidence,
  target: Target,
): Ejection {
  const cluster =
    reading.of === undefined
      ? undefined
      : evidence.seenOf('clusters', reading.of)?.value.find((one) => one.name === name)
  return {
    reading,
    host: parseClusterName(name)?.host ?? name,
    rule: originOf(cluster?.metadata) ?? target.ref,
    detection: { ...cluster?.outlierDetection },
    addresses: hostStatuses.map(
      ({ address }) => `${address?.socketAddress?.address ?? '?'}:${address?.socketAddress?.portValue ?? '?'}`,
    ),
  }
}

function found(ejections: [Ejection, ...Ejection[]], evidence: Evidence, target: Target): Found {
  const [{ host, rule, addresses, detection }] = ejections
  const name = ({ reading }: Ejection): string => reading.of?.name ?? 'a proxy'
  const live = ejections.map((one) =>
    proof(
      one.reading,
      `${name(one)} has ejected all of ${one.addresses.length} endpoints of ${host}, which istiod considers healthy`,
      `${one.addresses.map((address) => `${address} failedOutlierCheck`).join('\n')}\n${JSON.stringify(one.detection)}`,
    ),
  )
  const moment = trafficCountsFrom(evidence, target)
  const seen =
    moment === undefined
      ? []
      : observed(evidence, [host], moment, 'found no healthy upstream (UH)', ({ flags }) => flags.includes('UH'))
  const [first, ...others] = [...live, ...seen]
  const time = detection.baseEjectionTime
  return {
    code: 'MESH0308',
    standing: standingOf({ live, observed: seen }),
    subject: rule,
    args: {
      endpoints: addresses.length,
      host,
      proxies: [...new Set(ejections.map(name))],
      time: typeof time === 'string' ? time : 'some time',
    },
    because: [first ?? proof(ejections[0].reading, ''), ...others],
    scope: [host, ...target.hosts],
  }
}
