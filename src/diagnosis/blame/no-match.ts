import { withoutQuery } from '../../mesh/walk/path.ts'
import { isExportedTo } from '../../mesh/destination-rules.ts'
import { nearestNames } from '../../mesh/names.ts'
import type { HttpMatch, HttpRoute, VirtualService } from '../../mesh/objects.ts'
import { refOf } from '../../mesh/objects.ts'
import { formatRef } from '../../mesh/ref.ts'
import type { Trace } from '../follow/trace.ts'
import type { Lead } from './lead.ts'
import { value, values } from './lead.ts'

/** What a request asks for, as a person would write it. */
export const asked = ({ sent: { request } }: Trace): string => `${request.method} ${withoutQuery(request.path)}`

/** Whether the part of a match that the request decides takes it; what is not known of a request counts as met. */
function takesPath({ uri, ignoreUriCase }: HttpMatch, path: string): boolean {
  const cased = (text: string): string => (ignoreUriCase === true ? text.toLowerCase() : text)
  if (uri?.exact !== undefined) return cased(uri.exact) === cased(path)
  return uri?.prefix === undefined || cased(path).startsWith(cased(uri.prefix))
}

const takes = ({ match = [] }: HttpRoute, path: string): boolean =>
  match.length === 0 || match.some((one) => takesPath(one, path))

/** The VirtualServices that a route of the root hands over to. */
function delegatesOf(
  root: VirtualService,
  all: readonly VirtualService[],
): { route: HttpRoute; name: string; namespace: string; object?: VirtualService }[] {
  return (root.spec?.http ?? []).flatMap((route) => {
    if (route.delegate?.name === undefined) return []
    const { name, namespace = root.metadata.namespace ?? '' } = route.delegate
    const object = all.find(({ metadata }) => metadata.name === name && metadata.namespace === namespace)
    return [{ route, name, namespace, ...(object !== undefined && { object }) }]
  })
}

/** What a match asks for beside a path, in words. */
const beside = ({ headers = {}, method, queryParams, sourceLabels, sourceNamespace }: HttpMatch): string[] => [
  ...Object.keys(headers).map((name) => `header ${value(name)}`),
  ...(method === undefined ? [] : ['a method']),
  ...(queryParams === undefined ? [] : ['a query parameter']),
  ...(sourceLabels === undefined ? [] : ['labels of the caller']),
  ...(sourceNamespace === undefined ? [] : [`callers of namespace ${value(sourceNamespace)}`]),
]

/** Why a delegate adds no route that takes the request. */
function delegateLead(root: VirtualService, path: string, all: readonly VirtualService[]): Lead[] {
  return delegatesOf(root, all)
    .filter(({ route }) => takes(route, path))
    .map(({ route, name, namespace, object }): Lead => {
      if (object === undefined) {
        const near = nearestNames(
          name,
          all.map(({ metadata }) => metadata.name),
        )
        return {
          code: 'MESH0131',
          subject: refOf(root),
          why: `it delegates ${value(path)} to VirtualService ${value(`${namespace}/${name}`)}, which does not exist`,
          remedy:
            near.length === 0
              ? 'Create the delegate, or route here'
              : `Name a delegate that exists; nearest: ${values(near)}`,
        }
      }
      const subject = refOf(object)
      if ((object.spec?.hosts ?? []).length > 0)
        return {
          code: 'MESH0131',
          subject,
          why: `${formatRef(refOf(root))} delegates ${value(path)} to it, and it has hosts of its own: a delegate has none`,
          remedy: 'Remove its hosts and gateways',
        }
      if (!isExportedTo(object.spec?.exportTo, object.metadata.namespace ?? '', root.metadata.namespace ?? ''))
        return {
          code: 'MESH0131',
          subject,
          why: `it is exported to ${values(object.spec?.exportTo ?? [])} only, and ${formatRef(refOf(root))}, which delegates ${value(path)} to it, is in namespace ${value(root.metadata.namespace ?? '')}`,
          remedy: `Export it to namespace ${value(root.metadata.namespace ?? '')} too`,
        }
      const matching = (route.match ?? []).filter((match) => takesPath(match, path))
      // The delegate's own matches only narrow what is delegated to it.
      if (matching.length > 0 && matching.every((match) => beside(match).length > 0))
        return {
          code: 'MESH0131',
          subject: refOf(root),
          why: `its route that delegates ${value(path)} to ${formatRef(subject)} asks for ${[...new Set(matching.flatMap(beside))].join(', ')}, which these requests do not match`,
          remedy: `Add a route that matches ${value(path)}`,
        }
      const mine = (object.spec?.http ?? []).some((one) => takes(one, path))
      return mine || (object.spec?.http ?? []).length === 0
        ? {
            code: 'MESH0131',
            subject,
            why: `${formatRef(refOf(root))} delegates ${value(path)} to it, and none of its routes takes effect${(route.match ?? []).length > 0 ? ': the match of a delegate must lie within that of the route that delegates to it' : ''}`,
            remedy: 'Make one of its routes match what is delegated to it',
          }
        : {
            code: 'MESH0131',
            subject,
            why: `${formatRef(refOf(root))} delegates ${value(path)} to it, and none of its routes matches that path`,
            remedy: `Add a route that matches ${value(path)}`,
          }
    })
}

/** True for a VirtualService that hands such a request over to a delegate. */
export const handsOver = (one: VirtualService, trace: Trace): boolean =>
  (one.spec?.http ?? []).some(
    (route) => route.delegate !== undefined && takes(route, withoutQuery(trace.sent.request.path)),
  )

/** A VirtualService for the host whose routes take no such request. */
export function noMatch(one: VirtualService, trace: Trace, all: readonly VirtualService[]): Lead[] {
  const path = withoutQuery(trace.sent.request.path)
  const delegated = delegateLead(one, path, all)
  if (delegated.length > 0) return delegated
  const routes = one.spec?.http ?? []
  const near = routes.filter((route) => takes(route, path))
  const conditions = near.flatMap(({ match = [] }) => match).flatMap(beside)
  const why =
    routes.length === 0
      ? 'it has no HTTP routes'
      : near.length === 0
        ? `none of its routes matches ${value(asked(trace))}`
        : `its routes for that path ask for ${[...new Set(conditions)].join(', ') || 'more'}, and none matches the other requests`
  return [{ code: 'MESH0131', subject: refOf(one), why, remedy: `Add a route that matches ${value(asked(trace))}` }]
}
