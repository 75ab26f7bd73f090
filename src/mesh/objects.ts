import type { Ref } from './ref.ts'

/** What Kubernetes keeps about every object; only the parts a diagnosis reads. */
export interface Metadata {
  name: string
  namespace?: string
  uid?: string
  resourceVersion?: string
  /** Grows when the spec changes, not with status or labels; some kinds have none. */
  generation?: number
  creationTimestamp?: string
  /** When an object that is being deleted is gone at the latest: as many seconds after it was asked for as its grace period has. */
  deletionTimestamp?: string
  deletionGracePeriodSeconds?: number
  labels?: Record<string, string>
  annotations?: Record<string, string>
  managedFields?: { manager?: string; operation?: string; subresource?: string; time?: string }[]
  ownerReferences?: { kind: string; name: string; controller?: boolean }[]
}

/** Under this an object has the DNS domain of its cluster's Services, where that is not `cluster.local`: no field of its own, so that nothing writes it. */
export const inDomain: unique symbol = Symbol('cluster domain')

/** Any object of the cluster. */
export interface KubernetesObject<Spec = unknown, Status = unknown> {
  apiVersion?: string
  kind: string
  metadata: Metadata
  spec?: Spec
  status?: Status
  [inDomain]?: string
}

export type Labels = Record<string, string>

export type Namespace = KubernetesObject
export interface ServicePort {
  name?: string
  port: number
  targetPort?: number | string
  protocol?: string
  appProtocol?: string
  nodePort?: number
}
export type Service = KubernetesObject<{
  selector?: Labels
  ports?: ServicePort[]
  type?: string
  clusterIP?: string
  externalName?: string
}>

/** discovery.k8s.io/v1: its lists stand beside metadata, not in a spec. */
export interface EndpointSlice extends KubernetesObject {
  endpoints?: {
    addresses?: string[]
    conditions?: { ready?: boolean; serving?: boolean; terminating?: boolean }
    targetRef?: { kind?: string; namespace?: string; name?: string }
  }[]
  ports?: { name?: string; port?: number; protocol?: string; appProtocol?: string }[]
}

export interface ContainerState {
  waiting?: { reason?: string; message?: string }
  running?: { startedAt?: string }
  terminated?: { reason?: string; message?: string; exitCode?: number; finishedAt?: string }
}
export interface ContainerStatus {
  name: string
  ready?: boolean
  started?: boolean
  restartCount?: number
  image?: string
  state?: ContainerState
  lastState?: ContainerState
}
export interface SecurityContext {
  runAsUser?: number
  runAsGroup?: number
}
export interface Container {
  name: string
  securityContext?: SecurityContext
  image?: string
  args?: string[]
  restartPolicy?: string
  ports?: { name?: string; containerPort: number; hostPort?: number; protocol?: string }[]
  readinessProbe?: Probe
  startupProbe?: Probe
  env?: { name: string; value?: string }[]
  lifecycle?: { preStop?: PreStop }
}
/** What a container does before it is told to end; one of these. */
export interface PreStop {
  sleep?: { seconds?: number }
  exec?: { command?: string[] }
  httpGet?: { path?: string }
}
/** A probe's times, in seconds; Kubernetes fills them in when they are left out. */
export interface Probe {
  initialDelaySeconds?: number
  periodSeconds?: number
  failureThreshold?: number
}
export type Pod = KubernetesObject<
  {
    containers: Container[]
    initContainers?: Container[]
    terminationGracePeriodSeconds?: number
    hostNetwork?: boolean
    nodeName?: string
    serviceAccountName?: string
    securityContext?: SecurityContext
  },
  {
    phase?: string
    podIP?: string
    reason?: string
    message?: string
    startTime?: string
    conditions?: { type: string; status: string; reason?: string; message?: string; lastTransitionTime?: string }[]
    containerStatuses?: ContainerStatus[]
    initContainerStatuses?: ContainerStatus[]
  }
>
/** Deployment, StatefulSet, DaemonSet or ReplicaSet. */
export type Workload = KubernetesObject<
  {
    replicas?: number
    serviceName?: string
    progressDeadlineSeconds?: number
    selector?: { matchLabels?: Labels }
    template?: {
      metadata?: { labels?: Labels; annotations?: Labels }
      spec?: { containers?: Container[]; terminationGracePeriodSeconds?: number }
    }
  },
  {
    replicas?: number
    readyReplicas?: number
    availableReplicas?: number
    conditions?: { type: string; status: string; reason?: string }[]
  }
>
/** A label selector as Kubernetes has it: both lists must agree; an empty one selects everything. */
export interface LabelSelector {
  matchLabels?: Labels
  matchExpressions?: { key: string; operator: string; values?: string[] }[]
}
/** Whom a rule of a NetworkPolicy lets through: pods, or addresses. */
export interface NetworkPeer {
  podSelector?: LabelSelector
  namespaceSelector?: LabelSelector
  ipBlock?: { cidr: string; except?: string[] }
}
export interface NetworkPort {
  protocol?: string
  /** A number, or the name that a container of the destination gives it. */
  port?: number | string
  endPort?: number
}
export type NetworkPolicy = KubernetesObject<{
  podSelector?: LabelSelector
  policyTypes?: string[]
  ingress?: { from?: NetworkPeer[]; ports?: NetworkPort[] }[]
  egress?: { to?: NetworkPeer[]; ports?: NetworkPort[] }[]
}>
/** Its webhooks stand beside metadata. */
export interface MutatingWebhookConfiguration extends KubernetesObject {
  webhooks?: {
    name: string
    failurePolicy?: string
    clientConfig?: { url?: string; service?: { name: string; namespace: string } }
  }[]
}
/** v1 Event: its facts stand beside metadata. */
export interface ClusterEvent extends KubernetesObject {
  type?: string
  reason?: string
  message?: string
  count?: number
  lastTimestamp?: string
  eventTime?: string
  involvedObject?: { kind?: string; namespace?: string; name?: string }
}
/** What a policy is for, as the Gateway API refers to it. */
export interface TargetReference {
  group?: string
  kind?: string
  namespace?: string
  name: string
  sectionName?: string
}
export interface ConfigMap extends KubernetesObject {
  data?: Record<string, string>
}

export interface Destination {
  host: string
  subset?: string
  port?: { number?: number }
}
export interface RouteDestination {
  destination: Destination
  weight?: number
}
/** `{exact}`, `{prefix}` or `{regex}`. */
export type StringMatch = Partial<Record<'exact' | 'prefix' | 'regex', string>>
export interface HttpMatch {
  name?: string
  uri?: StringMatch
  method?: StringMatch
  authority?: StringMatch
  scheme?: StringMatch
  headers?: Record<string, StringMatch>
  withoutHeaders?: Record<string, StringMatch>
  queryParams?: Record<string, StringMatch>
  port?: number
  gateways?: string[]
  sourceLabels?: Labels
  sourceNamespace?: string
  ignoreUriCase?: boolean
}
export interface HttpRoute {
  name?: string
  match?: HttpMatch[]
  route?: RouteDestination[]
  redirect?: unknown
  directResponse?: unknown
  delegate?: { name?: string; namespace?: string }
  timeout?: string
  retries?: unknown
  fault?: unknown
  mirror?: Destination
  mirrors?: { destination: Destination }[]
}
export interface L4Route {
  match?: { port?: number; sniHosts?: string[]; gateways?: string[] }[]
  route?: RouteDestination[]
}
export type VirtualService = KubernetesObject<{
  hosts?: string[]
  gateways?: string[]
  http?: HttpRoute[]
  tcp?: L4Route[]
  tls?: L4Route[]
  exportTo?: string[]
}>
export interface ClientTls {
  mode?: 'DISABLE' | 'SIMPLE' | 'MUTUAL' | 'ISTIO_MUTUAL'
}
/** Settings of a port replace the policy's own for it altogether: what they leave out is Istio's default. */
export interface TrafficPolicy {
  tls?: ClientTls
  portLevelSettings?: { port?: { number?: number }; tls?: ClientTls }[]
}
export interface Subset {
  name: string
  labels?: Labels
  trafficPolicy?: TrafficPolicy
}
export type DestinationRule = KubernetesObject<{
  host: string
  subsets?: Subset[]
  trafficPolicy?: TrafficPolicy
  exportTo?: string[]
  workloadSelector?: { matchLabels?: Labels }
}>
export interface GatewayServer {
  hosts?: string[]
  port?: { number: number; name?: string; protocol?: string }
  tls?: { mode?: string; credentialName?: string; httpsRedirect?: boolean }
}
export type Gateway = KubernetesObject<{ selector?: Labels; servers?: GatewayServer[] }> & {
  /** Of one of the Gateway API: the only namespace in which its pods run. */
  podsIn?: string
}
export type ServiceEntry = KubernetesObject<{
  hosts?: string[]
  ports?: { number: number; name?: string; protocol?: string; targetPort?: number }[]
  addresses?: string[]
  endpoints?: { address?: string; labels?: Labels; ports?: Record<string, number> }[]
  workloadSelector?: { labels?: Labels }
  resolution?: string
  location?: string
  exportTo?: string[]
}>
/** A machine outside Kubernetes, or any address, that entries and Services select by its labels. */
export type WorkloadEntry = KubernetesObject<{
  address?: string
  labels?: Labels
  ports?: Record<string, number>
}>
export interface EnvoyPatch {
  applyTo?: string
  match?: {
    context?: string
    cluster?: { name?: string; service?: string; subset?: string }
    routeConfiguration?: { name?: string }
  }
  /** The value is a part of Envoy's configuration, of whatever form. */
  patch?: { operation?: string; value?: Record<string, unknown> }
}
export type EnvoyFilter = KubernetesObject<{
  workloadSelector?: { labels?: Labels }
  priority?: number
  configPatches?: EnvoyPatch[]
}>
export type Sidecar = KubernetesObject<{
  workloadSelector?: { labels?: Labels }
  egress?: { hosts?: string[]; port?: { number?: number } }[]
  ingress?: { port?: { number?: number; protocol?: string; name?: string }; defaultEndpoint?: string }[]
  outboundTrafficPolicy?: { mode?: string }
}>
export interface MutualTls {
  mode?: 'UNSET' | 'DISABLE' | 'PERMISSIVE' | 'STRICT'
}
/** `portLevelMtls` is by the workload's own port, and acts only beside a selector. */
export type PeerAuthentication = KubernetesObject<{
  selector?: { matchLabels?: Labels }
  mtls?: MutualTls
  portLevelMtls?: Record<string, MutualTls>
}>
/** Lists within a source or operation are alternatives; the fields must all be met. */
export interface AuthorizationRule {
  from?: {
    source?: Partial<
      Record<
        | 'principals'
        | 'notPrincipals'
        | 'requestPrincipals'
        | 'notRequestPrincipals'
        | 'namespaces'
        | 'notNamespaces'
        | 'serviceAccounts'
        | 'notServiceAccounts'
        | 'ipBlocks'
        | 'notIpBlocks'
        | 'remoteIpBlocks'
        | 'notRemoteIpBlocks',
        string[]
      >
    >
  }[]
  to?: {
    operation?: Partial<
      Record<'hosts' | 'notHosts' | 'ports' | 'notPorts' | 'methods' | 'notMethods' | 'paths' | 'notPaths', string[]>
    >
  }[]
  when?: { key: string; values?: string[]; notValues?: string[] }[]
}
/** Without an action it allows; without rules that is nothing. */
export type AuthorizationPolicy = KubernetesObject<{
  selector?: { matchLabels?: Labels }
  targetRef?: TargetReference
  targetRefs?: TargetReference[]
  action?: 'ALLOW' | 'DENY' | 'AUDIT' | 'CUSTOM'
  rules?: AuthorizationRule[]
}>
/** Without `jwks` istiod fetches the keys: from `jwksUri`, or from where the issuer's OpenID configuration says. */
export interface JwtRule {
  issuer?: string
  audiences?: string[]
  jwks?: string
  jwksUri?: string
}
export type RequestAuthentication = KubernetesObject<{
  selector?: { matchLabels?: Labels }
  targetRef?: TargetReference
  targetRefs?: TargetReference[]
  jwtRules?: JwtRule[]
}>
/** An Istio kind whose spec this project does not read field by field yet. */
export type PolicyObject = KubernetesObject<Record<string, unknown>>

/** The reference of an object. */
export function refOf(object: KubernetesObject): Ref {
  const { name, namespace } = object.metadata
  return namespace === undefined ? { kind: object.kind, name } : { kind: object.kind, namespace, name }
}

/**
 * When a person or controller last changed what the object asks for, in milliseconds since the epoch; undefined when unknown.
 * Read from managedFields (status writers left out), since Kubernetes keeps no other time of change.
 */
export function changedAt(object: KubernetesObject): number | undefined {
  const times = (object.metadata.managedFields ?? [])
    .filter(({ subresource, time }) => (subresource === undefined || subresource === 'scale') && time !== undefined)
    .map((entry) => Date.parse(entry.time ?? ''))
  if (object.metadata.creationTimestamp !== undefined) times.push(Date.parse(object.metadata.creationTimestamp))
  const known = times.filter((time) => !Number.isNaN(time))
  return known.length === 0 ? undefined : Math.max(...known)
}

/** The latest change of several objects, in milliseconds since the epoch; 0 when none is known. */
export function latestChange(objects: readonly KubernetesObject[]): number {
  return Math.max(0, ...objects.map((object) => changedAt(object) ?? 0))
}

/** True when every label of the selector is on the object; an empty or absent selector selects nothing (as a Service's). */
export function selects(selector: Labels | undefined, labels: Labels | undefined): boolean {
  const wanted = Object.entries(selector ?? {})
  return wanted.length > 0 && wanted.every(([key, value]) => labels?.[key] === value)
}
