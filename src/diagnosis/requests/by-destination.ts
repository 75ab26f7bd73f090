import { clustersOfRoute, type Route } from '../../mesh/envoy.ts'
import type { Request } from '../../checks/facts/requests-to.ts'
import type { Present } from './present.ts'
import { presentOf } from './present.ts'

/**
 * How the requests stand that a class sent to one destination, when as a whole they are well: requests that are alike in all that logs tell may differ in a header, and what a
 * route makes of those with it says nothing of the others.
 *
 * @param all those of the class
 * @param moment as `presentOf` has it
 * @param routes those of its virtual host: to what none of them sends, nobody is sent any more
 */
export function presentByDestination(
  all: readonly Request[],
  moment: number,
  routes: readonly Route[],
): Present | undefined {
  const live = new Set(routes.flatMap(clustersOfRoute))
  const groups = Map.groupBy(
    all.filter(({ entry: { upstreamCluster = '' } }) => live.has(upstreamCluster)),
    ({ entry: { upstreamCluster, routeName } }) => JSON.stringify([upstreamCluster, routeName]),
  )
  return groups.size < 2
    ? undefined
    : [...groups.values()].map((group) => presentOf(group, moment)).find(({ state }) => state === 'fails')
}
