import { routeObjects } from '../../checks/facts/routes.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import type { RouteObject } from '../../mesh/conversion.ts'
import type { GrpcRouteObject, HttpRouteObject, ObjectReference } from '../../mesh/gateway-api.ts'
import { nearestNames } from '../../mesh/names.ts'
import { refOf } from '../../mesh/objects.ts'
import { formatRef } from '../../mesh/ref.ts'
import { textArg } from '../drafting/finding-args.ts'
import { undoText } from '../drafting/undo-text.ts'
import { inWords } from '../drafting/words.ts'
import { applyTo } from '../manifest.ts'
import type { Proposal } from '../proposal.ts'
import { defineFix } from '../proposal.ts'

/** Kinds of evidence whose routes are written. */
const WRITTEN = { HTTPRoute: 'http-routes', GRPCRoute: 'grpc-routes' } as const

/** Lets an HTTPRoute or GRPCRoute name a Service and port that exist. */
export const correctBackend = defineFix({
  act: 'correct-backend',
  about: 'makes an HTTPRoute or GRPCRoute send to a Service and port that exist',
  codes: ['MESH0123'],
  propose(finding, evidence) {
    const [namespace, name] = [textArg(finding, 'namespace'), textArg(finding, 'service')]
    const typed = finding.args.port === undefined ? undefined : Number(finding.args.port)
    const route = routeObjects(evidence).find((one) => formatRef(refOf(one)) === textArg(finding, 'route'))
    const read = readOf(route, evidence)
    if (read === undefined) return []
    const services = evidence.objects('services').filter(({ metadata }) => metadata.namespace === namespace)
    const names = services.some(({ metadata }) => metadata.name === name)
      ? [name]
      : nearestNames(
          name,
          services.map(({ metadata }) => metadata.name),
        )
    const candidates = names.flatMap((one) => {
      const ports = services.find(({ metadata }) => metadata.name === one)?.spec?.ports ?? []
      const same = ports.filter(({ port }) => port === typed)
      const behind = ports.filter(({ targetPort }) => targetPort === typed)
      const chosen = same.length > 0 ? same : behind.length === 1 ? behind : ports
      return chosen.map(({ port }) => ({ name: one, port }))
    })
    return candidates.map((to): Proposal => {
      const write = applyTo(read, { spec: { rules: withBackend(read, { namespace, name, port: typed }, to) } })
      const before = `${name}${typed === undefined ? '' : `:${typed}`}`
      return {
        act: 'correct-backend',
        for: finding.code,
        title: `Send to ${to.name}:${to.port} instead of ${before}`,
        why: `${formatRef(refOf(read))} sends to ${before}, which does not exist; ${candidates.length === 1 ? `${to.name}:${to.port} is the nearest` : `there are ${inWords(candidates.map((one) => `${one.name}:${one.port}`))}`}.`,
        effect: `Requests that ${formatRef(refOf(read))} sends to ${before} go to ${to.name}:${to.port}.`,
        risk: {
          level: candidates.length === 1 ? 'low' : 'medium',
          says: 'Only requests that fail today are affected.',
        },
        undo: undoText([write]),
        writes: [write],
        ...(candidates.length > 1 && { choice: `${to.name}:${to.port}` }),
      }
    })
  },
})

/** The route as it was read; undefined for kinds that are not written. */
function readOf(route: RouteObject | undefined, evidence: Evidence): HttpRouteObject | GrpcRouteObject | undefined {
  if (route?.kind !== 'HTTPRoute' && route?.kind !== 'GRPCRoute') return undefined
  return evidence.object(WRITTEN[route.kind], route.metadata.namespace ?? '', route.metadata.name)
}

/** The whole list of rules, in which one backend is another: lists of rules are atomic. */
function withBackend(
  { metadata, spec }: HttpRouteObject | GrpcRouteObject,
  { namespace, name, port }: { namespace: string; name: string; port: number | undefined },
  to: { name: string; port: number },
): unknown[] {
  const isIt = (ref: ObjectReference): boolean =>
    ref.name === name && (ref.namespace ?? metadata.namespace) === namespace && ref.port === port
  const rules: readonly { backendRefs?: ObjectReference[] }[] = spec?.rules ?? []
  return rules.map((rule) => ({
    ...rule,
    ...(rule.backendRefs !== undefined && {
      backendRefs: rule.backendRefs.map((ref) => (isIt(ref) ? { ...ref, name: to.name, port: to.port } : ref)),
    }),
  }))
}
