import { routesIn } from '../mesh/envoy.ts'
import { madeFrom, ruleMade } from './facts/made-from.ts'
import { latestChange, refOf } from '../mesh/objects.ts'
import { formatRef, sameRef } from '../mesh/ref.ts'
import type { RouteObject } from '../mesh/conversion.ts'
import { hostOfBackend, isConverted } from '../mesh/conversion.ts'
import { ROUTE_KINDS } from '../mesh/gateway-api.ts'
import type { Evidence } from '../evidence/evidence.ts'
import type { Target } from '../mesh/target.ts'
import type { Found, Proof } from './check.ts'
import { defineCheck, proof, standingOf } from './check.ts'
import { writtenAs } from './facts/attachment.ts'
import { backendTroubles, type BackendTrouble } from './facts/backends.ts'
import { readingFor } from './facts/readings.ts'
import { routesFor } from './facts/routes.ts'
import { observed } from './facts/traffic-of.ts'

/** A route of the Gateway API refers to a backend that it may not, or that does not exist: its share of the requests is answered 500. */
export const routeBackend = defineCheck({
  name: 'route-backend',
  about: 'every backend of the routes of the Gateway API that concern the target exists, and may be referred to',
  needs: ['http-routes', 'services'],
  confirms: [
    'reference-grants',
    'listener-sets',
    'grpc-routes',
    'tls-routes',
    'tcp-routes',
    'gateway-api-gateways',
    'gateway-classes',
    'namespaces',
    'gateways',
    'virtual-services',
    'routes',
    'clusters',
  ],
  problems: {
    MESH0122: {
      severity: 'error',
      title: 'backend of a route not granted',
      says: '{subject}: {clause}',
      remedy: '{correction}.',
      explains: ['MESH0401', 'MESH0404'],
      covers: ['IST0171'],
    },
    MESH0123: {
      severity: 'error',
      title: 'backend of a route not found',
      says: '{subject}: {clause}',
      remedy: '{correction}.',
      explains: ['MESH0401', 'MESH0404'],
      covers: ['IST0171'],
      kiali: ['KIA1402'],
    },
  },
  run(evidence, target) {
    const written = new Set(
      routesFor(evidence, target)
        .filter(isConverted)
        .flatMap((one) => writtenAs(one, evidence) ?? []),
    )
    return [...written].flatMap((route) =>
      backendTroubles(route, undefined, evidence).map((trouble) => found(route, trouble, evidence, target)),
    )
  },
})

/** Proxies whose routes made from the object send to no cluster, as istiod writes it when a backend is none that it may use, or to one that is not there. */
function live(route: RouteObject, { ref }: BackendTrouble, evidence: Evidence): Proof[] {
  const host = hostOfBackend(ref, route.metadata.namespace ?? '', evidence.clusterDomain)
  return evidence.seen('routes').flatMap((reading) => {
    const made = routesIn(reading.value).filter((one) => {
      const origin = madeFrom(one, evidence)
      return origin !== undefined && sameRef(origin, refOf(route))
    })
    const clusters = made.flatMap(({ route: action }) => [
      ...(action?.cluster === undefined ? [] : [action.cluster]),
      ...(action?.weightedClusters?.clusters ?? []).flatMap(({ name }) => name ?? []),
    ])
    const isDirect = made.some(({ directResponse }) => directResponse?.status === 500)
    const known = reading.of === undefined ? undefined : evidence.seenOf('clusters', reading.of)
    const absent = clusters.find(
      (name) =>
        name === 'UnknownService' ||
        (name === `outbound|${ref.port ?? ''}||${host ?? ''}` &&
          known !== undefined &&
          !known.value.some((cluster) => cluster.name === name)),
    )
    return isDirect || absent !== undefined
      ? [
          proof(
            reading,
            `a route of ${reading.of?.name ?? 'a proxy'} made from ${formatRef(refOf(route))} ${isDirect ? 'answers 500 itself' : `sends to \`${absent ?? ''}\`, which is no cluster`}`,
          ),
        ]
      : []
  })
}

function found(route: RouteObject, trouble: BackendTrouble, evidence: Evidence, target: Target): Found {
  const proofs = live(route, trouble, evidence).slice(0, 2)
  const reading = readingFor(ROUTE_KINDS[route.kind] ?? 'http-routes', evidence)
  const seen =
    proofs.length === 0
      ? []
      : observed(
          evidence,
          [...(route.spec?.hostnames ?? []), ...target.hosts],
          latestChange([route]),
          'were answered 500 by a route made from it',
          ({ code, routeName }) => code === 500 && ruleMade(routeName, route) !== undefined,
        )
  return {
    code: trouble.isGranted ? 'MESH0123' : 'MESH0122',
    standing: standingOf({ live: proofs, observed: seen }),
    subject: trouble.subject,
    args: {
      clause: trouble.why,
      correction: trouble.remedy,
      route: formatRef(refOf(route)),
      namespace: trouble.ref.namespace ?? route.metadata.namespace ?? '',
      service: trouble.ref.name,
      ...(trouble.ref.port !== undefined && { port: trouble.ref.port }),
    },
    because: [
      proof(reading, `${formatRef(refOf(route))} refers to ${trouble.ref.kind ?? 'Service'} ${trouble.ref.name}`),
      ...trouble.because,
      ...proofs,
      ...seen,
    ],
    scope: [...(route.spec?.hostnames ?? []), ...target.hosts],
  }
}
