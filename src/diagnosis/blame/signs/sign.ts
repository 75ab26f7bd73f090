import { madeFrom } from '../../../checks/facts/made-from.ts'
import type { Group } from '../../../checks/facts/requests-to.ts'
import type { AccessLogLine } from '../../../mesh/access-log.ts'
import type { Route } from '../../../mesh/envoy.ts'
import { clustersOfRoute, parseClusterName } from '../../../mesh/envoy.ts'
import type { Pod, VirtualService } from '../../../mesh/objects.ts'
import { refOf } from '../../../mesh/objects.ts'
import type { Ref } from '../../../mesh/ref.ts'
import { boundAs, destinationsOf } from '../../../mesh/routing.ts'
import type { Way } from '../../requests/followed.ts'
import type { Lead } from '../lead.ts'

/** What the lines of a group have in common. */
export interface Sign {
  entry: AccessLogLine
  /** The pod whose proxy wrote the line. */
  at: Pod | undefined
  /** The pod that was to take the request. */
  pod: Pod | undefined
  group: Group
}

/** A lead that a sign gives. */
export const lead = (code: Lead['code'], subject: Ref, why: string, remedy: string): Lead => ({
  code,
  subject,
  why,
  remedy,
})
/** `3 requests` */
export const times = ({ group }: Sign): string => `${group.length} request${group.length === 1 ? '' : 's'}`

/**
 * The route of the caller's proxy that took the request: the one that its line names among those of the virtual host, which knows of headers that no log tells, else as the
 * walk found it, else by the name alone.
 */
export function routesOf({ entry, group }: Sign, way: Way | undefined): Route[] {
  const isNamed = ({ name }: Route): boolean =>
    name !== undefined && name !== 'default' && [entry.routeName, group.at(-1)?.entry.routeName].includes(name)
  const taken = (way?.trace.walk.route?.virtualHost?.routes ?? []).filter(isNamed)
  if (taken.length > 0) return taken
  const walked = (way?.trace.walk.route?.branches ?? []).flatMap(({ route }) => route ?? [])
  return walked.length > 0
    ? walked
    : (way?.trace.proxy.routes ?? [])
        .flatMap(({ virtualHosts = [] }) => virtualHosts)
        .flatMap(({ routes = [] }) => routes)
        .filter(isNamed)
}

/** The delegate that gave a VirtualService the route in its name: the only one that leads where the route does, when its own routes do not. */
function delegateBehind(
  root: VirtualService,
  route: Route,
  all: readonly VirtualService[],
): VirtualService | undefined {
  const hosts = new Set(clustersOfRoute(route).flatMap((name) => parseClusterName(name)?.host ?? []))
  const leads = (one: VirtualService): boolean =>
    destinationsOf(one).some(({ host, mirror }) => !mirror && hosts.has(host))
  if (leads(root)) return undefined
  const [only, ...others] = all.filter((one) => one !== root && boundAs(one, all).includes(root) && leads(one))
  return others.length === 0 ? only : undefined
}

/** The objects that routes were made from; a delegate for those that bear the name of the one that delegates to it. */
export function makersOf(routes: readonly Route[], way: Way | undefined): Ref[] {
  if (way === undefined) return []
  const { evidence } = way.trace
  const all = evidence.objects('virtual-services')
  return routes.flatMap((route): Ref[] => {
    const maker = madeFrom(route, evidence)
    if (maker === undefined) return []
    const root =
      maker.kind === 'VirtualService' ? evidence.object('virtual-services', maker.namespace, maker.name) : undefined
    const delegate = root === undefined ? undefined : delegateBehind(root, route, all)
    return [delegate === undefined ? maker : refOf(delegate)]
  })
}

/** What the line says of why: of the response or, for a bare connection, of its end. */
export const reasonOf = ({ details, termination }: AccessLogLine): string => details ?? termination ?? ''
