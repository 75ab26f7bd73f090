import { podAt } from '../../../checks/facts/requests-to.ts'
import { rootNamespaceOf } from '../../../checks/facts/root-namespace-of.ts'
import { allGateways, allRoutes, allRules } from '../../../checks/facts/routes.ts'
import { clientTls, rulesForCaller } from '../../../mesh/destination-rules.ts'
import { parseClusterName } from '../../../mesh/envoy.ts'
import { gatewayHost, hostMatches } from '../../../mesh/host.ts'
import type { Gateway, GatewayServer } from '../../../mesh/objects.ts'
import { refOf } from '../../../mesh/objects.ts'
import { hasApplication } from '../../../mesh/pods.ts'
import { gatewayKey, gatewaysOf, hostsOf } from '../../../mesh/routing.ts'
import { gatewaysOf as gatewaysServedBy } from '../../follow/destination.ts'
import { traceOf } from '../../follow/trace.ts'
import type { Case, Lead } from '../lead.ts'
import { newest, value, values } from '../lead.ts'
import { atGateway } from '../no-route.ts'
import { ruleWithoutEffect } from './protocol.ts'
import { lead, makersOf, routesOf, times, type Sign } from './sign.ts'

const serversFor = ({ spec }: Gateway, host: string): GatewayServer[] =>
  (spec?.servers ?? []).filter(({ hosts = [] }) => hosts.some((entry) => hostMatches(gatewayHost(entry).host, host)))

/** Requests that a sidecar sent to a gateway inside the mesh, an egress gateway for one, which does not take them: nothing there is for their host, or it takes mutual TLS alone. */
export function atGatewayBetween(sign: Sign, one: Case): Lead[] {
  const {
    evidence,
    followed: { way },
  } = one
  const { entry } = sign.group.at(-1) ?? sign.group[0]
  const cluster = parseClusterName(entry.upstreamCluster ?? '')
  const pod = podAt(entry.upstreamHost, evidence)
  if (way?.trace.caller.kind !== 'sidecar' || cluster?.direction !== 'outbound') return []
  if (pod === undefined || hasApplication(pod)) return []
  const { callerPod, question } = way.trace
  const { host } = question
  const name = value(pod.metadata.name)
  const gateways = allGateways(evidence)
  const servers = gatewaysServedBy(pod, evidence).flatMap((gateway) => serversFor(gateway, host))
  if (servers.length === 0) {
    const keys = gateways.map(gatewayKey)
    const unbound = allRoutes(evidence)
      .filter((route) => hostsOf(route).some((own) => hostMatches(own, host)))
      .map((route) => ({ route, missing: gatewaysOf(route).filter((key) => key !== 'mesh' && !keys.includes(key)) }))
      .filter(({ missing }) => missing.length > 0)
    if (unbound.length > 0)
      return unbound.map(({ route, missing }) =>
        lead(
          'MESH0131',
          refOf(route),
          `it is bound to Gateway ${values(missing)}, which does not exist, so nothing at ${name}, to which requests for ${value(host)} are sent, accepts them: ${times(sign)} failed`,
          'Create the Gateway, or bind it to one that exists',
        ),
      )
    const other = newest(gateways.filter((gateway) => serversFor(gateway, host).length > 0))
    return other === undefined
      ? []
      : [
          lead(
            'MESH0131',
            refOf(other),
            `it accepts ${value(host)}, and its selector does not match ${name}, to which requests for that host are sent: ${times(sign)} failed`,
            `Make its selector match ${name}`,
          ),
        ]
  }
  const isMutual = servers.every(({ tls }) => tls?.mode === 'ISTIO_MUTUAL' || tls?.mode === 'MUTUAL')
  const rules = rulesForCaller(
    allRules(evidence),
    cluster.host,
    callerPod.metadata.namespace ?? '',
    rootNamespaceOf(evidence),
  )
  const isSpoken = rules.some((rule) => clientTls(rule, cluster.port, cluster.subset) !== undefined)
  const isClosed = entry.flags.some((flag) => flag === 'UC' || flag === 'UF')
  if (!isMutual || isSpoken || !isClosed) return []
  const idle = ruleWithoutEffect(sign, one)
  return idle.length > 0
    ? idle
    : makersOf(routesOf(sign, way), way).map((subject) =>
        lead(
          'MESH0132',
          subject,
          `it sends requests for ${value(host)} to ${value(cluster.host)}, which accepts them only by mutual TLS for that name, and no DestinationRule makes callers use it: ${times(sign)} failed`,
          `Set ${value('ISTIO_MUTUAL')} in a DestinationRule for ${value(cluster.host)}, with ${value(host)} as its SNI`,
        ),
      )
}

/** A gateway inside the mesh, to which a sidecar sent the request, has no route for it and said so itself. */
export function noRouteBehind({ entry, at }: Sign, one: Case): Lead[] {
  const { way } = one.followed
  if (way?.trace.caller.kind !== 'sidecar' || !entry.flags.includes('NR')) return []
  if (at === undefined || hasApplication(at) || at === way.trace.callerPod) return []
  const { question } = one.followed.requests
  const trace = traceOf(question, { kind: 'ingress', pod: refOf(at) }, one.evidence)
  return trace === undefined ? [] : atGateway(trace, one)
}
