import type { Evidence } from '../../evidence/evidence.ts'
import { parseClusterName } from '../../mesh/envoy.ts'
import type { Pod } from '../../mesh/objects.ts'
import type { Proof } from '../check.ts'
import { proof } from '../check.ts'

/** Which of a host's endpoints are meant: all, those of a subset, or those at some pods. */
export interface Endpoints {
  host: string
  subset?: string
  pods?: readonly Pod[]
}

/** Proxies that have no healthy endpoint among these: a proof each, with what they have instead. Proxies that do have one are left out. */
export function withoutHealthy({ host, subset, pods }: Endpoints, evidence: Evidence): Proof[] {
  const addresses = pods === undefined ? undefined : new Set(pods.map(({ status }) => status?.podIP))
  return evidence.seen('endpoints').flatMap((reading) => {
    const hosts = reading.value
      .flatMap(({ name = '', hostStatuses = [] }) => {
        const cluster = parseClusterName(name)
        return cluster?.direction === 'outbound' &&
          cluster.host === host &&
          (subset === undefined || cluster.subset === subset)
          ? hostStatuses
          : []
      })
      .map(({ address, healthStatus }) => ({
        ip: address?.socketAddress?.address ?? '?',
        port: address?.socketAddress?.portValue ?? '?',
        health: healthStatus?.edsHealthStatus ?? 'HEALTHY',
      }))
    const meant = hosts.filter(({ ip }) => addresses === undefined || addresses.has(ip))
    if (meant.some(({ health }) => health === 'HEALTHY')) return []
    const what =
      pods === undefined
        ? `${subset === undefined ? '' : `subset ${subset} of `}${host}`
        : `${pods.map(({ metadata }) => metadata.name).join(', ')} in ${host}`
    return [
      proof(
        reading,
        `${reading.of?.name ?? 'a proxy'} has no healthy endpoint for ${what}`,
        meant.length === 0 ? undefined : meant.map(({ ip, port, health }) => `${ip}:${port} ${health}`).join('\n'),
      ),
    ]
  })
}
