import type { Evidence } from '../evidence/evidence.ts'
import { hostMatches, serviceHost } from '../mesh/host.ts'
import { nearestNames } from '../mesh/names.ts'
import type { VirtualService } from '../mesh/objects.ts'
import { latestChange, refOf } from '../mesh/objects.ts'
import { formatRef } from '../mesh/ref.ts'
import type { RoutedTo } from '../mesh/routing.ts'
import { concerns, destinationsOf, hostsOf } from '../mesh/routing.ts'
import type { Target } from '../mesh/target.ts'
import { absentClusters } from './absent-clusters.ts'
import type { Args, Code, Found } from './check.ts'
import { defineCheck, proof } from './check.ts'
import { observed } from './traffic-of.ts'

/** A VirtualService routes to a host that nothing registers, or to a port its Service does not have. */
export const unknownDestinationHost = defineCheck({
  name: 'unknown-destination-host',
  about: 'every destination of a route is a host and port that some Service or ServiceEntry has',
  needs: ['virtual-services', 'services', 'service-entries'],
  confirms: ['routes', 'clusters', 'access-log'],
  problems: {
    MESH0103: {
      severity: 'error', title: 'unknown destination host', explains: ['MESH0401', 'MESH0404'], covers: ['IST0101 Referenced host not found'],
      says: '{subject} routes to {host}, which no Service or ServiceEntry has',
      remedy: 'Route to a host that exists; nearest: {nearest}.',
    },
    MESH0104: {
      severity: 'error', title: 'unknown destination port', explains: ['MESH0401', 'MESH0404'], covers: ['IST0101 host:port'],
      says: '{subject} routes to port {port} of {host}, which has only {ports}',
      remedy: 'Route to one of {ports}: the port of the Service, not of the container.',
    },
  },
  run(evidence, target) {
    const known = registeredHosts(evidence)
    const near = (one: VirtualService): boolean => one.metadata.namespace === target.namespace && destinationsOf(one).some(({ host }) => !isKnown(host, known) && target.hosts.includes(nearestNames(host, known.keys())[0] ?? ''))
    return evidence.objects('virtual-services').filter((one) => concerns(one, target.hosts) || near(one)).flatMap((one) => judge(one, known, evidence, target))
  },
})

/** Every host the mesh registers, with its ports (none when they are not known). */
function registeredHosts(evidence: Evidence): Map<string, number[]> {
  const hosts = new Map<string, number[]>()
  for (const { metadata, spec } of evidence.objects('services')) hosts.set(serviceHost(metadata.name, metadata.namespace ?? ''), (spec?.ports ?? []).map(({ port }) => port))
  for (const { spec } of evidence.objects('service-entries')) for (const host of spec?.hosts ?? []) hosts.set(host, [...(hosts.get(host) ?? []), ...(spec?.ports ?? []).map(({ number }) => number)])
  return hosts
}

const isKnown = (host: string, known: ReadonlyMap<string, number[]>): boolean => known.has(host) || [...known.keys()].some((pattern) => pattern.startsWith('*') && hostMatches(pattern, host))

function judge(virtualService: VirtualService, known: ReadonlyMap<string, number[]>, evidence: Evidence, target: Target): Found[] {
  const destinations = destinationsOf(virtualService).filter(({ mirror, weight }) => !mirror && weight !== 0)
  const once = destinations.filter((one, index) => destinations.findIndex(({ host, port }) => host === one.host && port === one.port) === index)
  return once.flatMap((to): Found[] => {
    if (!isKnown(to.host, known)) {
      const nearest = nearestNames(to.host, known.keys())
      return [found('MESH0103', virtualService, to, { host: to.host, nearest: nearest.length === 0 ? 'none is near' : nearest }, `no Service or ServiceEntry of the ${known.size} that were read is ${to.host}`, evidence, target)]
    }
    const ports = known.get(to.host) ?? []
    if (to.port === undefined || ports.length === 0 || ports.includes(to.port)) return []
    return [found('MESH0104', virtualService, to, { host: to.host, port: to.port, ports: ports.map(String) }, `${to.host} has port ${ports.join(', ')}`, evidence, target)]
  })
}

function found(code: Code, object: VirtualService, to: RoutedTo, args: Args, says: string, evidence: Evidence, target: Target): Found {
  const subject = refOf(object)
  const reading = evidence.seen('virtual-services')[0] ?? { kind: 'virtual-services' as const, source: '', at: '' }
  const live = absentClusters(object, evidence, ({ host, port }) => host === to.host && (code === 'MESH0103' || port === to.port))
  const seen = live.length === 0 ? [] : observed(evidence, [to.host, ...hostsOf(object)], latestChange([object]), 'were answered NC', ({ flags }) => flags.includes('NC'))
  return {
    code, standing: seen.length > 0 ? 'observed' : live.length > 0 ? 'live' : 'configured', subject, args,
    because: [proof(reading, `${formatRef(subject)} routes to ${to.host}${to.port === undefined ? '' : `:${to.port}`}; ${says}`), ...live, ...seen], scope: [to.host, ...target.hosts],
  }
}
