import { proof, type Proof } from '../check.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { isConverted, type MeshRoute, type RouteObject } from '../../mesh/conversion.ts'
import { routesIn } from '../../mesh/envoy.ts'
import { hostMatches } from '../../mesh/host.ts'
import { latestChange, refOf } from '../../mesh/objects.ts'
import { formatRef, sameRef } from '../../mesh/ref.ts'
import { gatewaysOf, hostsOf } from '../../mesh/routing.ts'
import type { Target } from '../../mesh/target.ts'
import { obstaclesOf, writtenAs } from './attachment.ts'
import { isGatewayPod } from './gateway-pod.ts'
import { madeFrom } from './made-from.ts'
import { routesFor } from './routes.ts'
import { observed } from './traffic-of.ts'

/** Proxies that have a route made from the object. */
function takers(route: MeshRoute, evidence: Evidence): string[] {
  return evidence.seen('routes').flatMap(({ of, value }) => {
    const made = routesIn(value)
    const isMine = made.some((one) => {
      const origin = madeFrom(one, evidence)
      return origin !== undefined && sameRef(origin, refOf(route))
    })
    return isMine && of !== undefined ? [of.name] : []
  })
}

/** True when other routes to the target take every one of the hosts: nobody may miss this one. */
export function isServedByOthers(
  route: MeshRoute,
  hosts: readonly string[],
  evidence: Evidence,
  target: Target,
): boolean {
  const others = routesFor(evidence, target).filter((one) => {
    if (sameRef(refOf(one), refOf(route)) || gatewaysOf(one).every((key) => key === 'mesh')) return false
    if (!isConverted(one)) return true
    const written = writtenAs(one, evidence)
    return written !== undefined && hostsOf(one).every((host) => obstaclesOf(written, host, evidence).length === 0)
  })
  return (
    hosts.length > 0 &&
    hosts.every((host) => others.some((one) => hostsOf(one).some((each) => hostMatches(each, host))))
  )
}

/** That no proxy that was read, of those that such a route is for, has a route made from the object; nothing where one has, or none was read. */
export const notTaken = (route: MeshRoute, evidence: Evidence): Proof[] => {
  const isInside = gatewaysOf(route).includes('mesh')
  const read = evidence.seen('routes').filter(({ of }) => {
    const pod = of === undefined ? undefined : evidence.object('pods', of.namespace ?? '', of.name)
    return isInside || (pod !== undefined && isGatewayPod(pod, evidence))
  })
  return takers(route, evidence).length > 0
    ? []
    : read
        .slice(0, 1)
        .map((one) =>
          proof(
            one,
            `${read.length === 1 ? (one.of?.name ?? 'the proxy') : `none of the ${read.length} ${isInside ? 'proxies' : 'gateways'} that were read`} has ${read.length === 1 ? 'no' : 'a'} route made from ${formatRef(refOf(route))}`,
          ),
        )
}

/** That requests for the hosts of a route met a gateway that has none for them, since it was changed. */
export const unrouted = (hosts: readonly string[], written: RouteObject, evidence: Evidence): Proof[] =>
  observed(
    evidence,
    hosts,
    latestChange([written]),
    'were answered 404 NR by a gateway that has no route for them',
    ({ flags }) => flags.includes('NR'),
  )
