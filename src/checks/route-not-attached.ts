import { isConverted } from '../mesh/conversion.ts'
import { refOf } from '../mesh/objects.ts'
import { formatRef } from '../mesh/ref.ts'
import { gatewaysOf, hostsOf } from '../mesh/routing.ts'
import type { MeshRoute } from '../mesh/conversion.ts'
import type { Evidence } from '../evidence/evidence.ts'
import type { Target } from '../mesh/target.ts'
import type { Found } from './check.ts'
import { defineCheck, proof, standingOf } from './check.ts'
import { obstaclesOf, writtenAs } from './facts/attachment.ts'
import { readingFor } from './facts/readings.ts'
import { routesFor } from './facts/routes.ts'
import { isServedByOthers, notTaken, unrouted } from './facts/takers.ts'

/** No Gateway takes a route of the Gateway API that leads to the target: requests from outside find no way to it. */
export const routeNotAttached = defineCheck({
  name: 'route-not-attached',
  about: 'every route of the Gateway API that leads to the target is accepted by one of the Gateways it names',
  needs: ['gateway-api-gateways', 'http-routes'],
  confirms: [
    'gateway-classes',
    'grpc-routes',
    'tls-routes',
    'tcp-routes',
    'gateways',
    'virtual-services',
    'listener-sets',
    'namespaces',
    'pods',
    'routes',
    'access-log',
  ],
  problems: {
    MESH0121: {
      severity: 'error',
      title: 'route accepted by no Gateway',
      covers: ['IST0171'],
      kiali: ['KIA1401'],
      says: 'No Gateway accepts {route}: {clause}',
      remedy: '{correction}.',
      explains: ['MESH0401', 'MESH0404', 'MESH0608'],
    },
  },
  run(evidence, target) {
    const routes = routesFor(evidence, target).filter((one) => isConverted(one) && !gatewaysOf(one).includes('mesh'))
    return routes.flatMap((one) => judge(one, evidence, target))
  },
})

function judge(route: MeshRoute, evidence: Evidence, target: Target): Found[] {
  const written = writtenAs(route, evidence)
  const hosts = hostsOf(route)
  if (written === undefined) return []
  const each = (hosts.length === 0 ? ['*'] : hosts).map((host) => obstaclesOf(written, host, evidence))
  const [first] = each.flat()
  // What the parents accept, and Istio makes no route of, is another finding.
  if (first === undefined || first.isConversion === true || each.some((one) => one.length === 0)) return []
  const untaken = notTaken(route, evidence)
  const missing = untaken.length > 0 && isServedByOthers(route, hosts, evidence, target) ? [] : untaken
  const reading = readingFor('gateway-api-gateways', evidence)
  const seen = missing.length === 0 ? [] : unrouted(hosts, written, evidence)
  return [
    {
      code: 'MESH0121',
      standing: standingOf({ live: missing, observed: seen }),
      subject: first.subject,
      args: {
        route: formatRef(refOf(route)),
        clause: first.why,
        correction: first.remedy,
        hosts,
        ...(first.closed !== undefined && {
          gateway: formatRef(first.closed.gateway),
          listener: first.closed.listener,
          closed: first.closed.by,
        }),
      },
      because: [
        proof(reading, `no listener of the Gateways that ${formatRef(refOf(route))} names accepts it`),
        ...first.because,
        ...missing,
        ...seen,
      ],
      scope: [...hosts, ...target.hosts],
    },
  ]
}
