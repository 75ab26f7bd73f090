import { fromFqdn } from './host.ts'
import type { KubernetesObject } from './objects.ts'

/** A reference of the Gateway API: kind and group default to what the field is for, the namespace to the object's own. */
export interface ObjectReference {
  group?: string
  kind?: string
  namespace?: string
  name: string
  port?: number
  sectionName?: string
  weight?: number
  filters?: { type?: string; [settings: string]: unknown }[]
}

/** A condition as controllers write it; of an older generation than the object's it says nothing of the present. */
export interface Condition {
  type: string
  status: string
  reason?: string
  message?: string
  lastTransitionTime?: string
  /** istiod writes it as text into conditions of Istio's own kinds. */
  observedGeneration?: number | string
}

/** What each controller says of a route at each of its parents. */
export interface RouteStatus {
  parents?: { parentRef?: ObjectReference; controllerName?: string; conditions?: Condition[] }[]
}

/** What a value of a header or query parameter is compared with. */
export interface ValueMatch {
  name: string
  value: string
  type?: string
}

/** gateway.networking.k8s.io HTTPRoute; the parts that say what leads where. */
export type HttpRouteObject = KubernetesObject<
  {
    parentRefs?: ObjectReference[]
    hostnames?: string[]
    rules?: {
      name?: string
      matches?: {
        path?: { type?: string; value?: string }
        method?: string
        headers?: ValueMatch[]
        queryParams?: ValueMatch[]
      }[]
      backendRefs?: ObjectReference[]
      filters?: { type?: string; [settings: string]: unknown }[]
      timeouts?: { request?: string; backendRequest?: string }
      retry?: { attempts?: number; codes?: number[]; backoff?: string }
    }[]
  },
  RouteStatus
>

/** One rule of an HTTPRoute. */
export type HttpRouteRule = NonNullable<NonNullable<HttpRouteObject['spec']>['rules']>[number]

/** gateway.networking.k8s.io GRPCRoute. */
export type GrpcRouteObject = KubernetesObject<
  {
    parentRefs?: ObjectReference[]
    hostnames?: string[]
    rules?: {
      name?: string
      matches?: { method?: { type?: string; service?: string; method?: string }; headers?: ValueMatch[] }[]
      backendRefs?: ObjectReference[]
      filters?: { type?: string; [settings: string]: unknown }[]
    }[]
  },
  RouteStatus
>

/** gateway.networking.k8s.io TLSRoute or TCPRoute; only the first has hostnames. */
export type StreamRouteObject = KubernetesObject<
  {
    parentRefs?: ObjectReference[]
    hostnames?: string[]
    rules?: { name?: string; backendRefs?: ObjectReference[] }[]
  },
  RouteStatus
>

/** Which routes a listener lets in. */
export interface AllowedRoutes {
  namespaces?: {
    from?: string
    selector?: {
      matchLabels?: Record<string, string>
      matchExpressions?: { key: string; operator: string; values?: string[] }[]
    }
  }
  kinds?: { group?: string; kind: string }[]
}

/** A place at which a Gateway takes requests. */
export interface Listener {
  name: string
  port: number
  protocol?: string
  hostname?: string
  allowedRoutes?: AllowedRoutes
  tls?: { mode?: string; certificateRefs?: ObjectReference[] }
}

/** What a controller says of each listener. */
export interface ListenerStatus {
  name: string
  attachedRoutes?: number
  conditions?: Condition[]
}

/** gateway.networking.k8s.io Gateway. */
export type GatewayObject = KubernetesObject<
  {
    gatewayClassName?: string
    listeners?: Listener[]
    addresses?: { type?: string; value?: string }[]
    allowedListeners?: { namespaces?: AllowedRoutes['namespaces'] }
  },
  { conditions?: Condition[]; listeners?: ListenerStatus[]; addresses?: { type?: string; value?: string }[] }
>

/** gateway.networking.k8s.io ListenerSet: listeners that others add to a Gateway. */
export type ListenerSet = KubernetesObject<
  { parentRef?: ObjectReference; listeners?: Listener[] },
  { conditions?: Condition[]; listeners?: ListenerStatus[] }
>

/** gateway.networking.k8s.io GatewayClass. */
export type GatewayClass = KubernetesObject<{ controllerName?: string }, { conditions?: Condition[] }>

/** gateway.networking.k8s.io ReferenceGrant: what of its namespace others may refer to. */
export type ReferenceGrant = KubernetesObject<{
  from?: { group: string; kind: string; namespace: string }[]
  to?: { group: string; kind: string; name?: string }[]
}>

/** gateway.networking.k8s.io BackendTLSPolicy: how TLS is spoken to a Service. */
export type BackendTlsPolicy = KubernetesObject<
  {
    targetRefs?: ObjectReference[]
    validation?: {
      hostname?: string
      caCertificateRefs?: ObjectReference[]
      wellKnownCACertificates?: string
    }
  },
  { ancestors?: { ancestorRef?: ObjectReference; controllerName?: string; conditions?: Condition[] }[] }
>

/** The Service that a manually deployed Gateway names as its address. */
export function addressedService({ spec }: GatewayObject): { name: string; namespace: string } | undefined {
  const [host] = (spec?.addresses ?? []).flatMap(({ type, value }) => (type === 'Hostname' ? (value ?? []) : []))
  return host === undefined ? undefined : fromFqdn(host)
}

/** The kind of evidence that each kind of route is. */
export const ROUTE_KINDS: Readonly<
  Record<string, 'http-routes' | 'grpc-routes' | 'tls-routes' | 'tcp-routes' | undefined>
> = { HTTPRoute: 'http-routes', GRPCRoute: 'grpc-routes', TLSRoute: 'tls-routes', TCPRoute: 'tcp-routes' }

/** True for the name of one of Istio's own controllers; what others write into a status says nothing of this mesh. */
export const isIstios = (controllerName: string | undefined): boolean =>
  /^istio\.io\/(gateway|mesh|unmanaged-gateway)(-controller)?$/.test(controllerName ?? '')

/** True for a condition of the object as it is now; one of an older generation says nothing of the present. */
export const isCurrent = (
  { observedGeneration }: Pick<Condition, 'observedGeneration'>,
  { metadata }: KubernetesObject,
): boolean => observedGeneration === undefined || Number(observedGeneration) === metadata.generation

/** Conditions whose `True` is the trouble. */
const BAD_WHEN_TRUE: ReadonlySet<string> = new Set(['Conflicted', 'OverlappingTLSConfig', 'PartiallyInvalid'])

/** The conditions of the present generation that are not met. */
export const failedConditions = (conditions: readonly Condition[], object: KubernetesObject): Condition[] =>
  conditions.filter((one) => isCurrent(one, object) && one.status === (BAD_WHEN_TRUE.has(one.type) ? 'True' : 'False'))

const GROUP = 'gateway.networking.k8s.io'

/** True when a ReferenceGrant, in the namespace of what is referred to, allows an object to refer to it. */
export function grants({ spec }: ReferenceGrant, from: KubernetesObject, to: ObjectReference): boolean {
  return (
    (spec?.from ?? []).some(
      ({ group, kind, namespace }) => group === GROUP && kind === from.kind && namespace === from.metadata.namespace,
    ) &&
    (spec?.to ?? []).some(
      ({ group, kind, name }) =>
        group === (to.group ?? '') && kind === (to.kind ?? 'Service') && (name === undefined || name === to.name),
    )
  )
}
