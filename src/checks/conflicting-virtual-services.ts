import type { Evidence } from '../evidence/evidence.ts'
import type { Seen } from '../evidence/reading.ts'
import type { AccessLogLine } from '../mesh/access-log.ts'
import { since } from '../mesh/access-log.ts'
import type { Route } from '../mesh/envoy.ts'
import { clustersOfRoute, originOf, originOfRoute, parseClusterName } from '../mesh/envoy.ts'
import { conditionsOf, conditionsOfRoute, covers, describeMatch, isCatchAll, takesPath } from '../mesh/http-match.ts'
import type { VirtualService } from '../mesh/objects.ts'
import { latestChange, refOf } from '../mesh/objects.ts'
import type { Ref } from '../mesh/ref.ts'
import { formatRef, sameRef } from '../mesh/ref.ts'
import { concernsTarget, destinationsOf, gatewaysOf, hostsOf } from '../mesh/routing.ts'
import type { Target } from '../mesh/target.ts'
import type { Found, Proof } from './check.ts'
import { defineCheck, proof, standingOf } from './check.ts'
import { isForHosts, quoteLine } from './facts/traffic-of.ts'
import { defined } from '../mesh/defined.ts'

/** Two VirtualServices for one host: another takes the requests that this one would send to the target. */
export const conflictingVirtualServices = defineCheck({
  name: 'conflicting-virtual-services',
  about: 'no other VirtualService matches the requests that are routed to the target',
  needs: ['virtual-services'],
  confirms: ['routes', 'access-log'],
  problems: {
    MESH0108: {
      severity: 'error',
      title: 'hidden by another VirtualService',
      explains: ['MESH0401', 'MESH0404'],
      covers: ['IST0109'],
      kiali: ['KIA1106'],
      says: '{subject} does not get the requests for {host} ({matches}): {other} matches them first',
      remedy: 'Merge {subject} and {other} into one VirtualService, the more specific routes first.',
    },
    MESH0112: {
      severity: 'warning',
      title: 'two VirtualServices, one has no effect',
      covers: ['IST0109'],
      kiali: ['KIA1106'],
      says: '{subject} does not get the requests for {host} ({matches}): {other} matches them first and sends them to the same target',
      remedy:
        'Merge {subject} and {other} into one VirtualService: what {subject} says about these requests has no effect.',
    },
  },
  run(evidence, target) {
    const candidates = evidence.found('virtual-services')
    const others = candidates.map(({ object }) => object).filter((object) => concernsTarget(object, target))
    // Of thousands of VirtualServices, few share a host.
    const byHost = new Map<string, Set<number>>()
    for (const [index, other] of others.entries())
      for (const host of hostsOf(other)) byHost.set(host, (byHost.get(host) ?? new Set()).add(index))
    const sharing = (one: VirtualService): VirtualService[] =>
      [...new Set(hostsOf(one).flatMap((host) => [...(byHost.get(host) ?? [])]))]
        .toSorted((a, b) => a - b)
        .flatMap((index) => others[index] ?? [])
    return candidates
      .filter(({ object }) => leadsTo(object, target))
      .flatMap(({ object: one, reading }) =>
        sharing(one)
          .filter((other) => other !== one)
          .flatMap((other) => judge({ one, other, reading }, evidence, target)),
      )
  },
})

const leadsTo = (one: VirtualService, target: Target): boolean =>
  destinationsOf(one).some(({ host, mirror, weight }) => !mirror && weight !== 0 && target.hosts.includes(host))

interface Pair {
  one: VirtualService
  other: VirtualService
  reading: Seen
}

/** Requests that the other takes, as one proxy's routes show. */
interface Hidden {
  match: string
  /** True when the other sends them to the target all the same. */
  harmless: boolean
  proofs: { live: Proof; observed?: Proof }
}

function judge({ one, other, reading }: Pair, evidence: Evidence, target: Target): Found[] {
  const host = hostsOf(one).find((name) => hostsOf(other).includes(name))
  const gateways = gatewaysOf(one).filter((key) => gatewaysOf(other).includes(key))
  if (host === undefined || gateways.length === 0) return []
  const live = [
    ...hiddenLive({ one, other, reading }, host, evidence, target),
    ...(gateways.includes('mesh') ? ignoredLive({ one, other, reading }, host, evidence, target) : []),
  ]
  const configured = gateways.flatMap((key) =>
    key === 'mesh' ? ignoredInMesh(one, other) : hiddenAtGateway(one, other),
  )
  const matches = [...new Set([...configured, ...live.map(({ match }) => match)])]
  if (matches.length === 0) return []
  const harmless = live.length > 0 ? live.every((hit) => hit.harmless) : leadsTo(other, target)
  const seen = harmless ? [] : live.flatMap(({ proofs }) => proofs.observed ?? [])
  const standing = standingOf({ live: live.map(({ proofs }) => proofs.live), observed: seen })
  return [
    {
      code: harmless ? 'MESH0112' : 'MESH0108',
      standing,
      subject: refOf(one),
      args: { host, matches, other: formatRef(refOf(other)) },
      because: [
        proof(
          reading,
          `both are for ${host} on ${gateways.join(', ')}; ${formatRef(refOf(other))} was created ${older(other, one) ? 'before' : 'after'} ${formatRef(refOf(one))}`,
        ),
        ...live.map(({ proofs }) => proofs.live),
        ...seen,
      ],
      // The other is named too: what an analyzer says of it is then said already.
      scope: [host, ...target.hosts, formatRef(refOf(other))],
    },
  ]
}

/** istiod orders VirtualServices by age, then by name and namespace. */
function older(a: VirtualService, b: VirtualService): boolean {
  const key = ({ metadata }: VirtualService): string =>
    `${metadata.creationTimestamp ?? ''} ${metadata.name}.${metadata.namespace ?? ''}`
  return key(a) < key(b)
}

/** Sidecars use only the oldest VirtualService of a host. */
function ignoredInMesh(one: VirtualService, other: VirtualService): string[] {
  return older(other, one) ? [EVERY_REQUEST] : []
}

const EVERY_REQUEST = 'every request inside the mesh'

/** Gateways put the routes of all together, the oldest first, and catch-alls behind the rest. */
function hiddenAtGateway(one: VirtualService, other: VirtualService): string[] {
  if (!older(other, one)) return []
  const matches = ({ spec }: VirtualService) =>
    (spec?.http ?? []).flatMap(({ match }) =>
      match === undefined || match.length === 0
        ? [conditionsOf(undefined)]
        : match.map((single) => conditionsOf(single)),
    )
  const takers = matches(other)
  return matches(one)
    .filter((conditions) =>
      takers.some((taker) => isCatchAll(taker) === isCatchAll(conditions) && covers(taker, conditions)),
    )
    .map(describeMatch)
}

const isFrom = (route: Route, subject: Ref): boolean => {
  const origin = originOf(route.metadata)
  return origin !== undefined && sameRef(origin, subject)
}

const reaches = (route: Route, target: Target): boolean =>
  clustersOfRoute(route).some((name) => target.hosts.includes(parseClusterName(name)?.host ?? ''))

const inOrder = (routes: readonly Route[]): string =>
  routes
    .map(
      (route) =>
        `${describeMatch(conditionsOfRoute(route.match))}  (${originOfRoute(route)?.name ?? 'no VirtualService'})`,
    )
    .join('\n')

/** The routes that each proxy has for a host. */
function routesFor(host: string, evidence: Evidence): { reading: Seen<'routes'>; routes: Route[] }[] {
  return evidence.seen('routes').flatMap((reading) =>
    reading.value
      .flatMap(({ virtualHosts = [] }) => virtualHosts)
      .filter(({ domains = [] }) => domains.some((domain) => domain === host || domain.startsWith(`${host}:`)))
      .map(({ routes = [] }) => ({ reading, routes })),
  )
}

/** Proxies that ask a route of the other before the one of ours that leads to the target, and that takes all its requests. */
function hiddenLive({ one, other }: Pair, host: string, evidence: Evidence, target: Target): Hidden[] {
  return routesFor(host, evidence).flatMap(({ reading, routes }) =>
    routes.flatMap((route, index): Hidden[] => {
      if (!isFrom(route, refOf(one)) || !reaches(route, target)) return []
      const conditions = conditionsOfRoute(route.match)
      const taker = routes
        .slice(0, index)
        .find((before) => isFrom(before, refOf(other)) && covers(conditionsOfRoute(before.match), conditions))
      if (taker === undefined) return []
      const live = proof(
        reading,
        `${reading.of?.name ?? 'a proxy'} matches the route of ${formatRef(refOf(other))} before that of ${formatRef(refOf(one))}`,
        inOrder(routes),
      )
      const log = reading.of === undefined ? undefined : evidence.seenOf('access-log', reading.of)
      const observed =
        log === undefined
          ? undefined
          : takenProof(log, { one, other, host, taker, conditions, ours: clustersOfRoute(route) })
      return [
        {
          match: describeMatch(conditions),
          harmless: reaches(taker, target),
          proofs: { live, ...defined({ observed }) },
        },
      ]
    }),
  )
}

/** Requests that our route would have taken and the other's answered, as far as the log tells the two apart. */
function takenProof(
  log: Seen<'access-log'>,
  {
    one,
    other,
    host,
    taker,
    conditions,
    ours,
  }: {
    one: VirtualService
    other: VirtualService
    host: string
    taker: Route
    conditions: ReturnType<typeof conditionsOfRoute>
    ours: string[]
  },
): Proof | undefined {
  const theirs = clustersOfRoute(taker).filter((name) => !ours.includes(name))
  const byOther = ({ upstreamCluster, details, routeName }: AccessLogLine): boolean =>
    theirs.includes(upstreamCluster ?? '') ||
    (taker.route === undefined &&
      details === 'direct_response' &&
      (routeName === undefined || routeName === (taker.name ?? routeName)))
  const hits = since(log.value.lines, latestChange([one, other])).filter(
    (entry) =>
      isForHosts(defined({ authority: entry.authority }), [host]) &&
      byOther(entry) &&
      takesPath(conditions, entry.path),
  )
  const last = hits.at(-1)
  return last === undefined
    ? undefined
    : proof(
        log,
        `${hits.length} requests since the last change were answered by the route of ${formatRef(refOf(other))}`,
        quoteLine(last),
      )
}

/** Sidecars that have routes of the other for the host and none of ours. */
function ignoredLive({ one, other }: Pair, host: string, evidence: Evidence, target: Target): Hidden[] {
  return routesFor(host, evidence).flatMap(({ reading, routes }): Hidden[] => {
    const { of } = reading
    const theirs = routes.filter((route) => isFrom(route, refOf(other)))
    if (
      of === undefined ||
      !target.pods.some((pod) => sameRef(pod, of)) ||
      theirs.length === 0 ||
      routes.some((route) => isFrom(route, refOf(one)))
    )
      return []
    return [
      {
        match: EVERY_REQUEST,
        harmless: theirs.every((route) => reaches(route, target)),
        proofs: {
          live: proof(
            reading,
            `${of.name} has routes of ${formatRef(refOf(other))} for ${host}, and none of ${formatRef(refOf(one))}`,
            inOrder(routes),
          ),
        },
      },
    ]
  })
}
