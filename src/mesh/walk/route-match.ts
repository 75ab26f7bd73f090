import type { QueryParameterMatcher, Route, RouteMatch, StringMatcher, VirtualHost } from '../envoy.ts'
import { takesHeader } from './header-match.ts'
import { queryParameter, withoutQuery } from './path.ts'
import type { Request } from './request.ts'
import { takesRegex, takesString } from './string-match.ts'
import type { Taken } from './taken.ts'
import { every, some, taken } from './taken.ts'
import { table } from '../table.ts'

function takesPath(
  { prefix, path, pathSeparatedPrefix, safeRegex, connectMatcher, caseSensitive }: RouteMatch,
  request: Request,
): Taken {
  const plain = withoutQuery(request.path)
  const takes = (matcher: StringMatcher): Taken =>
    takesString({ ...matcher, ignoreCase: caseSensitive === false }, plain)
  if (prefix !== undefined) return takes({ prefix })
  if (path !== undefined) return takes({ exact: path })
  if (pathSeparatedPrefix !== undefined)
    return some([takes({ exact: pathSeparatedPrefix }), takes({ prefix: `${pathSeparatedPrefix}/` })])
  if (safeRegex !== undefined) return takesRegex(safeRegex.regex ?? '', plain)
  return connectMatcher === undefined ? 'maybe' : taken(request.method === 'CONNECT')
}

function takesQuery({ name = '', stringMatch, presentMatch }: QueryParameterMatcher, path: string): Taken {
  const value = queryParameter(path, name)
  if (stringMatch !== undefined) return value === undefined ? 'no' : takesString(stringMatch, value)
  return taken((value !== undefined) === (presentMatch ?? true))
}

const PERCENT_OF: Readonly<Record<string, number>> = table({ HUNDRED: 1, TEN_THOUSAND: 0.01, MILLION: 0.0001 })
/** A fraction in percent, 0 to 100. */
export const percentOf = ({
  numerator = 0,
  denominator = 'HUNDRED',
}: { numerator?: number; denominator?: string } = {}): number =>
  Math.min(100, numerator * (PERCENT_OF[denominator] ?? 1))

function takesFraction({ runtimeFraction }: RouteMatch): Taken {
  if (runtimeFraction === undefined) return 'yes'
  const percent = percentOf(runtimeFraction.defaultValue)
  return percent >= 100 ? 'yes' : percent <= 0 ? 'no' : 'maybe'
}

const isGrpc = (request: Request): Taken =>
  taken(/^application\/grpc(\+|$)/.test(request.headers.get('content-type') ?? ''))

/** Whether a route's match takes a request. What it asks of certificates, tokens or cookies is `maybe`. */
export function takesRoute(match: RouteMatch, request: Request): Taken {
  const {
    headers = [],
    queryParameters = [],
    grpc,
    dynamicMetadata = [],
    filterState = [],
    tlsContext,
    cookies = [],
    pathMatchPolicy,
  } = match
  const unknown =
    dynamicMetadata.length + filterState.length + cookies.length > 0 ||
    tlsContext !== undefined ||
    pathMatchPolicy !== undefined
  return every([
    takesPath(match, request),
    takesFraction(match),
    ...(grpc === undefined ? [] : [isGrpc(request)]),
    ...headers.map((header) => takesHeader(header, request)),
    ...queryParameters.map((parameter) => takesQuery(parameter, request.path)),
    ...(unknown ? ['maybe' as const] : []),
  ])
}

/** The routes a request may take, in order: those that may take it, up to the first that certainly does. */
export function routesFor({ routes = [] }: VirtualHost, request: Request): { routes: Route[]; certain: boolean } {
  const found: Route[] = []
  for (const route of routes) {
    const answer = takesRoute(route.match ?? {}, request)
    if (answer !== 'no') found.push(route)
    if (answer === 'yes') return { routes: found, certain: true }
  }
  return { routes: found, certain: false }
}
