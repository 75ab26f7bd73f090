import { requestsTo } from '../checks/facts/requests-to.ts'
import { trafficCountsFrom } from '../checks/facts/traffic-of.ts'
import { hurts } from '../diagnosis/cause.ts'
import type { Report } from '../diagnosis/report.ts'
import { whatItShowed } from '../report/what-it-showed.ts'
import { Evidence } from '../evidence/evidence.ts'
import type { Seen } from '../evidence/reading.ts'
import { failed } from '../mesh/access-log.ts'
import { parseClusterName, type ClusterStatus } from '../mesh/envoy.ts'
import type { Target } from '../mesh/target.ts'
import type { Baseline } from './record.ts'
import { defined } from '../mesh/defined.ts'

/** Requests to a target in a span of time; flags as `503 NC`, a plain code where there is no flag. */
export type CountedTraffic = NonNullable<Baseline['traffic']>

/** Clusters and endpoints that are named before the rest is counted. */
const MOST_NAMED = 8
const FIFTEEN_MINUTES = 15 * 60_000

/** Requests to the target that began after a moment (milliseconds since the epoch); undefined when there were none. */
export function trafficSince(evidence: Evidence, target: Target, moment: number): CountedTraffic | undefined {
  const entries = requestsTo(target, moment, evidence)
    .map(({ entry }) => entry)
    .toSorted((a, b) => a.at.localeCompare(b.at))
  const [first] = entries
  const last = entries.at(-1)
  if (first === undefined || last === undefined) return undefined
  const flags: Record<string, number> = {}
  for (const { code, flags: said } of entries) {
    const name = [String(code), ...said].join(' ')
    flags[name] = (flags[name] ?? 0) + 1
  }
  return {
    requests: entries.length,
    failed: entries.filter(failed).length,
    flags,
    from: new Date(first.at).toISOString(),
    to: new Date(last.at).toISOString(),
  }
}

/** Requests to the target that were answered well since the last that failed, of those that began after a moment (milliseconds since the epoch). */
export function goodSinceFailure(evidence: Evidence, target: Target, moment: number): number {
  const entries = requestsTo(target, moment, evidence)
    .map(({ entry }) => entry)
    .toSorted((a, b) => a.at.localeCompare(b.at))
  return entries.length - 1 - entries.findLastIndex(failed)
}

/**
 * What a diagnosis showed, to compare a change with: before it, and after.
 * @param moment requests count from here (milliseconds since the epoch); absent: since the objects concerned last changed, 15 minutes at most
 */
export function baselineOf(report: Report, moment?: number): Baseline {
  const evidence = new Evidence(report.readings)
  const { target } = report
  const from = moment ?? trafficCountsFrom(evidence, target) ?? Date.parse(report.startedAt) - FIFTEEN_MINUTES
  const traffic = trafficSince(evidence, target, from)
  return {
    verdict: report.verdict,
    findings: report.findings.filter(hurts).map(({ code, subject, standing }) => ({ code, subject, standing })),
    ...defined({ traffic }),
    shown: [
      ...evidence.seen('analyzer-messages').map((reading) => ({ command: reading.source, says: messages(reading) })),
      ...evidence.seen('pod-description').map((reading) => ({ command: reading.source, says: whatItShowed(reading) })),
      ...evidence.seen('clusters').map(({ source, value }) => ({
        command: source,
        says: named(
          value.map(({ name = '' }) => name).filter((name) => isOf(name, target)),
          'clusters',
        ),
      })),
      ...evidence.seen('endpoints').map(({ source, value }) => ({
        command: source,
        says: named(value.filter(({ name = '' }) => isOf(name, target)).flatMap(endpointsOf), 'endpoints'),
      })),
    ],
  }
}

const isOf = (cluster: string, { hosts }: Target): boolean => {
  const parsed = parseClusterName(cluster)
  return parsed?.direction === 'outbound' && hosts.includes(parsed.host)
}

function endpointsOf({ name = '', hostStatuses = [] }: ClusterStatus): string[] {
  const { subset = '' } = parseClusterName(name) ?? {}
  return hostStatuses.map(({ address, healthStatus }) => {
    const healthy =
      (healthStatus?.edsHealthStatus ?? 'HEALTHY') === 'HEALTHY' && healthStatus?.failedOutlierCheck !== true
    return `${address?.socketAddress?.address ?? '?'}:${address?.socketAddress?.portValue ?? '?'}${subset === '' ? '' : ` (${subset})`}${healthy ? '' : ' unhealthy'}`
  })
}

const named = (names: readonly string[], what: string): string =>
  names.length === 0
    ? `no ${what} of the target`
    : `${names.length}: ${names.slice(0, MOST_NAMED).join(', ')}${names.length > MOST_NAMED ? ` and ${names.length - MOST_NAMED} more` : ''}`

function messages({ value }: Seen<'analyzer-messages'>): string {
  return value.length === 0
    ? 'no messages'
    : value
        .slice(0, MOST_NAMED)
        .map(({ code, message }) => `${code}: ${message}`)
        .join('\n')
}
