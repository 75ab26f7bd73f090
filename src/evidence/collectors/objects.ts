import { inShape } from '../../mesh/shape/answer.ts'
import type { Resource } from '../clients/clients.ts'
import type { EvidenceMap, ObjectKind } from '../reading.ts'
import { REDACTED } from '../redaction.ts'
import { withoutApplications } from '../redaction/objects.ts'
import type { Step, StepGroup } from '../step.ts'
import { stepId } from '../step.ts'

const networking = (plural: string, kind: string): Resource => ({
  group: 'networking.istio.io',
  version: 'v1',
  plural,
  kind,
})
const security = (plural: string, kind: string): Resource => ({
  group: 'security.istio.io',
  version: 'v1',
  plural,
  kind,
})

/** The Gateway API moves its kinds from version to version, and clusters keep old definitions. */
const gatewayApi = (plural: string, kind: string, version = 'v1'): Resource => ({
  group: 'gateway.networking.k8s.io',
  version,
  plural,
  kind,
  anyVersion: true,
})

/** The resource behind each kind of object evidence, as the API server names it. */
export const RESOURCES: Readonly<Record<ObjectKind, Resource>> = {
  namespaces: { group: '', version: 'v1', plural: 'namespaces', kind: 'Namespace' },
  services: { group: '', version: 'v1', plural: 'services', kind: 'Service' },
  'endpoint-slices': { group: 'discovery.k8s.io', version: 'v1', plural: 'endpointslices', kind: 'EndpointSlice' },
  pods: { group: '', version: 'v1', plural: 'pods', kind: 'Pod' },
  deployments: { group: 'apps', version: 'v1', plural: 'deployments', kind: 'Deployment' },
  'replica-sets': { group: 'apps', version: 'v1', plural: 'replicasets', kind: 'ReplicaSet' },
  'stateful-sets': { group: 'apps', version: 'v1', plural: 'statefulsets', kind: 'StatefulSet' },
  'daemon-sets': { group: 'apps', version: 'v1', plural: 'daemonsets', kind: 'DaemonSet' },
  events: { group: '', version: 'v1', plural: 'events', kind: 'Event' },
  'mesh-config': { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap' },
  'mutating-webhooks': {
    group: 'admissionregistration.k8s.io',
    version: 'v1',
    plural: 'mutatingwebhookconfigurations',
    kind: 'MutatingWebhookConfiguration',
  },
  'virtual-services': networking('virtualservices', 'VirtualService'),
  'destination-rules': networking('destinationrules', 'DestinationRule'),
  gateways: networking('gateways', 'Gateway'),
  'service-entries': networking('serviceentries', 'ServiceEntry'),
  // EnvoyFilter never left v1alpha3.
  'envoy-filters': { group: 'networking.istio.io', version: 'v1alpha3', plural: 'envoyfilters', kind: 'EnvoyFilter' },
  sidecars: networking('sidecars', 'Sidecar'),
  'workload-entries': networking('workloadentries', 'WorkloadEntry'),
  'peer-authentications': security('peerauthentications', 'PeerAuthentication'),
  'authorization-policies': security('authorizationpolicies', 'AuthorizationPolicy'),
  'request-authentications': security('requestauthentications', 'RequestAuthentication'),
  'gateway-classes': gatewayApi('gatewayclasses', 'GatewayClass'),
  'gateway-api-gateways': gatewayApi('gateways', 'Gateway'),
  'listener-sets': gatewayApi('listenersets', 'ListenerSet'),
  'http-routes': gatewayApi('httproutes', 'HTTPRoute'),
  'grpc-routes': gatewayApi('grpcroutes', 'GRPCRoute'),
  'tls-routes': gatewayApi('tlsroutes', 'TLSRoute'),
  'tcp-routes': gatewayApi('tcproutes', 'TCPRoute'),
  // Served as v1beta1 since it is, by every release.
  'reference-grants': gatewayApi('referencegrants', 'ReferenceGrant', 'v1beta1'),
  'backend-tls-policies': gatewayApi('backendtlspolicies', 'BackendTLSPolicy'),
  'network-policies': {
    group: 'networking.k8s.io',
    version: 'v1',
    plural: 'networkpolicies',
    kind: 'NetworkPolicy',
  },
  telemetries: { group: 'telemetry.istio.io', version: 'v1', plural: 'telemetries', kind: 'Telemetry' },
}

/** Which objects a step reads; everywhere when no namespace is given. */
export interface Scope {
  namespace?: string
  labels?: string
  fields?: string
}

/** Reads all objects of one kind. */
export function objects<K extends ObjectKind>(kind: K, group: StepGroup, scope: Scope = {}): Step<K> {
  const resource = RESOURCES[kind]
  const name =
    resource.group === '' || resource.group === 'apps' ? resource.plural : `${resource.plural}.${resource.group}`
  const where = scope.namespace === undefined ? '-A' : `-n ${scope.namespace}`
  const selectors = `${scope.labels === undefined ? '' : ` -l ${scope.labels}`}${scope.fields === undefined ? '' : ` --field-selector ${scope.fields}`}`
  return {
    id: stepId(kind, `${where}${selectors}`),
    kind,
    ...(scope.namespace !== undefined && { of: { kind: 'Namespace', name: scope.namespace } }),
    group,
    title: `${resource.plural}${scope.namespace === undefined ? '' : ` in ${scope.namespace}`}${selectors}`,
    source: `kubectl get ${name} ${where}${selectors} -o yaml`,
    async collect(clients, signal) {
      const list = inShape(kind, await clients.kubernetes.list(resource, scope, signal))
      return list.map((object) => withoutApplications(object, REDACTED)) as EvidenceMap[K]
    },
  }
}
