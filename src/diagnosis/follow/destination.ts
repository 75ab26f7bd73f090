import type { Evidence } from '../../evidence/evidence.ts'
import { fromFqdn, gatewayHost, hostMatches } from '../../mesh/host.ts'
import type { Gateway, GatewayServer, Pod, Service, ServiceEntry } from '../../mesh/objects.ts'
import { servicesInFront } from '../../checks/facts/owners.ts'
import { selects } from '../../mesh/objects.ts'
import { hostsOf, serves } from '../../mesh/routing.ts'
import { allGateways, allRoutes } from '../../checks/facts/routes.ts'
import { isReady } from '../../mesh/pods.ts'
import { isAddress } from '../../mesh/walk/address.ts'
import type { Connection, Request } from '../../mesh/walk/request.ts'
import type { FollowQuestion } from './question.ts'
import { defined } from '../../mesh/defined.ts'

/** What the caller's proxy gets, and what a person would call it. */
export interface Sent {
  connection: Connection
  request: Request
  /** The port as a person knows it: of the gateway's Service, or of the destination. */
  port: number
}

/** The Service that a host name means to a client in a namespace, as Kubernetes' DNS completes names. */
export function serviceOf(host: string, namespace: string | undefined, evidence: Evidence): Service | undefined {
  const full = host.replace(/\.$/, '')
  const [name = '', second, ...rest] = full.split('.')
  const local =
    fromFqdn(full) ??
    fromFqdn(`${full}.${evidence.clusterDomain}`) ??
    (second === undefined
      ? namespace === undefined
        ? undefined
        : { name, namespace }
      : rest.length === 0
        ? { name, namespace: second }
        : undefined)
  const found = local === undefined ? undefined : evidence.object('services', local.namespace, local.name)
  return found ?? headlessServiceOf(full, evidence)
}

/** The headless Service that gives one of its pods a name: `orders-0.orders.shop`. */
function headlessServiceOf(host: string, evidence: Evidence): Service | undefined {
  const [, name, namespace, ...rest] = host.split('.')
  if (name === undefined || namespace === undefined || (rest.length > 0 && rest[0] !== 'svc')) return undefined
  const service = evidence.object('services', namespace, name)
  return service?.spec?.clusterIP === 'None' ? service : undefined
}

/** The address behind a headless Service that a client connects to: of the pod that the host names, else of one that is ready. */
function addressOfPod(host: string, service: Service, evidence: Evidence): string | undefined {
  const pods = evidence
    .objects('pods')
    .filter(
      ({ metadata, spec, status }) =>
        metadata.namespace === service.metadata.namespace &&
        status?.podIP !== undefined &&
        spec?.hostNetwork !== true &&
        selects(service.spec?.selector, metadata.labels),
    )
  const named = pods.find(({ metadata }) => metadata.name === host.split('.')[0])
  return (named ?? pods.find(isReady) ?? pods[0])?.status?.podIP
}

/** The ServiceEntry that registers a host, an exact name before a wildcard. */
export function serviceEntryOf(host: string, evidence: Evidence): ServiceEntry | undefined {
  const entries = evidence.objects('service-entries')
  return (
    entries.find(({ spec }) => (spec?.hosts ?? []).includes(host)) ??
    entries.find(({ spec }) => (spec?.hosts ?? []).some((pattern) => hostMatches(pattern, host)))
  )
}

const isTls = ({ port }: GatewayServer): boolean => ['HTTPS', 'TLS'].includes((port?.protocol ?? '').toUpperCase())
const takes = (server: GatewayServer, host: string): boolean =>
  (server.hosts ?? []).some((entry) => hostMatches(gatewayHost(entry).host, host))

/** The Gateways whose servers take a host. */
export const gatewaysTaking = (host: string, evidence: Evidence): Gateway[] =>
  allGateways(evidence).filter(({ spec }) => (spec?.servers ?? []).some((server) => takes(server, host)))

/** The Gateways that a pod serves. */
export const gatewaysOf = (pod: Pod, evidence: Evidence): Gateway[] =>
  allGateways(evidence).filter((gateway) => serves(pod, gateway))

/** The port a person asks a gateway for: as typed, else that of the URL's scheme where one listens, else of the server that takes the host, plain HTTP first. */
function askedPort(
  { host, port, scheme }: FollowQuestion,
  servers: readonly GatewayServer[],
): { port: number; tls: boolean } {
  const onPort = port === undefined ? [] : servers.filter((server) => server.port?.number === port)
  if (port !== undefined)
    return {
      port,
      tls:
        scheme === undefined
          ? onPort.length > 0
            ? onPort.some(isTls)
            : port === 443 || port === 8443
          : scheme === 'https',
    }
  const usual = scheme === undefined ? undefined : scheme === 'https' ? 443 : 80
  if (usual !== undefined && servers.some((server) => server.port?.number === usual))
    return { port: usual, tls: scheme === 'https' }
  const taking = servers.filter(
    (server) => takes(server, host) && (scheme === undefined || isTls(server) === (scheme === 'https')),
  )
  const chosen = taking.find((server) => !isTls(server) && server.tls?.httpsRedirect !== true) ?? taking[0]
  return {
    port: chosen?.port?.number ?? (scheme === 'https' ? 443 : 80),
    tls: chosen === undefined ? scheme === 'https' : isTls(chosen),
  }
}

/** The port a pod listens on for a port of the Services in front of it. */
export function targetPort(pod: Pod, port: number, evidence: Evidence): number {
  const found = servicesInFront(pod, evidence)
    .flatMap(({ spec }) => spec?.ports ?? [])
    .find((one) => one.port === port || one.nodePort === port)
  const target = found?.targetPort ?? found?.port ?? port
  if (typeof target === 'number') return target
  return (
    (pod.spec?.containers ?? []).flatMap(({ ports = [] }) => ports).find(({ name }) => name === target)
      ?.containerPort ?? port
  )
}

/** The request that a question asks for, as a client sends it. */
export const requestOf = (
  { method, headers, path, authority, port, moreHeaders }: FollowQuestion,
  tls: boolean,
): Request => {
  const usual = tls ? 443 : 80
  const given = headers.get('host') ?? headers.get(':authority')
  return {
    method,
    scheme: tls ? 'https' : 'http',
    path,
    headers,
    ...defined({ moreHeaders }),
    authority: given ?? (port === undefined || port === usual ? authority : `${authority}:${port}`),
  }
}

const handshake = (host: string, alpn: readonly string[] = ['h2', 'http/1.1']): NonNullable<Connection['tls']> => ({
  alpn,
  ...(!isAddress(host) && { sni: host }),
})

/** A request from outside the mesh, as it arrives at a gateway's pod. */
export function sentToGateway(question: FollowQuestion, pod: Pod, evidence: Evidence): Sent {
  const { port, tls } = askedPort(
    question,
    gatewaysOf(pod, evidence).flatMap(({ spec }) => spec?.servers ?? []),
  )
  return {
    port,
    request: requestOf(question, tls),
    connection: {
      port: targetPort(pod, port, evidence),
      ...(pod.status?.podIP !== undefined && { address: pod.status.podIP }),
      ...(tls && { tls: handshake(question.host) }),
    },
  }
}

const portsOf = (service: Service | undefined, entry: ServiceEntry | undefined): number[] =>
  service?.spec?.ports?.map(({ port }) => port) ?? entry?.spec?.ports?.map(({ number }) => number) ?? []

/** Where a ServiceEntry's host resolves to: its own address, or the one istiod gave it. */
function addressOf(entry: ServiceEntry | undefined, host: string): string | undefined {
  const given = (entry?.status as { addresses?: { value?: string; host?: string }[] } | undefined)?.addresses ?? []
  return (
    (entry?.spec?.addresses ?? []).find(isAddress) ??
    given.find((one) => one.host === undefined || one.host === host)?.value
  )
}

/** A request as an application in a sidecar's pod makes it. */
export function sentFromPod(question: FollowQuestion, pod: Pod, evidence: Evidence): Sent {
  const { host, scheme } = question
  const service = serviceOf(host, pod.metadata.namespace, evidence)
  const entry = service === undefined ? serviceEntryOf(host, evidence) : undefined
  const ports = portsOf(service, entry)
  const usual = scheme === 'https' ? 443 : 80
  // A URL means its scheme's port, whatever ports there are.
  const port = question.port ?? (scheme !== undefined || ports.includes(usual) ? usual : (ports[0] ?? usual))
  const tls = scheme === 'https' || (scheme === undefined && port === 443)
  const clusterIp = service?.spec?.clusterIP
  const address = isAddress(host)
    ? host
    : clusterIp !== undefined && isAddress(clusterIp)
      ? clusterIp
      : service === undefined
        ? addressOf(entry, host)
        : clusterIp === 'None'
          ? addressOfPod(host, service, evidence)
          : undefined
  return {
    // A client writes the port into Host unless it is the scheme's own.
    port,
    request: requestOf({ ...question, port }, tls),
    connection: { port, ...defined({ address }), ...(tls && { tls: handshake(host) }) },
  }
}

/** True when anything in the mesh names the host: a Gateway, VirtualService, ServiceEntry or Service. */
export function isNamed(host: string, namespace: string | undefined, evidence: Evidence): boolean {
  return (
    serviceOf(host, namespace, evidence) !== undefined ||
    serviceEntryOf(host, evidence) !== undefined ||
    gatewaysTaking(host, evidence).length > 0 ||
    allRoutes(evidence).some((one) => hostsOf(one).some((pattern) => hostMatches(pattern, host)))
  )
}
