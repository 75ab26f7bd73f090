import type { Evidence } from '../../evidence/evidence.ts'
import type { Route } from '../../mesh/envoy.ts'
import { originOfRoute } from '../../mesh/envoy.ts'

/** The object that a proxy's route was made from. istiod names an HTTPRoute and a GRPCRoute alike: which of them there is tells. */
export function madeFrom(
  route: Route,
  evidence: Evidence,
): { kind: string; namespace: string; name: string } | undefined {
  const origin = originOfRoute(route)
  if (origin?.kind !== 'HTTPRoute') return origin
  const { namespace, name } = origin
  return evidence.object('http-routes', namespace, name) === undefined &&
    evidence.object('grpc-routes', namespace, name) !== undefined
    ? { kind: 'GRPCRoute', namespace, name }
    : origin
}
