import type { Evidence } from '../evidence/evidence.ts'
import type { Seen } from '../evidence/reading.ts'
import { isGeneratedName, originOf } from '../mesh/envoy.ts'
import { fromFqdn, hostsOverlap } from '../mesh/host.ts'
import { nearestNames } from '../mesh/names.ts'
import type { Gateway, GatewayServer, VirtualService } from '../mesh/objects.ts'
import { latestChange, refOf } from '../mesh/objects.ts'
import { formatRef, sameRef } from '../mesh/ref.ts'
import { carries, gatewayKey, gatewaysOf, hostsOf, protocolsOf, serversTaking } from '../mesh/routing.ts'
import type { Target } from '../mesh/target.ts'
import type { Args, Code, Found, Proof } from './check.ts'
import { defineCheck, proof, standingOf } from './check.ts'
import { observed } from './facts/traffic-of.ts'
import { virtualServicesFor } from './facts/proxies-of.ts'
import { readingFor } from './facts/readings.ts'

/** A VirtualService is meant for a gateway that is not there, does not take its hosts or can't carry its routes, so the gateway answers 404 NR. */
export const virtualServiceNotBound = defineCheck({
  name: 'virtual-service-not-bound',
  about: 'every VirtualService is bound to gateways that exist and accept its hosts',
  needs: ['virtual-services', 'gateways'],
  confirms: ['routes', 'access-log'],
  problems: {
    MESH0105: {
      severity: 'error',
      title: 'gateway does not accept the host',
      explains: ['MESH0401', 'MESH0404'],
      covers: ['IST0132'],
      says: '{subject} is for {hosts}, and none of the servers of Gateway {gateway} accepts that host (they accept {taken})',
      remedy: 'Add {hosts} to a server of Gateway {gateway}, or bind {subject} to a gateway that accepts it.',
    },
    MESH0106: {
      severity: 'error',
      title: 'gateway does not exist',
      explains: ['MESH0401', 'MESH0404'],
      covers: ['IST0101 Referenced gateway', 'IST0132'],
      kiali: ['KIA1102'],
      says: '{subject} is bound to Gateway {gateway}, which does not exist',
      remedy: 'Bind {subject} to a Gateway that exists; nearest: {nearest}.',
    },
    MESH0107: {
      severity: 'error',
      title: 'gateway of another protocol',
      explains: ['MESH0401', 'MESH0404'],
      says: '{subject} has {routes} routes only, and the servers of Gateway {gateway} that accept {hosts} are for {protocols}',
      remedy:
        'Use routes for the protocol of the server, or add a server for {routes} and {hosts} to Gateway {gateway}.',
    },
    MESH0116: {
      severity: 'error',
      title: 'bound to no gateway',
      explains: ['MESH0401', 'MESH0404'],
      says: '{subject} applies to sidecars only, and Gateway {gateway} accepts {hosts}, for which no VirtualService is bound to it',
      remedy: 'Bind {subject} to Gateway {gateway} too.',
    },
  },
  run(evidence, target) {
    return virtualServicesFor(evidence, target).flatMap((one) => {
      const keys = gatewaysOf(one)
      const named = keys.filter((key) => key !== 'mesh').flatMap((key) => judge(one, key, evidence, target))
      return keys.every((key) => key === 'mesh') ? judgeMeshOnly(one, evidence, target) : named
    })
  },
})

function judge(virtualService: VirtualService, key: string, evidence: Evidence, target: Target): Found[] {
  const { found: gateways, reading } = read(evidence)
  const gateway = gateways.find((one) => gatewayKey(one) === key)
  const make = (code: Code, args: Args, says: string, hosts: readonly string[]): Found[] => [
    find(
      code,
      { virtualService, hosts, gateways: gateway === undefined ? gateways : [gateway], reading },
      args,
      says,
      evidence,
      target,
    ),
  ]
  // istiod makes such a Gateway of one of the Gateway API's, which was not read.
  if (gateway === undefined && isGeneratedName(key)) return []
  if (gateway === undefined) {
    const nearest = nearestNames(key, gateways.map(gatewayKey))
    return make(
      'MESH0106',
      { gateway: key, nearest: nearest.length === 0 ? 'none is near' : nearest },
      `there is no Gateway ${key} among the ${gateways.length} that were read`,
      hostsOf(virtualService),
    )
  }
  const hosts = unbound(virtualService, gateway, gateways)
  if (hosts.length > 0) {
    const taken = (gateway.spec?.servers ?? []).flatMap((server) => server.hosts ?? [])
    return make(
      'MESH0105',
      { gateway: key, hosts, taken: taken.length === 0 ? 'nothing' : taken },
      `the servers of Gateway ${key} accept ${taken.join(', ') || 'nothing'}`,
      hosts,
    )
  }
  const servers = serversTaking(gateway, virtualService)
  const routes = protocolsOf(virtualService)
  if (
    servers.length === 0 ||
    routes.length === 0 ||
    servers.some((server) => routes.some((protocol) => carries(server, protocol)))
  )
    return []
  const protocols = [...new Set(servers.map(speaks))]
  return make(
    'MESH0107',
    { gateway: key, hosts: hostsOf(virtualService), routes: routes.map((one) => one.toUpperCase()), protocols },
    `the servers of Gateway ${key} that accept them are for ${protocols.join(', ')}`,
    hostsOf(virtualService),
  )
}

const speaks = ({ port, tls }: GatewayServer): string =>
  `${port?.protocol ?? 'HTTP'}${tls?.mode === undefined ? '' : ` (${tls.mode})`}`

function read(evidence: Evidence): { found: readonly Gateway[]; reading: Pick<Seen, 'kind' | 'source' | 'at'> } {
  return {
    found: evidence.objects('gateways'),
    reading: readingFor('gateways', evidence),
  }
}

/** Hosts that neither this gateway takes nor another one that is named; a Service's own host may be meant for the sidecars when they are named too. */
function unbound(virtualService: VirtualService, gateway: Gateway, gateways: readonly Gateway[]): string[] {
  const keys = gatewaysOf(virtualService)
  const others = gateways.filter((one) => keys.includes(gatewayKey(one)))
  const hosts = hostsOf(virtualService).filter((host) => !(keys.includes('mesh') && fromFqdn(host) !== undefined))
  return serversTaking(gateway, virtualService).length > 0 && hosts.every((host) => takes(others, virtualService, host))
    ? []
    : hosts.filter((host) => !takes(others, virtualService, host))
}

const takes = (gateways: readonly Gateway[], virtualService: VirtualService, host: string): boolean =>
  gateways.some((one) => serversTaking(one, virtualService, host).length > 0)

/** A VirtualService for the sidecars alone, though a Gateway was opened for just its host and nothing else serves that there. Found only when the proxies show it. */
function judgeMeshOnly(virtualService: VirtualService, evidence: Evidence, target: Target): Found[] {
  const { found: gateways, reading } = read(evidence)
  const hosts = hostsOf(virtualService)
  return gateways.flatMap((gateway): Found[] => {
    const key = gatewayKey(gateway)
    const opened = hosts.filter((host) =>
      serversTaking(gateway, virtualService).some((server) =>
        (server.hosts ?? []).some((entry) => entry.split('/').at(-1) === host),
      ),
    )
    const served = evidence
      .objects('virtual-services')
      .some(
        (other) =>
          gatewaysOf(other).includes(key) &&
          hostsOf(other).some((host) => opened.some((one) => hostsOverlap(host, one))),
      )
    if (opened.length === 0 || served) return []
    const found = find(
      'MESH0116',
      { virtualService, hosts: opened, gateways: [gateway], reading },
      { gateway: key, hosts: opened },
      `it names no gateway, and Gateway ${key} accepts ${opened.join(', ')}`,
      evidence,
      target,
    )
    return found.standing === 'configured' ? [] : [found]
  })
}

interface Binding {
  virtualService: VirtualService
  /** Those of its hosts that are at issue. */
  hosts: readonly string[]
  gateways: readonly Gateway[]
  reading: Pick<Seen, 'kind' | 'source' | 'at'>
}

function find(
  code: Code,
  { virtualService, hosts, gateways, reading }: Binding,
  args: Args,
  says: string,
  evidence: Evidence,
  target: Target,
): Found {
  const subject = refOf(virtualService)
  const { live, against } = routedAt(virtualService, hosts, evidence, target)
  const seen =
    live.length === 0
      ? []
      : observed(evidence, hosts, latestChange([virtualService, ...gateways]), 'were answered 404 NR', ({ flags }) =>
          flags.includes('NR'),
        )
  return {
    code,
    standing: standingOf({ live, observed: seen }),
    subject,
    args,
    because: [
      proof(reading, `${formatRef(subject)} is for ${hostsOf(virtualService).join(', ')}; ${says}`),
      ...live,
      ...against,
      ...seen,
    ],
    scope: [...hostsOf(virtualService), ...target.hosts],
  }
}

/**
 * Gateways that have no route of the VirtualService for the hosts; as soon as one has it, it is bound after all: that speaks against it.
 * Only HTTP routes tell: those for TCP and TLS are no part of a proxy's routes.
 */
function routedAt(
  object: VirtualService,
  hosts: readonly string[],
  evidence: Evidence,
  target: Target,
): { live: Proof[]; against: Proof[] } {
  if (!protocolsOf(object).includes('http')) return { live: [], against: [] }
  const readings = evidence
    .seen('routes')
    .filter(({ of }) => of !== undefined && !target.pods.some((pod) => sameRef(pod, of)))
  const isFor = (domain: string): boolean => hosts.some((host) => hostsOverlap(domain.replace(/:\d+$/, ''), host))
  const routed = readings.filter(({ value }) =>
    value.some(({ virtualHosts = [] }) =>
      virtualHosts.some(
        ({ domains = [], routes = [] }) =>
          domains.some(isFor) &&
          routes.some((route) => {
            const origin = originOf(route.metadata)
            return origin !== undefined && sameRef(origin, refOf(object))
          }),
      ),
    ),
  )
  if (routed.length > 0)
    return {
      live: [],
      against: routed.map((reading) =>
        proof(
          reading,
          `contradicted: ${reading.of?.name ?? 'a gateway'} has routes made from ${formatRef(refOf(object))}`,
        ),
      ),
    }
  const live = readings.map((reading) => {
    const domains = reading.value.flatMap(({ name, virtualHosts = [] }) =>
      name === undefined ? [] : virtualHosts.map((one) => `${name}: ${(one.domains ?? []).join(', ')}`),
    )
    return proof(
      reading,
      `${reading.of?.name ?? 'a gateway'} has no route made from ${formatRef(refOf(object))}`,
      domains.length === 0 ? 'it has no routes at all' : `virtual hosts:\n${domains.slice(0, 20).join('\n')}`,
    )
  })
  return { live, against: [] }
}
