import type { Evidence } from '../../evidence/evidence.ts'
import { milliseconds } from '../../mesh/duration.ts'
import type { Route } from '../../mesh/envoy.ts'
import { clustersOfRoute, routesIn } from '../../mesh/envoy.ts'
import type { Ref } from '../../mesh/ref.ts'
import { formatRef } from '../../mesh/ref.ts'
import { proof, type Proof } from '../check.ts'
import { madeFrom } from './made-from.ts'
import type { Logged } from './requests-to.ts'

/** How far a cut-off request's duration may be from the route's timeout: timers are late on a busy node. */
const NEAR = { milliseconds: 50, share: 0.1 }

/** The route that cut a request off, and the object that route was made from. */
export interface Limit {
  owner: Ref
  route: Route
  /** `0.5s`. */
  timeout: string
  milliseconds: number
}

/** The route of the caller's proxy that leads where the request went and gives up after about as long as it lasted. */
export function limitOf({ entry, log }: Logged, evidence: Evidence): Limit | undefined {
  const { duration, upstreamCluster = '' } = entry
  const routes = log.of === undefined ? [] : routesIn(evidence.seenOf('routes', log.of)?.value)
  for (const route of routes.filter((one) => clustersOfRoute(one).includes(upstreamCluster))) {
    const owner = madeFrom(route, evidence)
    const timeout = route.route?.timeout
    const limit = milliseconds(timeout)
    if (owner === undefined || timeout === undefined || limit === undefined || limit === 0 || duration === undefined)
      continue
    if (Math.abs(duration - limit) <= Math.max(NEAR.milliseconds, limit * NEAR.share))
      return { owner, route, timeout: timeout.replace(/\.?0+s$/, 's'), milliseconds: limit }
  }
  return undefined
}

/** What the proxy of a log has of a limit. */
export function proofOfLimit({ owner, route, timeout }: Limit, log: Logged['log'], evidence: Evidence): Proof[] {
  const routes = log.of === undefined ? undefined : evidence.seenOf('routes', log.of)
  return routes === undefined
    ? []
    : [
        proof(
          routes,
          `${routes.of?.name ?? 'a proxy'} has the timeout ${timeout} in the route made from ${formatRef(owner)}`,
          JSON.stringify({ match: route.match, timeout: route.route?.timeout, cluster: route.route?.cluster }),
        ),
      ]
}
