import { fromFqdn, hostMatches } from './host.ts'
import type { KubernetesObject } from './objects.ts'
import type { Ref } from './ref.ts'

/** A reference of the Gateway API: kind and group default to what the field is for, the namespace to the object's own. */
export interface ObjectReference {
  group?: string
  kind?: string
  namespace?: string
  name: string
  port?: number
  sectionName?: string
  weight?: number
}

/** A condition as controllers write it; of an older generation than the object's it says nothing of the present. */
export interface Condition {
  type: string
  status: string
  reason?: string
  message?: string
  observedGeneration?: number
}

/** gateway.networking.k8s.io HTTPRoute; the parts that say what leads where. */
export type HttpRouteObject = KubernetesObject<
  {
    parentRefs?: ObjectReference[]
    hostnames?: string[]
    rules?: {
      matches?: {
        path?: { type?: string; value?: string }
        method?: string
        headers?: { name: string; value: string; type?: string }[]
      }[]
      backendRefs?: ObjectReference[]
      filters?: unknown[]
    }[]
  },
  { parents?: { parentRef?: ObjectReference; controllerName?: string; conditions?: Condition[] }[] }
>

/** gateway.networking.k8s.io Gateway. */
export type GatewayObject = KubernetesObject<
  {
    gatewayClassName?: string
    listeners?: { name: string; port: number; protocol?: string; hostname?: string }[]
    addresses?: { type?: string; value?: string }[]
  },
  { conditions?: Condition[] }
>

/** The Services an HTTPRoute sends to. */
export function backendsOf({ metadata: { namespace = '' }, spec }: HttpRouteObject): Ref[] {
  return (spec?.rules ?? [])
    .flatMap(({ backendRefs = [] }) => backendRefs)
    .filter(({ kind = 'Service', group = '' }) => kind === 'Service' && group === '')
    .map((ref) => ({ kind: 'Service', namespace: ref.namespace ?? namespace, name: ref.name }))
}

/** The Gateways, or Services inside the mesh, that an HTTPRoute is attached to. */
export function parentsOf({ metadata: { namespace = '' }, spec }: HttpRouteObject): (Ref & { sectionName?: string })[] {
  return (spec?.parentRefs ?? []).map((ref) => ({
    kind: ref.kind ?? 'Gateway',
    namespace: ref.namespace ?? namespace,
    name: ref.name,
    ...(ref.sectionName !== undefined && { sectionName: ref.sectionName }),
  }))
}

/** The listeners of a Gateway that take a host. */
export function listenersTaking(
  { spec }: GatewayObject,
  host: string,
): NonNullable<NonNullable<GatewayObject['spec']>['listeners']> {
  return (spec?.listeners ?? []).filter(({ hostname = '*' }) => hostMatches(hostname === '' ? '*' : hostname, host))
}

/** The Service that a manually deployed Gateway names as its address. */
export function addressedService({ spec }: GatewayObject): { name: string; namespace: string } | undefined {
  const [host] = (spec?.addresses ?? []).flatMap(({ type, value }) => (type === 'Hostname' ? (value ?? []) : []))
  return host === undefined ? undefined : fromFqdn(host)
}

const ISTIO = /^istio\.io\/(gateway|mesh)-controller$/

/** What Istio's controllers say against a route: conditions of the present generation that are not met, each with its parent. */
export function negativeConditions({ metadata, status }: HttpRouteObject): (Condition & { parent: string })[] {
  return (status?.parents ?? [])
    .filter(({ controllerName = '' }) => ISTIO.test(controllerName))
    .flatMap(({ parentRef, conditions = [] }) =>
      conditions
        .filter(
          (one) => one.status === 'False' && (one.observedGeneration ?? metadata.generation) === metadata.generation,
        )
        .map((one) => ({ ...one, parent: parentRef?.name ?? '' })),
    )
}
