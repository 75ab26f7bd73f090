import type { AccessLogLine } from '../mesh/access-log.ts'
import { parseClusterName } from '../mesh/envoy.ts'
import { hostMatches } from '../mesh/host.ts'

/** True for a request to one of the hosts: by the cluster it was sent to or, when it got none, by the authority it asked for. */
export function isForHosts(entry: AccessLogLine, hosts: readonly string[]): boolean {
  const cluster = parseClusterName(entry.upstreamCluster ?? '')
  if (cluster?.direction === 'outbound') return hosts.includes(cluster.host)
  const authority = (entry.authority ?? '').replace(/:\d+$/, '')
  return authority !== '' && hosts.some((pattern) => hostMatches(pattern, authority) || pattern.startsWith(`${authority}.`))
}
