import { toFqdn } from '../mesh/host.ts'
import type { Destination, HttpRoute, L4Route, VirtualService } from '../mesh/objects.ts'

/** Changes destinations of a route list: undefined leaves one as it is. `host` is its FQDN. */
export type DestinationEdit = (destination: Destination, host: string) => Destination | undefined

/** The whole lists (`http`, `tls`, `tcp`: Istio's lists are atomic) in which an edit changes something; undefined when it changes nothing. */
export function withDestinations(virtualService: VirtualService, edit: DestinationEdit): Record<string, unknown> | undefined {
  const namespace = virtualService.metadata.namespace ?? ''
  let changed = false
  const to = (destination: Destination): Destination => {
    const next = edit(destination, toFqdn(destination.host, namespace))
    if (next === undefined) return destination
    changed = true
    return next
  }
  const routed = <R extends HttpRoute | L4Route>(route: R): R => ({
    ...route,
    ...(route.route !== undefined && { route: route.route.map((one) => ({ ...one, destination: to(one.destination) })) }),
    ...('mirror' in route && route.mirror !== undefined && { mirror: to(route.mirror) }),
    ...('mirrors' in route && route.mirrors !== undefined && { mirrors: route.mirrors.map((one) => ({ ...one, destination: to(one.destination) })) }),
  })
  const spec: Record<string, unknown> = {}
  for (const protocol of ['http', 'tls', 'tcp'] as const) {
    const list = virtualService.spec?.[protocol]
    if (list === undefined) continue
    changed = false
    const next = (list as (HttpRoute | L4Route)[]).map((route) => routed(route))
    if (changed) spec[protocol] = next
  }
  return Object.keys(spec).length === 0 ? undefined : spec
}
