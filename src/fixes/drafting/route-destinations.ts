import { isDeepStrictEqual } from 'node:util'
import { hostMeant } from '../../mesh/host.ts'
import type { Destination, HttpRoute, L4Route, VirtualService } from '../../mesh/objects.ts'

/** Changes destinations of a route list: undefined leaves one as it is. `host` is its FQDN. */
export type DestinationEdit = (destination: Destination, host: string) => Destination | undefined

/** The whole lists (`http`, `tls`, `tcp`: Istio's lists are atomic) in which an edit changes something; undefined when it changes nothing. */
export function withDestinations(
  virtualService: VirtualService,
  edit: DestinationEdit,
): Record<string, unknown> | undefined {
  const to = (destination: Destination): Destination =>
    edit(destination, hostMeant(destination.host, virtualService)) ?? destination
  const changed = (['http', 'tls', 'tcp'] as const).flatMap((protocol): [string, unknown][] => {
    const list: readonly (HttpRoute | L4Route)[] = virtualService.spec?.[protocol] ?? []
    const next = list.map((route) => edited(route, to))
    return isDeepStrictEqual(list, next) ? [] : [[protocol, next]]
  })
  return changed.length === 0 ? undefined : Object.fromEntries(changed)
}

function edited(route: HttpRoute | L4Route, to: (destination: Destination) => Destination): HttpRoute | L4Route {
  const { mirror, mirrors } = route as HttpRoute
  return {
    ...route,
    ...(route.route !== undefined && {
      route: route.route.map((one) => ({ ...one, destination: to(one.destination) })),
    }),
    ...(mirror !== undefined && { mirror: to(mirror) }),
    ...(mirrors !== undefined && { mirrors: mirrors.map((one) => ({ ...one, destination: to(one.destination) })) }),
  }
}
