import { servicesOf } from '../../../checks/facts/owners.ts'
import { podAt } from '../../../checks/facts/requests-to.ts'
import { portOf } from '../../../mesh/address.ts'
import { parseClusterName } from '../../../mesh/envoy.ts'
import { fromFqdn } from '../../../mesh/host.ts'
import type { Service, ServiceEntry } from '../../../mesh/objects.ts'
import { refOf } from '../../../mesh/objects.ts'
import { portAtPod } from '../../../mesh/pods.ts'
import { isProxysOwn } from '../../../mesh/proxy-ports.ts'
import type { Case, Lead } from '../lead.ts'
import { value } from '../lead.ts'
import { entriesOf } from './outside.ts'
import { lead, times, type Sign } from './sign.ts'

/** Requests were sent to a port of the pod that is its sidecar's own: whatever came of them there, what leads to that port is to blame. */
export function atProxysOwnPort(sign: Sign, { evidence, target }: Case): Lead[] {
  const { entry } = sign.group.at(-1) ?? sign.group[0]
  const cluster = parseClusterName(entry.upstreamCluster ?? '')
  const isSent = cluster?.direction === 'outbound'
  const address = isSent ? entry.upstreamHost : entry.downstreamLocal
  const port = portOf(address)
  const pod = podAt(address, evidence)
  if (port === undefined || pod === undefined || !isProxysOwn(port, pod)) return []
  const leading = (service: Service): boolean =>
    (service.spec?.ports ?? []).some(
      (one) => (!isSent || one.port === cluster.port) && portAtPod(pod, service, one) === port,
    )
  const local = fromFqdn(cluster?.host ?? '')
  const named =
    local === undefined ? servicesOf(target, evidence) : [evidence.object('services', local.namespace, local.name)]
  const objects: (Service | ServiceEntry)[] = [
    ...named.filter((one): one is Service => one !== undefined && leading(one)),
    ...entriesOf(cluster?.host ?? '', evidence),
  ]
  return objects.map((one) =>
    lead(
      'MESH0431',
      refOf(one),
      `it leads to port ${value(port)} of ${value(pod.metadata.name)}, which is the sidecar's own, so requests never reach the application: ${times(sign)} failed`,
      'Point it to the port that the application listens on',
    ),
  )
}
