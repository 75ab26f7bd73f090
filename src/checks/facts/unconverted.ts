import type { Evidence } from '../../evidence/evidence.ts'
import type { RouteObject } from '../../mesh/conversion.ts'
import { isCurrent, isIstios, type Condition, type ObjectReference } from '../../mesh/gateway-api.ts'
import { value, values } from './clause.ts'
import { obstacle, said, type Obstacle } from './obstacle.ts'

type Filter = NonNullable<ObjectReference['filters']>[number]
interface Rule {
  filters?: Filter[]
  backendRefs?: ObjectReference[]
  matches?: unknown[]
}

/** Filters of rules, and of backends, that some version of Istio routes with. */
const RULE_FILTERS: Readonly<Record<string, readonly string[] | undefined>> = {
  HTTPRoute: [
    'RequestHeaderModifier',
    'ResponseHeaderModifier',
    'RequestRedirect',
    'RequestMirror',
    'URLRewrite',
    'CORS',
  ],
  GRPCRoute: ['RequestHeaderModifier', 'ResponseHeaderModifier', 'RequestMirror'],
}
const BACKEND_FILTERS: readonly string[] = ['RequestHeaderModifier', 'ResponseHeaderModifier']

/** Reasons of ResolvedRefs=False for which istiod makes no route of any rule; for the others it leaves a backend out. */
const NO_ROUTE: ReadonlySet<string> = new Set(['InvalidFilter', 'InvalidConfiguration', 'InvalidDestination'])
/** It says InvalidDestination of an InferencePool too, and routes around it. */
const LEFT_OUT = /InferencePool|not expose/

const filterText = ({ type = '', extensionRef }: Filter): string => {
  const { kind = '', name = '' } = (extensionRef ?? {}) as { kind?: string; name?: string }
  return kind === '' ? value(type) : `${value(type)} (${value(`${kind} ${name}`)})`
}

/** A filter, and where it stands. */
interface Placed {
  rule: number
  filter: Filter
  isOfBackend: boolean
}

const rulesOf = ({ spec }: RouteObject): readonly Rule[] => spec?.rules ?? []

const filtersOf = (route: RouteObject): Placed[] =>
  rulesOf(route).flatMap(({ filters = [], backendRefs = [] }, rule) => [
    ...filters.map((filter): Placed => ({ rule, filter, isOfBackend: false })),
    ...backendRefs.flatMap(({ filters: own = [] }) =>
      own.map((filter): Placed => ({ rule, filter, isOfBackend: true })),
    ),
  ])

const isKnown = (route: RouteObject, { filter: { type = '' }, isOfBackend }: Placed): boolean =>
  (isOfBackend ? BACKEND_FILTERS : (RULE_FILTERS[route.kind] ?? [])).includes(type)

const ruleText = (rules: readonly number[]): string =>
  `rule ${[...new Set(rules)].map((rule) => value(rule)).join(', ')}`

/** What is wrong with which rule, in the words of the object, and the filters that it is about where Istio does not know them. */
interface Trouble {
  what: string
  unknown?: readonly Placed[]
}

/** What the message names; undefined when nothing of it is found there. */
function placeOf(route: RouteObject, message: string): Trouble | undefined {
  const [, type] = /^unsupported filter type "([^"]*)"/.exec(message) ?? []
  if (type !== undefined) {
    const placed = filtersOf(route).filter((one) => one.filter.type === type)
    const unknown = placed.filter((one) => !isKnown(route, one))
    return unknownFilters(route, unknown.length > 0 ? unknown : placed)
  }
  const [, header] = /^header "([^"]*)" value contains invalid characters/.exec(message) ?? []
  if (header !== undefined) {
    const placed = filtersOf(route).filter(({ filter }) => JSON.stringify(filter).includes(JSON.stringify(header)))
    return placed.length === 0
      ? undefined
      : {
          what: `${ruleText(placed.map(({ rule }) => rule))} sets header ${value(header)} to a value with control characters`,
        }
  }
  const [, kind, what] = /^unknown type: "([^"]*)" is not supported (.*?)(?: match)? type/.exec(message) ?? []
  if (kind !== undefined) {
    const rules = rulesOf(route).flatMap(({ matches }, rule) =>
      JSON.stringify(matches ?? []).includes(`"type":${JSON.stringify(kind)}`) ? [rule] : [],
    )
    return {
      what: `${rules.length === 0 ? 'a rule' : ruleText(rules)} asks for ${value(what ?? '')} of type ${value(kind)}, which Istio does not know`,
    }
  }
  return undefined
}

const unknownFilters = (route: RouteObject, placed: readonly Placed[]): Trouble | undefined =>
  placed.length === 0
    ? undefined
    : {
        unknown: placed,
        what: `${ruleText(placed.map(({ rule }) => rule))} has the filter ${[...new Set(placed.map(({ filter }) => filterText(filter)))].join(', ')}${placed.some(({ isOfBackend }) => isOfBackend) ? ' at a backend' : ''}, which Istio does not know${route.kind === 'GRPCRoute' ? ' for GRPCRoutes' : ''}`,
      }

/** What to do about filters that Istio does not know. */
function remedyFor(route: RouteObject, unknown: readonly Placed[]): string {
  const known = unknown.some(({ isOfBackend }) => isOfBackend) ? BACKEND_FILTERS : (RULE_FILTERS[route.kind] ?? [])
  const others = known.filter((type) => !unknown.some(({ filter }) => filter.type === type))
  return `Remove the filter, or use one that Istio knows: ${values(others)}`
}

/** What Istio's controllers say of the route as it is now, at any of its parents. */
const judged = (route: RouteObject): Condition[] =>
  (route.status?.parents ?? [])
    .filter(({ controllerName }) => isIstios(controllerName))
    .flatMap(({ conditions = [] }) => conditions.filter((one) => isCurrent(one, route)))

/**
 * What of a route Istio cannot make routes of: then none of its rules has an effect, at none of its parents, while its controller says that it is accepted. What the controller says
 * counts; before it has said anything, a filter that no version of Istio knows.
 */
export function unconverted(route: RouteObject, evidence: Evidence): Obstacle | undefined {
  const conditions = judged(route)
  const refused = conditions.find(
    ({ type, status, reason = '', message = '' }) =>
      type === 'ResolvedRefs' && status === 'False' && NO_ROUTE.has(reason) && !LEFT_OUT.test(message),
  )
  if (refused === undefined && conditions.length > 0) return undefined
  const trouble =
    refused === undefined
      ? unknownFilters(
          route,
          RULE_FILTERS[route.kind] === undefined ? [] : filtersOf(route).filter((one) => !isKnown(route, one)),
        )
      : (placeOf(route, refused.message ?? '') ?? {
          what: `its controller says ${value(refused.message ?? refused.reason ?? '')}`,
        })
  if (trouble === undefined) return undefined
  const { what, unknown } = trouble
  return {
    ...obstacle(
      route,
      `${what}: Istio makes no route of any of its rules`,
      unknown === undefined ? 'Correct what its controller names' : remedyFor(route, unknown),
      refused === undefined ? [] : said(route, [refused], evidence),
    ),
    isConversion: true,
  }
}
