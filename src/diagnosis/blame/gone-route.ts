import { withoutQuery } from '../../mesh/walk/path.ts'
import { nearest } from '../../checks/facts/requests-to.ts'
import { allGateways, allRoutes, routeObjects } from '../../checks/facts/routes.ts'
import { parseClusterName } from '../../mesh/envoy.ts'
import { gatewayHost, hostMatches } from '../../mesh/host.ts'
import { changedAt } from '../../mesh/objects.ts'
import type { Ref } from '../../mesh/ref.ts'
import { formatRef } from '../../mesh/ref.ts'
import { boundAs, destinationsOf, hostsOf } from '../../mesh/routing.ts'
import { answerOf } from '../requests/answer.ts'
import { isLedTo } from '../requests/once-led.ts'
import type { Case, Lead } from './lead.ts'
import { value } from './lead.ts'

/** Answers that tell that a route took the requests. */
const ENOUGH = 3
/** Milliseconds in which a changed object comes to a proxy. */
const PUSHED = 3_000

/** The route of the Gateway API that a proxy's route was made from by its name, `shop.orders.0`, when it is there no more. */
function namedRoute(routeName: string | undefined, { evidence }: Case): Ref | undefined {
  const [, namespace, name] = /^([a-z0-9-]+)\.(.+)\.\d+$/.exec(routeName ?? '') ?? []
  if (namespace === undefined || name === undefined || evidence.seen('http-routes').length === 0) return undefined
  return routeObjects(evidence).some(({ metadata }) => metadata.name === name && metadata.namespace === namespace)
    ? undefined
    : { kind: 'HTTPRoute', namespace, name }
}

/**
 * Where requests were led to the target and answered, fail since, and no route or Gateway for their host was changed in between: the route that led them was deleted, and those
 * that are left are not to blame for what they never took.
 */
export function routeGone(one: Case): Lead[] {
  const { followed, target, evidence } = one
  const { requests, present } = followed
  const [first] = present.failures
  if (first === undefined) return []
  const { host } = requests.question
  const led = requests.requests
    .filter((each) => answerOf(each) === 'answered' && isLedTo(each.entry, target))
    .toSorted((a, b) => Date.parse(a.entry.at) - Date.parse(b.entry.at))
  const last = led.at(-1)
  if (last === undefined || led.length < ENOUGH || Date.parse(first.entry.at) < Date.parse(last.entry.at)) return []
  const all = allRoutes(evidence)
  const acting = [
    ...all.filter((route) => boundAs(route, all).some((each) => hostsOf(each).some((own) => hostMatches(own, host)))),
    // One that leads to the target may have had this host until it was given another.
    ...all.filter((route) => destinationsOf(route).some((to) => target.hosts.includes(to.host))),
    ...allGateways(evidence).filter(({ spec }) =>
      (spec?.servers ?? []).some(({ hosts = [] }) => hosts.some((entry) => hostMatches(gatewayHost(entry).host, host))),
    ),
  ]
  if (acting.some((object) => (changedAt(object) ?? Infinity) > Date.parse(last.entry.at) - PUSHED)) return []
  const { method = '', path = '', upstreamCluster } = nearest(first).entry
  const elsewhere = parseClusterName(upstreamCluster ?? first.entry.upstreamCluster ?? '')
  const now =
    elsewhere?.direction === 'outbound' && !target.hosts.includes(elsewhere.host)
      ? `now they are sent to ${value(elsewhere.host)}`
      : 'none of those that are left matches them'
  const asked = `${value(`${method} ${withoutQuery(path)}`)} of ${value(host)}`
  const named = namedRoute(last.entry.routeName, one)
  return [
    {
      code: 'MESH0131',
      isDeeper: true,
      subject: named ?? target.ref,
      why:
        named === undefined
          ? `a route that led ${asked} to it is gone: ${led.length} requests were answered until ${last.entry.at}, no route or Gateway for that host was changed since, and ${now}`
          : `it is gone: it led ${asked} to ${formatRef(target.ref)} until ${last.entry.at}, and ${now}`,
      remedy: 'Restore the route that was deleted',
    },
  ]
}
