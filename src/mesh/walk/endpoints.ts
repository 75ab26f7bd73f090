import type { Cluster, ClusterStatus } from '../envoy.ts'
import { defined } from '../defined.ts'

/** One host a cluster may send to. */
export interface Endpoint {
  /** Absent for pipes and internal listeners. */
  address?: string
  port?: number
  weight: number
  locality?: string
  priority: number
  /** True while Envoy would send to it. */
  usable: boolean
  /** Why not: `UNHEALTHY`, `ejected (outlier)`. */
  trouble?: string
}

type HostStatus = NonNullable<ClusterStatus['hostStatuses']>[number]

/** Health an endpoint may have and still be sent to. */
const USED: readonly string[] = ['HEALTHY', 'DEGRADED', 'UNKNOWN']

function troubleOf({
  healthStatus: { edsHealthStatus = 'HEALTHY', failedOutlierCheck, failedActiveHealthCheck } = {},
}: HostStatus): string | undefined {
  if (failedOutlierCheck === true) return 'ejected (outlier)'
  if (failedActiveHealthCheck === true) return 'failed its health check'
  return USED.includes(edsHealthStatus) ? undefined : edsHealthStatus
}

function endpoint(host: HostStatus): Endpoint {
  const { address: { socketAddress } = {}, weight = 1, priority = 0, locality: { region, zone, subZone } = {} } = host
  const trouble = troubleOf(host)
  const locality = [region, zone, subZone].filter((part) => part !== undefined && part !== '').join('/')
  return {
    weight,
    priority,
    usable: trouble === undefined,
    ...defined({ trouble }),
    ...(locality !== '' && { locality }),
    ...(socketAddress?.address !== undefined && { address: socketAddress.address }),
    ...(socketAddress?.portValue !== undefined && { port: socketAddress.portValue }),
  }
}

/** The share of healthy hosts, in percent, below which Envoy sends to all of them; 0 switches that off, as istiod does. */
const panicThreshold = ({ commonLbConfig }: Cluster): number =>
  commonLbConfig?.healthyPanicThreshold === undefined ? 50 : (commonLbConfig.healthyPanicThreshold.value ?? 0)

export interface EndpointsTaken {
  endpoints: Endpoint[]
  /** True when too few are healthy and Envoy therefore sends to all. */
  panic: boolean
  /** True for a cluster that sends wherever the client wanted to go. */
  original: boolean
}

/** The hosts of a cluster as the proxy has them now. */
export function endpointsOf(cluster: Cluster, status: ClusterStatus | undefined): EndpointsTaken {
  const endpoints = (status?.hostStatuses ?? []).map(endpoint)
  const usable = endpoints.filter((one) => one.usable).length
  const panic =
    endpoints.length > 0 && usable < endpoints.length && (100 * usable) / endpoints.length < panicThreshold(cluster)
  return { endpoints, panic, original: cluster.type === 'ORIGINAL_DST' }
}
