import type { Evidence } from '../evidence/evidence.ts'
import type { Route } from '../mesh/envoy.ts'
import { clustersOfRoute, originOf, parseClusterName } from '../mesh/envoy.ts'
import { conditionsOf, conditionsOfRoute, covers, describeMatch, isCatchAll } from '../mesh/http-match.ts'
import type { VirtualService } from '../mesh/objects.ts'
import { refOf } from '../mesh/objects.ts'
import type { Ref } from '../mesh/ref.ts'
import { formatRef, sameRef } from '../mesh/ref.ts'
import { concerns, destinationsOf, gatewaysOf, hostsOf } from '../mesh/routing.ts'
import type { Target } from '../mesh/target.ts'
import type { Found, Proof } from './check.ts'
import { defineCheck, proof } from './check.ts'

/** Two VirtualServices for one host: another takes the requests that this one would send to the target. */
export const conflictingVirtualServices = defineCheck({
  name: 'conflicting-virtual-services',
  about: 'no other VirtualService takes the requests that are routed to the target',
  needs: ['virtual-services'],
  confirms: ['routes'],
  problems: {
    MESH0108: {
      severity: 'error', title: 'hidden by another VirtualService', explains: ['MESH0401', 'MESH0404'], covers: ['IST0109'],
      says: '{subject} does not get the requests for {host} ({matches}): {other} takes them first',
      remedy: 'Merge {subject} and {other} into one VirtualService, the more specific routes first.',
    },
  },
  run(evidence, target) {
    const candidates = evidence.objects('virtual-services')
    return candidates.filter((one) => destinationsOf(one).some(({ host }) => target.hosts.includes(host))).flatMap((one) =>
      candidates.filter((other) => other !== one && concerns(other, target.hosts)).flatMap((other) => judge(one, other, evidence, target)))
  },
})

function judge(one: VirtualService, other: VirtualService, evidence: Evidence, target: Target): Found[] {
  const host = hostsOf(one).find((name) => hostsOf(other).includes(name))
  const gateways = gatewaysOf(one).filter((key) => gatewaysOf(other).includes(key))
  if (host === undefined || gateways.length === 0) return []
  const live = hiddenLive(one, other, host, evidence, target)
  const configured = gateways.flatMap((key) => (key === 'mesh' ? ignoredInMesh(one, other) : hiddenAtGateway(one, other)))
  const matches = [...new Set([...configured, ...live.map(({ match }) => match)])]
  if (matches.length === 0) return []
  const reading = evidence.seen('virtual-services')[0] ?? { kind: 'virtual-services' as const, source: '', at: '' }
  return [{
    code: 'MESH0108', standing: live.length > 0 ? 'live' : 'configured', subject: refOf(one),
    args: { host, matches, other: formatRef(refOf(other)) },
    because: [proof(reading, `both are for ${host} on ${gateways.join(', ')}; ${formatRef(refOf(other))} was made ${older(other, one) ? 'before' : 'after'} ${formatRef(refOf(one))}`), ...live.map((hit) => hit.proof)],
    scope: [host, ...target.hosts],
  }]
}

/** istiod orders VirtualServices by age, then by name and namespace. */
function older(a: VirtualService, b: VirtualService): boolean {
  const key = ({ metadata }: VirtualService): string => `${metadata.creationTimestamp ?? ''} ${metadata.name}.${metadata.namespace ?? ''}`
  return key(a) < key(b)
}

/** Sidecars use only the oldest VirtualService of a host. */
function ignoredInMesh(one: VirtualService, other: VirtualService): string[] {
  return older(other, one) ? ['every request inside the mesh'] : []
}

/** Gateways put the routes of all together, the oldest first, and catch-alls behind the rest. */
function hiddenAtGateway(one: VirtualService, other: VirtualService): string[] {
  const matches = ({ spec }: VirtualService) => (spec?.http ?? []).flatMap(({ match }) => (match === undefined || match.length === 0 ? [conditionsOf(undefined)] : match.map((single) => conditionsOf(single))))
  const before = matches(other).filter((taker) => older(other, one) || !isCatchAll(taker))
  return matches(one).filter((conditions) => before.some((taker) => covers(taker, conditions) && (isCatchAll(taker) === isCatchAll(conditions) ? older(other, one) : isCatchAll(conditions)))).map(describeMatch)
}

const isFrom = (route: Route, subject: Ref): boolean => { const origin = originOf(route.metadata); return origin !== undefined && sameRef(origin, subject) }

/** Proxies whose virtual host for the host has a route of the other before one that leads to the target, and none of ours left that is reached. */
function hiddenLive(one: VirtualService, other: VirtualService, host: string, evidence: Evidence, target: Target): { match: string; proof: Proof }[] {
  return evidence.seen('routes').flatMap((reading) => reading.value.flatMap(({ virtualHosts = [] }) => virtualHosts)
    .filter(({ domains = [] }) => domains.some((domain) => domain === host || domain.startsWith(`${host}:`)))
    .flatMap(({ routes = [] }) => routes.flatMap((route, index) => {
      if (!isFrom(route, refOf(one)) || !clustersOfRoute(route).some((name) => target.hosts.includes(parseClusterName(name)?.host ?? ''))) return []
      const conditions = conditionsOfRoute(route.match)
      const taker = routes.slice(0, index).find((before) => isFrom(before, refOf(other)) && covers(conditionsOfRoute(before.match), conditions))
      return taker === undefined ? [] : [{ match: describeMatch(conditions), proof: proof(reading, `${reading.of?.name ?? 'a proxy'} asks the route of ${formatRef(refOf(other))} before that of ${formatRef(refOf(one))}`, routes.map(({ match, metadata }) => `${describeMatch(conditionsOfRoute(match))}  (${originOf(metadata)?.name ?? 'no VirtualService'})`).join('\n')) }]
    })))
}
