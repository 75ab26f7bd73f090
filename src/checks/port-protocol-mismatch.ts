import { rootNamespaceOf } from './facts/root-namespace-of.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { since } from '../mesh/access-log.ts'
import { rulesForCaller } from '../mesh/destination-rules.ts'
import type { ClusterName } from '../mesh/envoy.ts'
import { parseClusterName } from '../mesh/envoy.ts'
import { fromFqdn, hostOfService } from '../mesh/host.ts'
import type { DestinationRule, Pod, Service } from '../mesh/objects.ts'
import { latestChange, refOf } from '../mesh/objects.ts'
import type { Ref } from '../mesh/ref.ts'
import { formatRef } from '../mesh/ref.ts'
import type { Target } from '../mesh/target.ts'
import type { Found } from './check.ts'
import { defineCheck, proof } from './check.ts'
import { podsOf, servicesInFront } from './facts/owners.ts'
import type { Group, Logged, Request } from './facts/requests-to.ts'
import { groupBy, latest, nearest, passedOn, requestsTo, scopeOf } from './facts/requests-to.ts'
import { readingFor } from './facts/readings.ts'
import { allRules } from './facts/routes.ts'
import { quoteLine, ROUTING_KINDS, trafficCountsFrom } from './facts/traffic-of.ts'
import { httpProtocolOf } from '../mesh/port-protocol.ts'
import { table } from '../mesh/table.ts'

/** A port is declared to speak what the application behind it does not: HTTP/2 against HTTP/1.1, HTTP against anything, TLS against plain text. */
export const portProtocolMismatch = defineCheck({
  name: 'port-protocol-mismatch',
  about: 'the application speaks the protocol that its port is declared to have',
  needs: ['access-log', 'pods', ...ROUTING_KINDS],
  confirms: ['backend-tls-policies'],
  problems: {
    MESH0120: {
      severity: 'error',
      counts: 'refusals',
      title: 'port speaks another protocol',
      explains: ['MESH0401', 'MESH0403', 'MESH0404'],
      says: '{subject} says that port {port} of {host} speaks {protocol}, and {end} does not: {failed} of {requests} requests ended with {flags} ({failure})',
      remedy:
        'Declare in {subject} what the application speaks: by the port name or appProtocol of the Service, or the TLS mode of the DestinationRule.',
    },
  },
  run(evidence, target) {
    const moment = trafficCountsFrom(evidence, target)
    if (moment === undefined) return []
    const requests = requestsTo(target, moment, evidence)
    const judged = new Map(
      requests.flatMap((request) => {
        const claim = claimOf(request, evidence, target)
        return claim === undefined ? [] : [[request, claim] as const]
      }),
    )
    const key = (request: Request): string => {
      const claim = judged.get(request)
      return claim === undefined ? '' : `${formatRef(claim.subject)} ${claim.port}`
    }
    const answers = groupBy([...judged.keys()], key).flatMap((group) => {
      const claim = judged.get(group[0])
      return claim === undefined ? [] : [found(group, claim, requests.length, target)]
    })
    return [...answers, ...brokenByCallers(moment, evidence, target)]
  },
})

/** Who says what a port speaks. */
interface Claim {
  subject: Ref
  reading: Parameters<typeof proof>[0]
  host: string
  port: number
  protocol: string
  /** What the object says, for the proof. */
  says: string
}

/** The claim that a failed request disproves; undefined when it failed for other reasons, or nothing claims anything. */
function claimOf(request: Request, evidence: Evidence, target: Target): Claim | undefined {
  const { entry } = nearest(request)
  const cluster = parseClusterName(request.entry.upstreamCluster ?? '')
  if (cluster?.direction !== 'outbound') return undefined
  if ((entry.failure ?? '').includes('WRONG_VERSION_NUMBER')) return claimOfRule(cluster, request, evidence)
  // UPE: what came back is not the protocol that was spoken to it.
  const broken = entry.flags.includes('UPE') || entry.details?.includes('{protocol_error') === true
  return broken && target.hosts.includes(cluster.host) ? claimOfService(cluster, evidence) : undefined
}

/** What Envoy speaks to such a port. */
const SPOKEN: Readonly<Record<string, string>> = table({
  http: 'HTTP/1.1',
  http2: 'HTTP/2',
  h2c: 'HTTP/2',
  grpc: 'gRPC over HTTP/2',
  'grpc-web': 'HTTP/1.1',
})

/** What a Service that exists says of one of its ports; undefined when it says nothing. */
function claimOfService({ host, port }: Pick<ClusterName, 'host' | 'port'>, evidence: Evidence): Claim | undefined {
  const service = fromFqdn(host)
  const found = evidence
    .found('services')
    .find(({ object }) => object.metadata.name === service?.name && object.metadata.namespace === service.namespace)
  const declared = found?.object.spec?.ports?.find((one) => one.port === port)
  const claimed = declared === undefined ? undefined : httpProtocolOf(declared)
  if (found === undefined || claimed === undefined) return undefined
  return {
    subject: refOf(found.object),
    reading: found.reading,
    host,
    port,
    protocol: SPOKEN[claimed.protocol] ?? claimed.protocol,
    says: `port ${port} of ${formatRef(refOf(found.object))} is ${claimed.protocol} by ${claimed.from}`,
  }
}

/** The TLS mode that a rule sets for a subset's port: the subset's policy over the rule's; settings of the port replace a policy's own altogether. */
function tlsModeOf({ spec }: DestinationRule, { port, subset }: ClusterName): string | undefined {
  for (const policy of [spec?.subsets?.find(({ name }) => name === subset)?.trafficPolicy, spec?.trafficPolicy]) {
    const own = policy?.portLevelSettings?.find((one) => one.port?.number === port)
    if (own !== undefined) return own.tls?.mode
    if (policy?.tls?.mode !== undefined) return policy.tls.mode
  }
  return undefined
}

/** TLS modes by which the mesh's own certificates are not used: the application itself has to speak TLS. */
const APPLICATION_TLS = ['SIMPLE', 'MUTUAL']

function claimOfRule(cluster: ClusterName, { log }: Request, evidence: Evidence): Claim | undefined {
  const rule = rulesForCaller(
    allRules(evidence),
    cluster.host,
    log.of?.namespace ?? '',
    rootNamespaceOf(evidence),
  ).find((one) => APPLICATION_TLS.includes(tlsModeOf(one, cluster) ?? ''))
  if (rule === undefined) return undefined
  const mode = tlsModeOf(rule, cluster) ?? ''
  return {
    subject: refOf(rule),
    reading: readingFor(rule.kind === 'BackendTLSPolicy' ? 'backend-tls-policies' : 'destination-rules', evidence),
    host: cluster.host,
    port: cluster.port,
    protocol: `TLS (mode ${mode})`,
    says: `${formatRef(refOf(rule))} makes callers speak TLS (mode ${mode}) to ${cluster.host}`,
  }
}

function found(
  group: Group,
  { subject, reading, host, port, protocol, says }: Claim,
  requests: number,
  target: Target,
): Found {
  const last = latest(group)
  const { entry, log } = nearest(last)
  const failure = (entry.failure ?? entry.details ?? 'no reason given').replaceAll('_', ' ')
  return {
    code: 'MESH0120',
    standing: 'observed',
    subject,
    args: {
      port,
      host,
      protocol,
      end: 'the application',
      failed: group.length,
      requests,
      flags: entry.flags.length === 0 ? [String(entry.code)] : entry.flags,
      failure,
    },
    because: [
      proof(reading, says),
      proof(
        log,
        `${group.length} of ${requests} requests ended so since the last change, at ${log.of?.name ?? 'a proxy'}`,
        quoteLine(entry),
      ),
      ...passedOn(last, log),
    ],
    scope: scopeOf(group, target),
  }
}

/** Who connected to a port of a Service, as the target's own sidecars logged it. */
interface Connections {
  service: Service
  port: number
  lines: Logged[]
}

/** The Service and port behind an address that was connected to: a Service's own address or, where a sidecar takes its pod's connections, the pod's. */
function portAt(address: string, pod: Pod, evidence: Evidence): { service: Service; port: number } | undefined {
  const [, ip = '', number = ''] = /^(.*):(\d+)$/.exec(address) ?? []
  const services = evidence.objects('services')
  const service = services.find(
    ({ spec }) => spec?.clusterIP === ip && spec.ports?.some(({ port }) => port === Number(number)) === true,
  )
  if (service !== undefined) return { service, port: Number(number) }
  if (pod.status?.podIP !== ip) return undefined
  const names = new Set(
    (pod.spec?.containers ?? []).flatMap(({ ports = [] }) =>
      ports.filter(({ containerPort }) => containerPort === Number(number)).flatMap(({ name }) => name ?? []),
    ),
  )
  return servicesInFront(pod, evidence).flatMap((one) =>
    (one.spec?.ports ?? [])
      .filter(({ port, targetPort = port }) => targetPort === Number(number) || names.has(String(targetPort)))
      .map(({ port }) => ({ service: one, port })),
  )[0]
}

/** Connections that the target's own sidecars took, by Service and port, since that Service or what routes to it last changed. */
function connectionsTo(moment: number, evidence: Evidence, target: Target): Connections[] {
  const known: Connections[] = []
  for (const pod of podsOf(target, evidence)) {
    const log = evidence.seenOf('access-log', refOf(pod))
    if (log === undefined) continue
    // Thousands of connections go to a few addresses.
    const places = new Map<string, { service: Service; port: number; changed: number } | undefined>()
    for (const line of since(log.value.lines, moment)) {
      const address = line.downstreamLocal ?? ''
      if (!places.has(address)) {
        const place = portAt(address, pod, evidence)
        places.set(address, place && { ...place, changed: latestChange([place.service]) })
      }
      const at = places.get(address)
      if (at === undefined || Date.parse(line.at) <= at.changed) continue
      const same = known.find((one) => one.service === at.service && one.port === at.port)
      if (same === undefined) known.push({ service: at.service, port: at.port, lines: [{ entry: line, log }] })
      else same.lines.push({ entry: line, log })
    }
  }
  return known
}

/** Ports that are declared HTTP, and where all who connect speak something else (DPE). One who does so among others is a scanner, or a caller's own mistake. */
function brokenByCallers(moment: number, evidence: Evidence, target: Target): Found[] {
  return connectionsTo(moment, evidence, target).flatMap(({ service, port, lines }): Found[] => {
    const last = lines.at(-1)
    const claim = claimOfService({ host: hostOfService(service), port }, evidence)
    if (
      claim === undefined ||
      last === undefined ||
      lines.length < 2 ||
      !lines.every(({ entry }) => entry.flags.includes('DPE'))
    )
      return []
    const { entry, log } = last
    return [
      {
        code: 'MESH0120',
        standing: 'observed',
        subject: claim.subject,
        args: {
          port,
          host: claim.host,
          protocol: claim.protocol,
          end: 'whoever connects',
          failed: lines.length,
          requests: lines.length,
          flags: entry.flags,
          failure: (entry.details ?? 'no reason given').replaceAll('_', ' '),
        },
        because: [
          proof(claim.reading, claim.says),
          proof(
            log,
            `all of ${lines.length} connections ended so since the last change, at ${log.of?.name ?? 'a proxy'}`,
            quoteLine(entry),
          ),
        ],
        scope: [...target.hosts, claim.host],
      },
    ]
  })
}
