import { conditionsOf, covers, type Conditions } from '../../mesh/http-match.ts'
import type { HttpRoute } from '../../mesh/objects.ts'

/** A route's matches; one that has none takes everything. Matches for certain gateways are told apart by these. */
export function matchesOf({ match }: HttpRoute): { conditions: Conditions; gateways: string }[] {
  const all = match === undefined || match.length === 0 ? [undefined] : match
  return all.map((one) => ({ conditions: conditionsOf(one), gateways: JSON.stringify(one?.gateways ?? []) }))
}

/** True when some match of `wide` takes all requests of some match of `narrow`, and the other way round it is not so. */
function goesBefore(narrow: HttpRoute, wide: HttpRoute): boolean {
  return matchesOf(wide).some((w) =>
    matchesOf(narrow).some(
      (n) =>
        (w.gateways === '[]' || w.gateways === n.gateways) &&
        covers(w.conditions, n.conditions) &&
        !covers(n.conditions, w.conditions),
    ),
  )
}

/** True when every match of a route is taken by earlier ones of another. */
const hides = (first: HttpRoute, later: HttpRoute): boolean =>
  matchesOf(later).every((n) =>
    matchesOf(first).some(
      (w) => (w.gateways === '[]' || w.gateways === n.gateways) && covers(w.conditions, n.conditions),
    ),
  )

/** Puts a route before the first one that takes requests of it without being as narrow; behind all when there is none. */
export function insertRoute(routes: readonly HttpRoute[], route: HttpRoute): HttpRoute[] {
  const at = routes.findIndex((one) => goesBefore(route, one))
  return at === -1 ? [...routes, route] : [...routes.slice(0, at), route, ...routes.slice(at)]
}

/** Routes of a list that an earlier one hides wholly. */
export const hiddenIn = (routes: readonly HttpRoute[]): HttpRoute[] =>
  routes.filter((route, index) => routes.slice(0, index).some((earlier) => hides(earlier, route)))
