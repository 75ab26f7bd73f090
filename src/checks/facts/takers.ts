import type { Evidence } from '../../evidence/evidence.ts'
import { isConverted, type MeshRoute } from '../../mesh/conversion.ts'
import { routesIn } from '../../mesh/envoy.ts'
import { hostMatches } from '../../mesh/host.ts'
import { refOf } from '../../mesh/objects.ts'
import { sameRef } from '../../mesh/ref.ts'
import { gatewaysOf, hostsOf } from '../../mesh/routing.ts'
import type { Target } from '../../mesh/target.ts'
import { obstaclesOf, writtenAs } from './attachment.ts'
import { madeFrom } from './made-from.ts'
import { routesFor } from './routes.ts'

/** Proxies that have a route made from the object. */
export function takers(route: MeshRoute, evidence: Evidence): string[] {
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
