import type { Evidence } from '../evidence/evidence.ts'
import type { MeshRoute } from '../mesh/conversion.ts'
import { isConverted } from '../mesh/conversion.ts'
import { ROUTE_KINDS } from '../mesh/gateway-api.ts'
import { refOf } from '../mesh/objects.ts'
import { formatRef } from '../mesh/ref.ts'
import { gatewaysOf, hostsOf } from '../mesh/routing.ts'
import type { Target } from '../mesh/target.ts'
import type { Found } from './check.ts'
import { defineCheck, proof, standingOf } from './check.ts'
import { writtenAs } from './facts/attachment.ts'
import { readingFor } from './facts/readings.ts'
import { routesFor } from './facts/routes.ts'
import { isServedByOthers, notTaken, unrouted } from './facts/takers.ts'
import { unconverted } from './facts/unconverted.ts'

/** A route of the Gateway API holds something that Istio makes no route of: none of its rules has an effect, though its parents accept it. */
export const routeNotConverted = defineCheck({
  name: 'route-not-converted',
  about:
    'Istio makes routes of every route of the Gateway API that concerns the target: it knows their filters and matches',
  needs: ['http-routes'],
  confirms: [
    'grpc-routes',
    'tls-routes',
    'tcp-routes',
    'gateway-api-gateways',
    'gateway-classes',
    'gateways',
    'virtual-services',
    'listener-sets',
    'namespaces',
    'pods',
    'routes',
    'access-log',
  ],
  problems: {
    MESH0134: {
      severity: 'error',
      title: 'route that Istio cannot make',
      says: '{subject}: {clause}, so a gateway has none for the requests that it is for',
      remedy: '{correction}.',
      explains: ['MESH0401', 'MESH0404'],
      covers: ['IST0171'],
    },
    MESH0135: {
      severity: 'warning',
      title: 'mesh route that Istio cannot make',
      says: '{subject}: {clause}, so callers send requests to {service} as if it were not there',
      remedy: '{correction}.',
      covers: ['IST0171'],
    },
  },
  run: (evidence, target) =>
    routesFor(evidence, target)
      .filter(isConverted)
      .flatMap((one) => judge(one, evidence, target)),
})

function judge(route: MeshRoute, evidence: Evidence, target: Target): Found[] {
  const written = writtenAs(route, evidence)
  const trouble = written === undefined ? undefined : unconverted(written, evidence)
  if (written === undefined || trouble === undefined) return []
  const about = formatRef(refOf(written))
  const hosts = hostsOf(route)
  const isInside = gatewaysOf(route).includes('mesh')
  const untaken = notTaken(route, evidence)
  const missing = untaken.length > 0 && !isInside && isServedByOthers(route, hosts, evidence, target) ? [] : untaken
  const seen = missing.length === 0 || isInside ? [] : unrouted(hosts, written, evidence)
  return [
    {
      code: isInside ? 'MESH0135' : 'MESH0134',
      standing: standingOf({ live: missing, observed: seen }),
      subject: trouble.subject,
      args: { clause: trouble.why, correction: trouble.remedy, hosts, ...(isInside && { service: hosts.join(', ') }) },
      because: [
        proof(
          readingFor(ROUTE_KINDS[route.kind] ?? 'http-routes', evidence),
          `${about} is accepted, and no route is made of it`,
        ),
        ...trouble.because,
        ...missing,
        ...seen,
      ],
      scope: [...hosts, ...target.hosts],
    },
  ]
}
