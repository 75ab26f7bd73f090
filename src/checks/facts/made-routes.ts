import type { Evidence } from '../../evidence/evidence.ts'
import type { Seen } from '../../evidence/reading.ts'
import type { Route } from '../../mesh/envoy.ts'
import { originOf, routesIn } from '../../mesh/envoy.ts'
import type { VirtualService } from '../../mesh/objects.ts'
import { refOf } from '../../mesh/objects.ts'
import { sameRef } from '../../mesh/ref.ts'
import { boundAs } from '../../mesh/routing.ts'

/** The routes that one proxy has of a VirtualService. */
export interface MadeRoutes {
  reading: Seen<'routes'>
  /** Name of the proxy's pod. */
  proxy: string
  routes: Route[]
}

/** What each proxy made of a VirtualService (a delegate's routes bear the name of those that delegate to it); proxies that have no route of it are left out. */
export function routesMadeFrom(virtualService: VirtualService, evidence: Evidence): MadeRoutes[] {
  const owners = boundAs(virtualService, evidence.objects('virtual-services')).map(refOf)
  return evidence.seen('routes').flatMap((reading) => {
    const routes = routesIn(reading.value).filter(({ metadata }) => {
      const origin = originOf(metadata)
      return origin !== undefined && owners.some((owner) => sameRef(origin, owner))
    })
    return routes.length === 0 ? [] : [{ reading, proxy: reading.of?.name ?? 'a proxy', routes }]
  })
}
