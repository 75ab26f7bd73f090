import type { RouteMatch } from './envoy.ts'
import type { HttpMatch } from './objects.ts'

/** A match as this project compares them: where it may apply to a path, and every further condition as text. */
export interface Conditions {
  path: { kind: 'prefix' | 'exact' | 'regex'; value: string }
  caseless: boolean
  others: ReadonlyMap<string, string>
}

const EVERYWHERE = { kind: 'prefix', value: '/' } as const

/** A VirtualService's match; no match at all takes everything. Which gateway it is for is left to the caller. */
export function conditionsOf(match: HttpMatch | undefined): Conditions {
  const { uri, ignoreUriCase, name: _, gateways: __, ...others } = match ?? {}
  const path =
    uri?.exact !== undefined
      ? { kind: 'exact' as const, value: uri.exact }
      : uri?.regex !== undefined
        ? { kind: 'regex' as const, value: uri.regex }
        : uri?.prefix !== undefined
          ? { kind: 'prefix' as const, value: uri.prefix }
          : EVERYWHERE
  return { path, caseless: ignoreUriCase === true, others: flattened(others) }
}

/** An Envoy route's match. */
export function conditionsOfRoute(match: RouteMatch | undefined): Conditions {
  const {
    prefix,
    path,
    safeRegex,
    pathSeparatedPrefix,
    caseSensitive,
    headers = [],
    queryParameters = [],
    ...others
  } = match ?? {}
  const where =
    path !== undefined
      ? { kind: 'exact' as const, value: path }
      : safeRegex !== undefined
        ? { kind: 'regex' as const, value: safeRegex.regex ?? '' }
        : // A separated prefix takes less than a plain one: as a regular expression it only equals itself.
          pathSeparatedPrefix !== undefined
          ? { kind: 'regex' as const, value: `separated ${pathSeparatedPrefix}` }
          : { kind: 'prefix' as const, value: prefix ?? '/' }
  return {
    path: where,
    caseless: caseSensitive === false,
    others: flattened({
      ...others,
      ...Object.fromEntries([...headers, ...queryParameters].map((one) => [JSON.stringify(one), true])),
    }),
  }
}

/** `{headers: {a: {exact: 'b'}}}` → `headers.a` = `{"exact":"b"}`; so that conditions compare one by one. */
function flattened(fields: Record<string, unknown>): Map<string, string> {
  return new Map(
    Object.entries(fields).flatMap(([key, value]): [string, string][] =>
      ['headers', 'withoutHeaders', 'queryParams', 'sourceLabels'].includes(key) &&
      typeof value === 'object' &&
      value !== null
        ? Object.entries(value).map(([inner, condition]) => [`${key}.${inner}`, JSON.stringify(condition)])
        : [[key, JSON.stringify(value)]],
    ),
  )
}

/** True when every request that `narrow` takes is taken by `wide` too. False when it can't be told, as between two regular expressions. */
export function covers(wide: Conditions, narrow: Conditions): boolean {
  return pathCovers(wide, narrow) && [...wide.others].every(([key, condition]) => narrow.others.get(key) === condition)
}

function pathCovers(
  { path: wide, caseless }: Conditions,
  { path: narrow, caseless: narrowCaseless }: Conditions,
): boolean {
  if (wide.kind === 'prefix' && wide.value === '/') return true
  if (wide.kind === 'regex' || narrow.kind === 'regex')
    return wide.kind === narrow.kind && wide.value === narrow.value && caseless === narrowCaseless
  if (narrowCaseless && !caseless) return false
  const [a, b] = caseless ? [wide.value.toLowerCase(), narrow.value.toLowerCase()] : [wide.value, narrow.value]
  return wide.kind === 'prefix' ? b.startsWith(a) : narrow.kind === 'exact' && a === b
}

/** True when both take exactly the same requests. */
export const sameMatch = (a: Conditions, b: Conditions): boolean => covers(a, b) && covers(b, a)

/** True for a match that takes every request. istiod moves such routes behind the others of their host (on gateways). */
export const isCatchAll = ({ path, others }: Conditions): boolean =>
  path.kind === 'prefix' && path.value === '/' && others.size === 0

/** `prefix /items, headers.x-user` for people. */
export function describeMatch({ path, others }: Conditions): string {
  return [`${path.kind} ${path.value}`, ...others.keys()].join(', ')
}

/** True when a request for this path is certainly taken: a match with further conditions, or by a regular expression, tells nothing of one. */
export function takesPath(
  { path: { kind, value }, caseless, others }: Conditions,
  requested: string | undefined,
): boolean {
  if (requested === undefined || others.size > 0 || kind === 'regex') return false
  const [path = ''] = requested.split(/[?#]/)
  const [a, b] = caseless ? [value.toLowerCase(), path.toLowerCase()] : [value, path]
  return kind === 'prefix' ? b.startsWith(a) : a === b
}

/** True when an Envoy route was made from such a match, as far as paths and the presence of further conditions tell. */
export function isMadeFrom(route: Conditions, match: Conditions): boolean {
  return (
    route.path.kind === match.path.kind &&
    route.path.value === match.path.value &&
    route.others.size > 0 === match.others.size > 0
  )
}
