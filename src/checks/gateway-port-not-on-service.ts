import type { Evidence } from '../evidence/evidence.ts'
import type { Gateway, GatewayServer, Pod, Service } from '../mesh/objects.ts'
import { refOf, selects } from '../mesh/objects.ts'
import { containerPort, proxyRuns } from '../mesh/pods.ts'
import { formatRef } from '../mesh/ref.ts'
import { gatewayKey, gatewaysOf, hostsOf, podsOfGateway, serversTaking } from '../mesh/routing.ts'
import type { Target } from '../mesh/target.ts'
import type { Found, Proof } from './check.ts'
import { defineCheck, proof, standingOf } from './check.ts'
import { gatewaysFor, virtualServicesFor } from './facts/proxies-of.ts'
import { readingFor } from './facts/readings.ts'

/** A Gateway opens a port that no Service of its pods leads to: the proxy listens, and nobody gets there. */
export const gatewayPortNotOnService = defineCheck({
  name: 'gateway-port-not-on-service',
  about: 'every port that a Gateway opens is one that a Service leads to',
  needs: ['gateways', 'virtual-services', 'services', 'pods'],
  confirms: ['listeners'],
  problems: {
    MESH0602: {
      severity: 'error',
      title: 'gateway port on no service',
      explains: ['MESH0401', 'MESH0404'],
      covers: ['IST0162'],
      says: '{subject} opens port {port} for {hosts}, and no Service of its pods has that port ({services} has {ports}): they cannot be reached',
      remedy: 'Add port {port} to {services}, or make {subject} use one that it has ({ports}).',
    },
    MESH0607: {
      severity: 'warning',
      title: 'one gateway port unreachable',
      covers: ['IST0162'],
      says: '{subject} opens port {port} for {hosts}, and no Service of its pods has that port ({services} has {ports}); the hosts can be reached by another port',
      remedy: 'Add port {port} to {services}, or remove the server for port {port} from {subject}.',
    },
  },
  run(evidence, target) {
    return gatewaysFor(evidence, target).flatMap((gateway) => {
      const pods = podsOfGateway(gateway, evidence.objects('pods')).filter(proxyRuns)
      const services = evidence
        .objects('services')
        .filter((service) =>
          pods.some(
            (pod) =>
              service.metadata.namespace === pod.metadata.namespace &&
              selects(service.spec?.selector, pod.metadata.labels),
          ),
        )
      // Pods on their node's network are reached by the node's address, and those without any Service by something that is not known here.
      if (pods.length === 0 || services.length === 0 || pods.some(({ spec }) => spec?.hostNetwork === true)) return []
      return serversFor(gateway, evidence, target).flatMap((server) =>
        judge(gateway, server, pods, services, evidence, target),
      )
    })
  },
})

function serversFor(gateway: Gateway, evidence: Evidence, target: Target): GatewayServer[] {
  const bound = virtualServicesFor(evidence, target).filter((one) => gatewaysOf(one).includes(gatewayKey(gateway)))
  return [...new Set(bound.flatMap((one) => serversTaking(gateway, one)))]
}

/** istiod opens the target port of the Service's port that a server names; a server may name the target port itself, too. */
const leadsTo = (port: number, services: readonly Service[], pods: readonly Pod[]): boolean =>
  services.some(({ spec }) =>
    (spec?.ports ?? []).some(
      (one) => one.port === port || pods.some((pod) => containerPort(pod, one.targetPort ?? one.port) === port),
    ),
  )

const hasHostPort = (port: number, pods: readonly Pod[]): boolean =>
  pods.some(({ spec }) =>
    (spec?.containers ?? []).some(({ ports = [] }) =>
      ports.some((one) => one.hostPort !== undefined && one.containerPort === port),
    ),
  )

function judge(
  gateway: Gateway,
  server: GatewayServer,
  pods: readonly Pod[],
  services: readonly Service[],
  evidence: Evidence,
  target: Target,
): Found[] {
  const port = server.port?.number
  if (port === undefined || leadsTo(port, services, pods) || hasHostPort(port, pods)) return []
  const hosts = hostsAt(server, gateway, evidence, target)
  const reachable = gatewaysFor(evidence, target)
    .flatMap((one) => serversFor(one, evidence, target).map((other) => ({ one, other })))
    .filter(({ other }) => other.port?.number !== undefined && leadsTo(other.port.number, services, pods))
    .flatMap(({ one, other }) => hostsAt(other, one, evidence, target))
  const live = listening(port, pods, evidence)
  const ports = [...new Set(services.flatMap(({ spec }) => (spec?.ports ?? []).map((one) => String(one.port))))]
  return [
    {
      code: hosts.every((host) => reachable.includes(host)) ? 'MESH0607' : 'MESH0602',
      standing: standingOf({ live }),
      subject: refOf(gateway),
      args: { port, hosts, services: services.map((one) => formatRef(refOf(one))), ports },
      because: [
        proof(readingFor('gateways', evidence), `${formatRef(refOf(gateway))} has a server for port ${port}`),
        proof(
          readingFor('services', evidence),
          `${services.map((one) => formatRef(refOf(one))).join(', ')} has the ports ${ports.join(', ')}`,
        ),
        ...live,
      ],
      scope: [...hosts, ...target.hosts],
    },
  ]
}

const hostsAt = (server: GatewayServer, gateway: Gateway, evidence: Evidence, target: Target): string[] => [
  ...new Set(
    virtualServicesFor(evidence, target)
      .filter((one) => serversTaking(gateway, one).includes(server))
      .flatMap(hostsOf),
  ),
]

/** Gateways that listen at the port as such: no Service's target port stands in for it. */
function listening(port: number, pods: readonly Pod[], evidence: Evidence): Proof[] {
  return pods.flatMap((pod) => {
    const reading = evidence.seenOf('listeners', refOf(pod))
    const there = reading?.value.some(({ address }) => address?.socketAddress?.portValue === port) === true
    return reading === undefined || !there
      ? []
      : [proof(reading, `${pod.metadata.name} listens at port ${port}, where no Service leads`)]
  })
}
