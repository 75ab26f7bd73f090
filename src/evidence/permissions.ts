import type { Permission } from './reading.ts'
import { RESOURCES } from './collectors/objects.ts'

/** Something the reader's identity must be allowed to do, and what for. */
export interface NeededPermission extends Permission {
  why: string
}

/** Where istiod lives. */
const ISTIO_NAMESPACE = 'istio-system'

const needed = (verb: string, group: string, resource: string, why: string): NeededPermission => ({
  verb,
  group,
  resource,
  why,
})

/** istioctl needs these too, and always; so they are named below with both reasons. */
const NAMED_BELOW = 'mutatingwebhookconfigurations'
const COLLECTED = Object.values(RESOURCES)
  .filter(({ plural }) => plural !== NAMED_BELOW)
  .map(({ group, plural }) => needed('list', group, plural, 'read as evidence'))

/**
 * Every right a diagnosis needs, and no more; checked against istioctl 1.31 with an identity that had nothing else. The deploy
 * manifests grant exactly these, and the self-test asks for each. No Secret is read. istioctl would also like to watch what it lists;
 * it works without.
 */
export const PERMISSIONS: readonly NeededPermission[] = [
  ...COLLECTED,
  needed(
    'get',
    '',
    'pods/log',
    "access logs of the proxies; an application's own, for where it listens, when it refuses connections",
  ),
  needed('get', '', 'pods', 'istioctl proxy-config and describe find the pod by name'),
  needed('create', '', 'pods/portforward', "istioctl reaches Envoy's admin port and istiod through the API server"),
  needed('get', '', 'namespaces', 'istioctl analyze makes sure that the namespace exists'),
  needed('get', '', 'configmaps', 'istioctl describe reads the mesh configuration'),
  needed(
    'get',
    'networking.istio.io',
    'virtualservices',
    'istioctl describe; it leaves out in silence what it may not read',
  ),
  needed('get', 'networking.istio.io', 'destinationrules', 'istioctl describe'),
  needed('get', 'networking.istio.io', 'gateways', 'istioctl describe'),
  needed('list', '', 'nodes', 'istioctl analyze: input of its analyzers'),
  needed(
    'list',
    'admissionregistration.k8s.io',
    NAMED_BELOW,
    'istioctl finds the revisions of istiod by its webhooks; read as evidence when one keeps pods from being made',
  ),
  needed(
    'list',
    'admissionregistration.k8s.io',
    'validatingwebhookconfigurations',
    'istioctl analyze: webhooks that point nowhere',
  ),
  needed('list', 'apiextensions.k8s.io', 'customresourcedefinitions', 'istioctl analyze: which kinds there are'),
  needed('list', 'extensions.istio.io', 'trafficextensions', 'istioctl analyze: input of its analyzers'),
  needed('list', 'extensions.istio.io', 'wasmplugins', 'istioctl analyze: input of its analyzers'),
  needed('list', 'networking.istio.io', 'proxyconfigs', 'istioctl analyze: input of its analyzers'),
  needed('list', 'networking.istio.io', 'workloadgroups', 'istioctl analyze: input of its analyzers'),
  {
    ...needed(
      'create',
      '',
      'serviceaccounts/token',
      'istioctl proxy-status shows istiod a token of this account, which itself may do nothing',
    ),
    namespace: ISTIO_NAMESPACE,
    name: 'default',
  },
]
