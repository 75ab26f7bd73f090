import type { Evidence } from '../../evidence/evidence.ts'

/** `shop.catalog.0`: namespace, name and rule of an HTTPRoute or GRPCRoute, as istiod names its routes. */
const ROUTE = /^([^.]+)\.(.+)\.(\d+)$/

/** True for a route that istiod made of a rule whose backends all have weight 0: it answers 500 then. */
export function isWeightless(name: string | undefined, evidence: Evidence): boolean {
  const [, namespace = '', object = '', rule] = ROUTE.exec(name ?? '') ?? []
  const found = evidence.object('http-routes', namespace, object) ?? evidence.object('grpc-routes', namespace, object)
  const backends = found?.spec?.rules?.[Number(rule)]?.backendRefs ?? []
  return backends.length > 0 && backends.every(({ weight }) => weight === 0)
}
