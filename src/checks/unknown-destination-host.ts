import type { Evidence } from '../evidence/evidence.ts'
import type { Seen } from '../evidence/reading.ts'
import { isExportedTo } from '../mesh/destination-rules.ts'
import type { ClusterName } from '../mesh/envoy.ts'
import { nearestHosts } from '../mesh/host.ts'
import type { KubernetesObject, VirtualService } from '../mesh/objects.ts'
import { latestChange, refOf } from '../mesh/objects.ts'
import { formatRef } from '../mesh/ref.ts'
import type { Registry } from '../mesh/registry.ts'
import { registryOf } from './facts/registry.ts'
import type { RoutedTo } from '../mesh/routing.ts'
import { boundAs, concernsTarget, destinationsOf, hostsOf } from '../mesh/routing.ts'
import type { Target } from '../mesh/target.ts'
import { absentClusters, presentClusters } from './facts/absent-clusters.ts'
import type { Args, Code, Found, Proof } from './check.ts'
import { defineCheck, proof, standingOf } from './check.ts'
import { observed } from './facts/traffic-of.ts'

/** A VirtualService routes to a host that nothing registers for the caller, or to a port its Service does not have: no cluster, 503 NC. */
export const unknownDestinationHost = defineCheck({
  name: 'unknown-destination-host',
  about: 'every destination of a route is a host and port that some Service or ServiceEntry has',
  needs: ['virtual-services', 'services', 'service-entries'],
  confirms: ['routes', 'listeners', 'clusters', 'access-log'],
  problems: {
    MESH0103: {
      severity: 'error',
      title: 'unknown destination host',
      explains: ['MESH0401', 'MESH0404'],
      covers: ['IST0101 Referenced host not found'],
      kiali: ['KIA1101'],
      says: '{subject} routes to {host}, which no Service or ServiceEntry defines',
      remedy: 'Route to a host that exists; nearest: {nearest}.',
    },
    MESH0104: {
      severity: 'error',
      title: 'unknown destination port',
      explains: ['MESH0401', 'MESH0404'],
      covers: ['IST0101 host:port'],
      says: '{subject} routes to port {port} of {host}, which has only {ports}',
      remedy: 'Route to one of {ports}: the port of the Service, not of the container.',
    },
    MESH0114: {
      severity: 'error',
      title: 'destination port not named',
      explains: ['MESH0401', 'MESH0404'],
      covers: ['IST0112'],
      says: '{subject} names no port of {host}, which has several: {ports}',
      remedy: 'Name one of {ports} as the port of the destination.',
    },
    MESH0115: {
      severity: 'error',
      title: 'ExternalName without ServiceEntry',
      explains: ['MESH0401', 'MESH0404'],
      covers: ['IST0101 host:port'],
      says: '{subject} routes to {host}, which is an alias of {external}, and no ServiceEntry has {external}',
      remedy: 'Add a ServiceEntry for {external}.',
    },
    MESH0117: {
      severity: 'error',
      title: 'destination hidden from the caller',
      explains: ['MESH0401', 'MESH0404'],
      says: '{subject} has {host} and is exported to {exported} only, so callers in namespace {caller} have no such destination',
      remedy: 'Export {subject} to namespace {caller} too.',
    },
  },
  run(evidence, target) {
    const registry = registryOf(evidence)
    const near = (one: VirtualService): boolean =>
      destinationsOf(one).some(
        ({ host }) =>
          registry.of(host).length === 0 &&
          (one.metadata.namespace === target.namespace || host.split('.')[1] === target.namespace) &&
          target.hosts.includes(nearestHosts(host, registry.hosts)[0] ?? ''),
      )
    return evidence
      .found('virtual-services')
      .filter(({ object }) => concernsTarget(object, target) || near(object))
      .flatMap((source) => judge(source, registry, evidence, target))
  },
})

interface Source {
  object: VirtualService
  reading: Seen
}

function judge(source: Source, registry: Registry, evidence: Evidence, target: Target): Found[] {
  const destinations = destinationsOf(source.object).filter(({ mirror, weight }) => !mirror && weight !== 0)
  const once = destinations.filter(
    (one, index) => destinations.findIndex(({ host, port }) => host === one.host && port === one.port) === index,
  )
  return once.flatMap((to) => judgeDestination(source, to, registry, evidence, target))
}

function judgeDestination(
  source: Source,
  to: RoutedTo,
  registry: Registry,
  evidence: Evidence,
  target: Target,
): Found[] {
  const { host, port } = to
  const registered = registry.of(host)
  const find = (code: Code, args: Args, says: string, wanted: (cluster: ClusterName) => boolean): Found[] => [
    found(code, source, to, { args, says, wanted }, evidence, target),
  ]
  if (registered.length === 0) {
    const wildcards = registry.wildcardsOver(host)
    const nearest = [...wildcards, ...nearestHosts(host, registry.hosts)]
    const says =
      wildcards.length === 0
        ? `no Service or ServiceEntry of the ${registry.hosts.length} that were read is ${host}`
        : `only ${wildcards.join(', ')} matches it, and a wildcard cannot be a destination`
    return find(
      'MESH0103',
      { host, nearest: nearest.length === 0 ? 'none is near' : nearest },
      says,
      (cluster) => cluster.host === host,
    )
  }
  const external = registered.flatMap((one) => one.external ?? [])
  const [alias] = external
  if (alias !== undefined && registry.of(alias).length === 0) {
    return find(
      'MESH0115',
      { host, external: alias },
      `${host} is an ExternalName Service for ${alias}, which no ServiceEntry of those that were read has`,
      (cluster) => [host, alias].includes(cluster.host),
    )
  }
  const ports = [...new Set(registered.flatMap((one) => one.ports))]
  if (port !== undefined && ports.length > 0 && !ports.includes(port))
    return find(
      'MESH0104',
      { host, port, ports: ports.map(String) },
      `${host} has port ${ports.join(', ')}`,
      (cluster) => cluster.host === host && cluster.port === port,
    )
  // Without a port the proxy takes its own listener's: that of the gateway, or the one the caller used.
  if (port === undefined && ports.length > 1)
    return find(
      'MESH0114',
      { host, ports: ports.map(String) },
      `${host} has port ${ports.join(', ')}`,
      (cluster) => cluster.host === host && cluster.subset === (to.subset ?? ''),
    )
  return alias === undefined ? hidden(source, to, registry, evidence, target) : []
}

function found(
  code: Code,
  { object, reading }: Source,
  to: RoutedTo,
  { args, says, wanted }: { args: Args; says: string; wanted: (cluster: ClusterName) => boolean },
  evidence: Evidence,
  target: Target,
): Found {
  const subject = refOf(object)
  const live = absentClusters(object, evidence, wanted)
  const against = live.length > 0 ? [] : presentClusters(object, evidence, wanted)
  const seen = live.length === 0 ? [] : failing(object, to.host, [], evidence)
  return {
    code,
    standing: standingOf({ live, observed: seen }),
    subject,
    args,
    because: [
      proof(
        reading,
        `${formatRef(subject)} routes to ${to.host}${to.port === undefined ? '' : `:${to.port}`}; ${says}`,
      ),
      ...live,
      ...against,
      ...seen,
    ],
    scope: [to.host, ...target.hosts],
  }
}

/** Requests answered NC since the objects last changed. */
function failing(
  object: VirtualService,
  host: string,
  others: readonly KubernetesObject[],
  evidence: Evidence,
): Proof[] {
  const known = boundAs(object, evidence.objects('virtual-services'))
  return observed(
    evidence,
    [host, ...known.flatMap(hostsOf)],
    latestChange([object, ...known, ...others]),
    'were answered NC',
    ({ flags }) => flags.includes('NC'),
  )
}

/** A destination that exists and is not exported to the namespace of a proxy that lacks its cluster. Never found by the objects alone. */
function hidden(
  { object }: Source,
  { host, port }: RoutedTo,
  registry: Registry,
  evidence: Evidence,
  target: Target,
): Found[] {
  const lacking = absentClusters(
    object,
    evidence,
    (cluster) => cluster.host === host && cluster.subset === '' && (port === undefined || cluster.port === port),
  )
  return [...Map.groupBy(lacking, ({ of }) => of?.namespace ?? '')].flatMap(([caller, live]): Found[] => {
    const all = registry.of(host)
    const [first] = all
    if (
      first === undefined ||
      all.some((one) => isExportedTo(one.exportTo, one.object.metadata.namespace ?? '', caller))
    )
      return []
    const subject = refOf(first.object)
    const kind = first.object.kind === 'ServiceEntry' ? 'service-entries' : 'services'
    const reading = evidence.found(kind).find((one) => one.object === first.object)?.reading
    if (reading === undefined) return []
    const exported = first.exportTo.map((entry) => (entry === '.' ? 'its own namespace' : entry))
    const seen = failing(object, host, [first.object], evidence)
    return [
      {
        code: 'MESH0117',
        standing: standingOf({ live, observed: seen }),
        subject,
        args: { host, exported, caller },
        because: [
          proof(
            reading,
            `${formatRef(subject)} is exported to ${exported.join(', ')}, and ${formatRef(refOf(object))} routes to it`,
          ),
          ...live,
          ...seen,
        ],
        scope: [host, ...target.hosts],
      },
    ]
  })
}
