import type { Resource } from '../evidence/clients/clients.ts'

/** A kind that changes write, and how: `patch` (apply), `create` (apply where there is none), `delete`. */
export interface WritableKind extends Resource {
  verbs: readonly ('patch' | 'create' | 'delete')[]
  /** Why, for those who read the role. */
  why: string
}

const ALL = ['patch', 'create', 'delete'] as const
const networking = (plural: string, kind: string, verbs: WritableKind['verbs'], why: string): WritableKind => ({
  group: 'networking.istio.io',
  version: 'v1',
  plural,
  kind,
  verbs,
  why,
})
const apps = (plural: string, kind: string): WritableKind => ({
  group: 'apps',
  version: 'v1',
  plural,
  kind,
  verbs: ['patch'],
  why: 'restarted by an annotation of its pod template',
})

/** Every kind that a fix may write, and no other: nothing that gives rights, nothing that holds secrets. deploy/manifests/writer.yaml grants exactly these. */
export const WRITABLE: readonly WritableKind[] = [
  networking(
    'destinationrules',
    'DestinationRule',
    ALL,
    'subsets, TLS mode, outlier detection; created where there is none, and deleted when that is undone',
  ),
  {
    ...networking(
      'envoyfilters',
      'EnvoyFilter',
      ALL,
      'one that proxies reject is deleted, and created again when that is undone',
    ),
    version: 'v1alpha3',
  },
  networking('gateways', 'Gateway', ['patch'], 'hosts of its servers'),
  networking('serviceentries', 'ServiceEntry', ['patch'], 'the namespaces it is exported to'),
  networking(
    'virtualservices',
    'VirtualService',
    ALL,
    'routes; one that stands in the way of another is deleted, and created again when that is undone',
  ),
  {
    group: 'security.istio.io',
    version: 'v1',
    plural: 'peerauthentications',
    kind: 'PeerAuthentication',
    verbs: ['patch'],
    why: 'the mTLS mode',
  },
  {
    group: 'gateway.networking.k8s.io',
    version: 'v1',
    plural: 'gateways',
    kind: 'Gateway',
    verbs: ['patch'],
    why: 'the routes its listeners allow, and hostnames',
  },
  {
    group: 'gateway.networking.k8s.io',
    version: 'v1',
    plural: 'grpcroutes',
    kind: 'GRPCRoute',
    verbs: ['patch'],
    why: 'backends of its rules',
  },
  {
    group: 'gateway.networking.k8s.io',
    version: 'v1',
    plural: 'httproutes',
    kind: 'HTTPRoute',
    verbs: ['patch'],
    why: 'backends and timeouts of its rules',
  },
  {
    group: 'gateway.networking.k8s.io',
    version: 'v1beta1',
    plural: 'referencegrants',
    kind: 'ReferenceGrant',
    verbs: ALL,
    why: 'created where routes refer to a namespace that does not grant it; deleted when that is undone',
  },
  apps('daemonsets', 'DaemonSet'),
  apps('deployments', 'Deployment'),
  apps('statefulsets', 'StatefulSet'),
  { group: '', version: 'v1', plural: 'namespaces', kind: 'Namespace', verbs: ['patch'], why: "injection's label" },
  {
    group: '',
    version: 'v1',
    plural: 'pods',
    kind: 'Pod',
    verbs: ['delete'],
    why: 'one of several is replaced by its workload',
  },
  {
    group: '',
    version: 'v1',
    plural: 'services',
    kind: 'Service',
    verbs: ['patch'],
    why: 'selector, target and protocol of ports, the namespaces it is exported to',
  },
]

/** The resource behind a kind, at the version an object is written in; undefined for what is never written. */
export function writableKind(kind: string, apiVersion: string): WritableKind | undefined {
  const [version = '', group = ''] = apiVersion.split('/').toReversed()
  const found = WRITABLE.find((one) => one.kind === kind && one.group === group)
  return found !== undefined && /^v\d+((alpha|beta)\d+)?$/.test(version) ? { ...found, version } : undefined
}
