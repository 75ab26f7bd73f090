import { ipOf } from '../../mesh/address.ts'
import { originOfRoute } from '../../mesh/envoy.ts'
import { takesRoute } from '../../mesh/walk/route-match.ts'
import { answerOf, type Answer } from './answer.ts'
import type { RequestClass } from './classes.ts'
import type { Hop } from '../follow/report.ts'
import type { Trace } from '../follow/trace.ts'

/** The way of a class, and the hops at which it fails. */
interface Failing {
  trace: Trace
  failing: readonly Hop[]
}

/** True for a class of connections of which a proxy read no host: what is asked over them is not known. */
export const isBare = ({ requests }: RequestClass): boolean =>
  requests.length > 0 &&
  requests.every(({ entry: { authority, method } }) => authority === undefined && method === undefined)

/** True when a request fails by what it asks for: routes of its host take it by its path, and policies at the callee by that, its headers or its token. */
export function failsByWhatIsAsked({ failing: [hop], trace: { walk } }: Failing): boolean {
  if (hop?.stage === 'route')
    return (walk.route?.virtualHost?.routes ?? []).some((route) => originOfRoute(route) !== undefined)
  return (
    hop?.stage === 'inbound' &&
    hop.objects.some(({ kind }) => kind === 'AuthorizationPolicy' || kind === 'RequestAuthentication')
  )
}

/** What a caller's requests got since a moment as the target's own log has them; undefined when it has none. */
export function lastAnswerAtTarget(
  { requests }: RequestClass,
  classes: readonly RequestClass[],
  moment: number,
): Answer | undefined {
  const clients = new Set(requests.flatMap(({ entry }) => ipOf(entry.downstreamRemote) ?? []))
  const last = classes
    .filter(({ caller }) => caller === undefined)
    .flatMap((one) => one.requests)
    .filter(({ entry }) => Date.parse(entry.at) > moment && clients.has(ipOf(entry.downstreamRemote) ?? ''))
    .toSorted((a, b) => Date.parse(a.entry.at) - Date.parse(b.entry.at))
    .at(-1)
  return last === undefined ? undefined : answerOf(last)
}

/** True when a request for which there is no route would have one by a header or a query, which logs do not tell. */
export function maySayMore({ failing: [hop], trace: { walk, sent } }: Failing): boolean {
  const routes = hop?.stage === 'route' ? (walk.route?.virtualHost?.routes ?? []) : []
  return routes.some(({ match: { headers = [], queryParameters = [], ...match } = {} }) => {
    const plain = headers.filter(({ name = '' }) => name.startsWith(':'))
    return (
      (headers.length > plain.length || queryParameters.length > 0) &&
      takesRoute({ ...match, headers: plain }, sent.request) !== 'no'
    )
  })
}
