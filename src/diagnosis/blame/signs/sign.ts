import { madeFrom } from '../../../checks/facts/made-from.ts'
import type { Group } from '../../../checks/facts/requests-to.ts'
import type { AccessLogLine } from '../../../mesh/access-log.ts'
import type { Route } from '../../../mesh/envoy.ts'
import type { Pod } from '../../../mesh/objects.ts'
import type { Ref } from '../../../mesh/ref.ts'
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

/** The objects that routes were made from. */
export const makersOf = (routes: readonly Route[], way: Way | undefined): Ref[] =>
  way === undefined ? [] : routes.flatMap((route) => madeFrom(route, way.trace.evidence) ?? [])

/** What the line says of why: of the response or, for a bare connection, of its end. */
export const reasonOf = ({ details, termination }: AccessLogLine): string => details ?? termination ?? ''
