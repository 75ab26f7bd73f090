import type { Evidence } from '../../evidence/evidence.ts'
import type { AccessLogLine } from '../../mesh/access-log.ts'
import { parseClusterName } from '../../mesh/envoy.ts'
import { takenByAny } from '../../mesh/host.ts'
import type { Pod } from '../../mesh/objects.ts'
import { containerPort } from '../../mesh/pods.ts'
import type { Ref } from '../../mesh/ref.ts'
import { destinationsOf, EVERY_HOST, gatewayKey, gatewaysOf, hostsOf, serves } from '../../mesh/routing.ts'
import type { Target } from '../../mesh/target.ts'
import { servicesInFront } from './owners.ts'
import { allGateways, allRoutes } from './routes.ts'

const NONE = (): boolean => false

/** A pod's own port for one of a server: the Service in front of it says, else they are the same. */
const ownPorts = (pod: Pod, asked: readonly number[], evidence: Evidence): Set<number> =>
  new Set([
    ...asked,
    ...servicesInFront(pod, evidence)
      .flatMap(({ spec }) => spec?.ports ?? [])
      .filter(({ port }) => asked.includes(port))
      .flatMap(({ port, targetPort }) => containerPort(pod, targetPort ?? port) ?? []),
  ])

const portOf = (address = ''): number => Number(/:(\d+)$/.exec(address)?.[1])

/**
 * Tells lines of one gateway's log that are the target's for no name of theirs: requests that were sent nowhere, for a host that no other route there names, where a
 * route to the target takes every host; and connections to a port whose route leads to the target.
 */
export function everyHostLines(
  of: Ref | undefined,
  target: Target,
  evidence: Evidence,
): (entry: AccessLogLine) => boolean {
  const { everyHostAt = [] } = target
  const pod =
    of === undefined || everyHostAt.length === 0 ? undefined : evidence.object('pods', of.namespace ?? '', of.name)
  if (pod === undefined) return NONE
  const served = new Set(
    allGateways(evidence)
      .filter((gateway) => serves(pod, gateway))
      .map(gatewayKey),
  )
  const places = everyHostAt.filter(({ gateway }) => served.has(gateway))
  if (places.length === 0) return NONE
  const portsFor = (wanted: 'http' | 'tcp'): Set<number> =>
    ownPorts(
      pod,
      places.filter(({ protocol }) => protocol === wanted).flatMap(({ ports }) => ports),
      evidence,
    )
  const [http, tcp] = [portsFor('http'), portsFor('tcp')]
  const own = new Set(target.hosts)
  const isNamedThere = takenByAny(
    allRoutes(evidence)
      .filter(
        (one) =>
          gatewaysOf(one).some((key) => served.has(key)) && !destinationsOf(one).some(({ host }) => own.has(host)),
      )
      .flatMap(hostsOf)
      .filter((pattern) => pattern !== EVERY_HOST),
  )
  return ({ upstreamCluster = '', authority, serverName, downstreamLocal }) => {
    if (parseClusterName(upstreamCluster)?.direction === 'outbound') return false
    const port = portOf(downstreamLocal)
    if (authority === undefined) return serverName === undefined && tcp.has(port)
    const host = authority.replace(/:\d+$/, '')
    return http.has(port) && !isNamedThere(host)
  }
}
