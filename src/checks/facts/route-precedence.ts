import type { Evidence } from '../../evidence/evidence.ts'
import type { MeshRoute } from '../../mesh/conversion.ts'
import { isConverted } from '../../mesh/conversion.ts'
import type { Conditions } from '../../mesh/http-match.ts'
import { conditionsOf, sameMatch } from '../../mesh/http-match.ts'
import type { HttpRoute } from '../../mesh/objects.ts'
import { gatewaysOf, hostsOf } from '../../mesh/routing.ts'
import type { Target } from '../../mesh/target.ts'
import { conditionsAt, writtenAs } from './attachment.ts'
import { once } from './fact.ts'
import { allRoutes, routesFor } from './routes.ts'

/** One rule of an HTTPRoute or GRPCRoute. */
export interface PlacedRule {
  route: MeshRoute
  rule: HttpRoute
  /** From 1. */
  position: number
}

/** A rule that gets no requests, as another of the same matches goes before it. */
export interface HiddenRule {
  hidden: PlacedRule
  taker: PlacedRule
  /** The first of the hosts and matches they share. */
  host: string
  match: Conditions
}

/**
 * The order of two rules with the same match, as the specification has it: the older route, then the first by namespace and name; within one
 * route the first rule.
 */
function comesBefore(a: PlacedRule, b: PlacedRule): boolean {
  const key = ({ route: { metadata }, position }: PlacedRule): string =>
    [
      metadata.creationTimestamp ?? '',
      `${metadata.namespace ?? ''}/${metadata.name}`,
      String(position).padStart(6, '0'),
    ].join('\n')
  return key(a) < key(b)
}

const matchesOf = ({ match }: HttpRoute): Conditions[] =>
  match === undefined || match.length === 0 ? [conditionsOf(undefined)] : match.map(conditionsOf)

/** What a rule does with requests: two that do the same need not be told apart. */
const deed = ({ name: _, match: __, ...rest }: HttpRoute): string => JSON.stringify(rest)

const rulesOf = (route: MeshRoute): PlacedRule[] =>
  (route.spec?.http ?? []).map((rule, index) => ({ route, rule, position: index + 1 }))

/** The rules of the Gateway API's routes for each host. */
const byHost = once((evidence: Evidence): ReadonlyMap<string, readonly PlacedRule[]> => {
  const found = new Map<string, PlacedRule[]>()
  for (const route of allRoutes(evidence).filter(isConverted))
    for (const host of hostsOf(route)) {
      const there = found.get(host) ?? []
      there.push(...rulesOf(route))
      found.set(host, there)
    }
  return found
})

/** True when Istio's controllers let a route in at none of its parents: it takes nothing from others. */
function isRefused(route: MeshRoute, evidence: Evidence): boolean {
  const written = writtenAs(route, evidence)
  return (written?.spec?.parentRefs ?? []).every((parent) =>
    written === undefined ? false : conditionsAt(written, parent).some(({ type }) => type === 'Accepted'),
  )
}

/** Rules of the Gateway API's routes to the target, or for its hosts, each match of which an earlier rule at the same gateway has too. */
export function hiddenRules(evidence: Evidence, target: Target): HiddenRule[] {
  const concerned = routesFor(evidence, target).filter(isConverted).flatMap(rulesOf)
  return concerned.flatMap((hidden): HiddenRule[] => {
    const takers = hostsOf(hidden.route).flatMap((host) => {
      const rivals = (byHost(evidence).get(host) ?? []).filter(
        (one) =>
          one.rule !== hidden.rule &&
          one.route.kind === hidden.route.kind &&
          gatewaysOf(hidden.route).every((key) => gatewaysOf(one.route).includes(key)) &&
          comesBefore(one, hidden),
      )
      return matchesOf(hidden.rule).map((match) => ({
        host,
        match,
        taker: rivals.find(
          ({ route, rule }) => matchesOf(rule).some((other) => sameMatch(other, match)) && !isRefused(route, evidence),
        ),
      }))
    })
    const [first] = takers
    return first?.taker === undefined ||
      takers.some(({ taker }) => taker === undefined) ||
      deed(first.taker.rule) === deed(hidden.rule)
      ? []
      : [{ hidden, taker: first.taker, host: first.host, match: first.match }]
  })
}
