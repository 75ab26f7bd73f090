import type { CapturedPackets } from '../capture/captured.ts'
import type { AccessLog } from '../mesh/access-log.ts'
import type { AnalyzerMessage } from '../mesh/analyzer.ts'
import type { Cluster, ClusterStatus, Listener, RouteConfiguration } from '../mesh/envoy.ts'
import type { Listening } from '../mesh/listening.ts'
import type {
  BackendTlsPolicy,
  GatewayClass,
  GatewayObject,
  GrpcRouteObject,
  HttpRouteObject,
  ListenerSet,
  ReferenceGrant,
  StreamRouteObject,
} from '../mesh/gateway-api.ts'
import type { IstiodPush, IstiodWarning } from '../mesh/istiod-log.ts'
import type {
  AuthorizationPolicy,
  ClusterEvent,
  ConfigMap,
  DestinationRule,
  EndpointSlice,
  EnvoyFilter,
  Gateway,
  MutatingWebhookConfiguration,
  Namespace,
  NetworkPolicy,
  PeerAuthentication,
  Pod,
  PolicyObject,
  RequestAuthentication,
  Service,
  ServiceEntry,
  Sidecar,
  VirtualService,
  Workload,
  WorkloadEntry,
} from '../mesh/objects.ts'
import type { Probe } from '../mesh/probe.ts'
import type { ProxySync } from '../mesh/proxy-status.ts'
import type { Ref } from '../mesh/ref.ts'
import type { ProxySecret } from '../mesh/secrets.ts'
import type { ZtunnelConfig } from '../mesh/ztunnel.ts'
import type { ZtunnelLog } from '../mesh/ztunnel-log.ts'
import type { OtherObjects } from './other-objects.ts'
import type { KialiHealth, KialiValidations } from './kiali.ts'
import type { Traffic, TrafficHistory } from './traffic.ts'

/** Lists of Kubernetes objects, by the kind of evidence they are. */
export interface ObjectEvidence {
  namespaces: Namespace[]
  services: Service[]
  'endpoint-slices': EndpointSlice[]
  pods: Pod[]
  deployments: Workload[]
  'replica-sets': Workload[]
  'stateful-sets': Workload[]
  'daemon-sets': Workload[]
  events: ClusterEvent[]
  'mesh-config': ConfigMap[]
  'mutating-webhooks': MutatingWebhookConfiguration[]
  'virtual-services': VirtualService[]
  'destination-rules': DestinationRule[]
  gateways: Gateway[]
  'service-entries': ServiceEntry[]
  'envoy-filters': EnvoyFilter[]
  sidecars: Sidecar[]
  'workload-entries': WorkloadEntry[]
  'peer-authentications': PeerAuthentication[]
  'authorization-policies': AuthorizationPolicy[]
  'request-authentications': RequestAuthentication[]
  telemetries: PolicyObject[]
  'gateway-classes': GatewayClass[]
  'gateway-api-gateways': GatewayObject[]
  'listener-sets': ListenerSet[]
  'http-routes': HttpRouteObject[]
  'grpc-routes': GrpcRouteObject[]
  'tls-routes': StreamRouteObject[]
  'tcp-routes': StreamRouteObject[]
  'reference-grants': ReferenceGrant[]
  'backend-tls-policies': BackendTlsPolicy[]
  'network-policies': NetworkPolicy[]
}

/** Every kind of evidence and what a reading of it holds. */
export interface EvidenceMap extends ObjectEvidence {
  /** Every connected proxy's sync state; of the whole mesh. */
  'proxy-status': ProxySync[]
  'analyzer-messages': AnalyzerMessage[]
  /** Warnings and errors at the end of one istiod's log. */
  'istiod-log': IstiodWarning[]
  /** What one istiod told its proxies of lately: objects that were made, changed or deleted. */
  'istiod-pushes': IstiodPush[]
  /** The text of `istioctl experimental describe pod`, of one pod. */
  'pod-description': string
  /** The four below: of one proxy. */
  listeners: Listener[]
  routes: RouteConfiguration[]
  clusters: Cluster[]
  endpoints: ClusterStatus[]
  /** The certificates of one proxy. */
  secrets: ProxySecret[]
  /** The tail of one proxy's access log. */
  'access-log': AccessLog
  /** What one pod's application says in its log of where it listens. */
  'application-log': Listening[]
  /** What one node's ztunnel knows; of a Node where none runs. */
  'ztunnel-config': ZtunnelConfig
  /** The connections and warnings at the end of one ztunnel's log. */
  'ztunnel-log': ZtunnelLog
  /** Objects of kinds that are not understood here, by kind. */
  'other-objects': OtherObjects[]
  /** One request of ours through a gateway, and what came back. */
  probe: Probe
  /** Workloads that send requests to the target, from Prometheus; some meshes count them without their namespace. */
  'traffic-callers': { workload: string; namespace?: string }[]
  /** Request rates of the target, from Prometheus. */
  traffic: Traffic
  /** Requests to one of the target's Services over the last hour, by answer, from Prometheus. */
  'traffic-history': TrafficHistory
  /** What packets of one pod have shown, where they were captured a while ago. */
  capture: CapturedPackets
  /** What Kiali holds against the objects of one namespace, where one is configured. */
  'kiali-validations': KialiValidations
  /** Kiali's health of the applications of one namespace. */
  'kiali-health': KialiHealth
}
export type ObjectKind = keyof ObjectEvidence
export type EvidenceKind = keyof EvidenceMap

/**
 * Kinds that advise: what they say is configured at most, so nothing they could say hurts or clears a target. One that was not read is
 * named in the report; verdicts and proofs stand without it.
 */
export const ADVISORY: ReadonlySet<EvidenceKind> = new Set<EvidenceKind>([
  'analyzer-messages',
  'istiod-pushes',
  'pod-description',
  'other-objects',
  'traffic-history',
  'capture',
  'kiali-validations',
  'kiali-health',
])

/** What a read would have needed: `verb` on `resource` of `group` ('' for the core group), in a namespace or cluster-wide, of one object or of all. */
export interface Permission {
  verb: string
  group: string
  resource: string
  namespace?: string
  name?: string
}

export type BlindReason = 'forbidden' | 'timeout' | 'unavailable' | 'unparsable'

interface ReadingOf<K extends EvidenceKind> {
  kind: K
  /** The pod or namespace the reading is of; absent for the whole cluster. */
  of?: Ref
  /** The command a person would type to see the same. */
  source: string
  /** ISO time of the look. */
  at: string
}
/** Something that was looked at. */
export type Seen<K extends EvidenceKind = EvidenceKind> = {
  [P in K]: ReadingOf<P> & { ok: true; value: EvidenceMap[P] }
}[K]
/** Something that could not be looked at: never the same as "not there". */
export type Blind<K extends EvidenceKind = EvidenceKind> = ReadingOf<K> & {
  ok: false
  reason: BlindReason
  detail: string
  permission?: Permission
}
export type Reading<K extends EvidenceKind = EvidenceKind> = Seen<K> | Blind<K>
