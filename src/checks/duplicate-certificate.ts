import type { Evidence } from '../evidence/evidence.ts'
import type { Seen } from '../evidence/reading.ts'
import { since } from '../mesh/access-log.ts'
import type { FilterChain, RouteConfiguration } from '../mesh/envoy.ts'
import { hostMatches } from '../mesh/host.ts'
import type { Gateway } from '../mesh/objects.ts'
import { latestChange, refOf } from '../mesh/objects.ts'
import type { Ref } from '../mesh/ref.ts'
import { formatRef } from '../mesh/ref.ts'
import { boundHosts, gatewayKey, gatewaysOf, hostsOf } from '../mesh/routing.ts'
import type { Certificate } from '../mesh/secrets.ts'
import type { Target } from '../mesh/target.ts'
import { endingOf } from '../mesh/walk/network-filters.ts'
import { virtualHostFor } from '../mesh/walk/virtual-host.ts'
import type { Found, Proof } from './check.ts'
import { defineCheck, proof } from './check.ts'
import { gatewaysFor, virtualServicesFor } from './facts/proxies-of.ts'
import { presentOf, quoteLine } from './facts/traffic-of.ts'

/**
 * Gateways of one proxy present the same certificate. An HTTP/2 client reuses a connection for every host that its certificate is good for
 * (RFC 9113, 9.1.1), and a connection stays with the routes of the Gateway that its first host chose: 404 for all others.
 */
export const duplicateCertificate = defineCheck({
  name: 'duplicate-certificate',
  about: 'no two Gateways present one certificate to clients that would then reuse a connection',
  needs: ['gateways', 'virtual-services', 'listeners', 'routes', 'secrets'],
  confirms: ['access-log'],
  problems: {
    MESH0605: {
      severity: 'warning',
      title: 'one certificate for two Gateways',
      covers: ['IST0138'],
      says: '{subject} and {other} present the same certificate ({certificate}): a client that has a connection to {elsewhere} may ask for {hosts} over it, and gets 404',
      remedy:
        'Make one Gateway serve {hosts} and {elsewhere} with this certificate, or give each Gateway a certificate of its own.',
    },
    MESH0606: {
      severity: 'error',
      title: "requests on another host's connection",
      explains: ['MESH0401', 'MESH0404'],
      covers: ['IST0138'],
      says: '{requests} requests for {hosts} came over connections opened to {elsewhere} and got 404: {subject} and {other} present the same certificate ({certificate}), so clients share connections',
      remedy:
        'Make one Gateway serve {hosts} and {elsewhere} with this certificate, or give each Gateway a certificate of its own.',
    },
  },
  run(evidence, target) {
    const found = new Map<string, Found>()
    for (const use of usesFor(evidence, target)) {
      for (const other of rivalsOf(use)) {
        const key = [formatRef(use.subject), other.name].join(' ')
        if (!found.has(key)) found.set(key, told(use, other, evidence, target))
      }
    }
    return [...found.values()]
  },
})

/** A filter chain that ends TLS with a certificate of its own and offers HTTP/2. */
interface Chain {
  /** Its route configuration, `https.443.https.GATEWAY.NAMESPACE`. */
  name: string
  serverNames: string[]
  certificate: Certificate
  credential: string
  routes: RouteConfiguration | undefined
}

/** The chain by which a Gateway takes hosts of the target, among the others of its listener. */
interface Use {
  subject: Ref
  hosts: string[]
  chain: Chain
  beside: Chain[]
  listeners: Seen<'listeners'>
  secrets: Seen<'secrets'>
}

function usesFor(evidence: Evidence, target: Target): Use[] {
  const bound = virtualServicesFor(evidence, target)
  return evidence.seen('listeners').flatMap((listeners): Use[] => {
    const secrets = listeners.of === undefined ? undefined : evidence.seenOf('secrets', listeners.of)
    const routes = listeners.of === undefined ? undefined : evidence.seenOf('routes', listeners.of)
    if (secrets === undefined || routes === undefined) return []
    return listeners.value.flatMap(({ filterChains = [] }) => {
      const chains = filterChains.flatMap((one) => chainOf(one, secrets, routes))
      return gatewaysFor(evidence, target).flatMap((gateway) => {
        const hosts = [
          ...new Set(
            bound
              .filter((one) => gatewaysOf(one).includes(gatewayKey(gateway)) && boundHosts(gateway, one).length > 0)
              .flatMap(hostsOf),
          ),
        ]
        return chains
          .filter(({ name }) => isOf(name, gateway))
          .flatMap((chain) => {
            const own = hosts.filter(
              (host) =>
                chain.serverNames.some((taken) => hostMatches(taken, host)) &&
                chain.routes !== undefined &&
                virtualHostFor(chain.routes, host) !== undefined,
            )
            return own.length === 0
              ? []
              : [
                  {
                    subject: refOf(gateway),
                    hosts: own,
                    chain,
                    beside: chains.filter((other) => other.name !== chain.name),
                    listeners,
                    secrets,
                  },
                ]
          })
      })
    })
  })
}

/** istiod names a server's routes `https.PORT.PORT-NAME.GATEWAY.NAMESPACE`. */
const isOf = (name: string, { metadata }: Gateway): boolean =>
  name.startsWith('https.') && name.endsWith(`.${metadata.name}.${metadata.namespace ?? ''}`)

interface TlsContext {
  commonTlsContext?: { alpnProtocols?: string[]; tlsCertificateSdsSecretConfigs?: { name?: string }[] }
}

function chainOf(chain: FilterChain, secrets: Seen<'secrets'>, routes: Seen<'routes'>): Chain[] {
  const { ending } = endingOf(chain)
  const { alpnProtocols = [], tlsCertificateSdsSecretConfigs = [] } =
    (chain.transportSocket?.typedConfig as TlsContext | undefined)?.commonTlsContext ?? {}
  const name = ending.kind === 'http' ? ending.manager.rds?.routeConfigName : undefined
  const [certificate, credential] =
    tlsCertificateSdsSecretConfigs.flatMap((config) => {
      const secret = secrets.value.find((one) => one.name === config.name)
      const [own] = secret?.certificates ?? []
      return own === undefined ? [] : [[own, secret?.name ?? ''] as const]
    })[0] ?? []
  if (name === undefined || certificate === undefined || credential === undefined || !alpnProtocols.includes('h2'))
    return []
  return [
    {
      name,
      serverNames: chain.filterChainMatch?.serverNames ?? [],
      certificate,
      credential,
      routes: routes.value.find((one) => one.name === name),
    },
  ]
}

/** Chains whose connections a client would use for a host of the target, and that have no route for it. */
function rivalsOf({ chain, hosts, beside }: Use): Chain[] {
  const sharesOne = (other: Chain): boolean =>
    other.certificate.serial === chain.certificate.serial && other.certificate.issuer === chain.certificate.issuer
  return beside.filter(
    (other) =>
      sharesOne(other) &&
      other.routes !== undefined &&
      other.serverNames.some((name) => isGoodFor(other.certificate, name)) &&
      misrouted(hosts, other).length > 0,
  )
}

const isGoodFor = ({ names }: Certificate, host: string): boolean => names.some((name) => hostMatches(name, host))
const misrouted = (hosts: readonly string[], other: Chain): string[] =>
  hosts.filter(
    (host) =>
      isGoodFor(other.certificate, host) &&
      other.routes !== undefined &&
      virtualHostFor(other.routes, host) === undefined,
  )

function told(
  { subject, hosts: all, chain, listeners, secrets }: Use,
  other: Chain,
  evidence: Evidence,
  target: Target,
): Found {
  const hosts = misrouted(all, other)
  const proxy = listeners.of?.name ?? 'the gateway'
  const { serial, names } = chain.certificate
  const live: [Proof, Proof] = [
    proof(
      listeners,
      `${proxy} presents ${chain.credential} for ${chain.serverNames.join(', ')}, and ${other.credential} for ${other.serverNames.join(', ')} with the routes of ${other.name}`,
    ),
    proof(secrets, `they are the same certificate, valid for ${names.join(', ')}`, `serial ${serial}`),
  ]
  const misdirected = misdirectedIn(evidence, target, listeners.of, hosts, other)
  const args = { other: gatewayOf(other), certificate: chain.credential, hosts, elsewhere: other.serverNames }
  const found = { subject, scope: [...hosts, ...target.hosts] }
  if (misdirected === undefined) return { ...found, code: 'MESH0605', standing: 'live', args, because: live }
  return {
    ...found,
    code: 'MESH0606',
    standing: 'observed',
    args: { ...args, requests: misdirected.requests },
    because: [misdirected.proof, ...live],
  }
}

/** `https.443.https.orders-gateway.shop` as a person names the Gateway; names of ports hold no dots, those of Gateways may. */
function gatewayOf({ name }: Chain): string {
  const parts = name.split('.').slice(3)
  return `Gateway ${parts.at(-1) ?? ''}/${parts.slice(0, -1).join('.')}`
}

/** Requests for the hosts on connections whose server name is another chain's, that found no route. */
function misdirectedIn(
  evidence: Evidence,
  target: Target,
  pod: Ref | undefined,
  hosts: readonly string[],
  other: Chain,
): { requests: number; proof: Proof } | undefined {
  const log = pod === undefined ? undefined : evidence.seenOf('access-log', pod)
  if (log === undefined) return undefined
  const routing = [...gatewaysFor(evidence, target), ...virtualServicesFor(evidence, target)]
  const moment = Math.max(latestChange(routing), Date.parse(log.at) - presentOf(target))
  const lines = since(log.value.lines, moment).filter(({ authority = '', serverName = '', code, flags }) => {
    const host = authority.replace(/:\d+$/, '')
    return (
      code === 404 &&
      flags.includes('NR') &&
      hosts.some((one) => hostMatches(one, host)) &&
      serverName !== host &&
      other.serverNames.some((name) => hostMatches(name, serverName))
    )
  })
  const last = lines.at(-1)
  if (last === undefined) return undefined
  return {
    requests: lines.length,
    proof: proof(
      log,
      `${lines.length} requests since the last change asked for ${last.authority ?? ''} over connections to ${last.serverName ?? ''} and found no route`,
      quoteLine(last),
    ),
  }
}
