import { ISTIO_NAMESPACE } from './clients/istio-namespace.ts'
import { OTHER_KINDS } from './collectors/other-objects.ts'
import { RESOURCES } from './collectors/objects.ts'
import type { Permission } from './reading.ts'

/** Who asks the API server: our own client, or a command of istioctl. */
export const ASKERS = [
  'mesh-medic',
  'istioctl analyze',
  'istioctl describe',
  'istioctl proxy-config',
  'istioctl proxy-status',
  'istioctl version',
] as const
export type Asker = (typeof ASKERS)[number]

/** Something that one of them asks for. */
export interface Ask extends Permission {
  /** What for, in a few words. */
  why: string
  /** What those who grant it should know: a sentence. */
  caution?: string
}

/** Something the reader's identity must be allowed to do: who asks for it, and what for. */
export interface NeededPermission extends Ask {
  askedBy: readonly Asker[]
}

/** Where istiod lives. */
const NETWORKING = 'networking.istio.io'
const ADMISSION = 'admissionregistration.k8s.io'

const asks = (verb: string, group: string, resources: readonly string[], why: string, more: Partial<Ask> = {}): Ask[] =>
  resources.map((resource) => ({ verb, group, resource, why, ...more }))
const analyzed = (group: string, ...resources: string[]): Ask[] =>
  asks('list', group, resources, 'input of the analyzers')

const REVISIONS = asks('list', ADMISSION, ['mutatingwebhookconfigurations'], 'finds the revisions of istiod')
const ISTIODS = asks('list', '', ['pods'], "finds istiod's pods")
const WIDEST =
  'The broadest permission of all here: it opens any port of any pod. To narrow it, use Roles in istio-system, the namespaces of gateways and those that may be diagnosed.'
const NO_MORE = 'Allows nothing beyond `create`.'
const FORWARDS = [
  ...asks('get', '', ['pods'], 'finds the pod by name'),
  ...asks('create', '', ['pods/portforward'], "reaches istiod and Envoy's admin port through the API server", {
    caution: WIDEST,
  }),
  ...asks('get', '', ['pods/portforward'], 'the same over WebSocket, which is tried first', {
    caution: NO_MORE,
  }),
]

/**
 * What each of them asks for, of istioctl 1.27 to 1.31. A live test runs every command through a recording proxy and compares. No Secret is
 * among them: `analyze` is run without the analyzers that read Secrets.
 */
export const ASKED: Readonly<Record<Asker, readonly Ask[]>> = {
  'mesh-medic': [
    ...Object.values(RESOURCES).flatMap(({ group, plural }) => asks('list', group, [plural], 'evidence')),
    ...asks(
      'get',
      '',
      ['pods/log'],
      "access logs of the proxies; istiod's warnings, and what it told its proxies of; an application's own log, for where it listens, when it refuses connections",
    ),
    ...Object.entries(OTHER_KINDS).flatMap(([group, plurals]) =>
      asks(
        'list',
        group,
        plurals,
        'where the cluster has it: whether an object of a kind that is not understood names the target',
      ),
    ),
    ...asks(
      'get',
      '',
      ['pods/portforward'],
      "reaches Envoy's admin port and, with --probe, a gateway's through the API server, by WebSocket",
      {
        caution: NO_MORE,
      },
    ),
  ],
  'istioctl analyze': [
    ...asks('get', '', ['namespaces'], 'checks that the namespace exists'),
    ...asks('get', '', ['configmaps'], 'the mesh configuration'),
    ...analyzed('', 'configmaps', 'namespaces', 'nodes', 'pods', 'services'),
    ...analyzed('apps', 'deployments'),
    ...analyzed(ADMISSION, 'mutatingwebhookconfigurations', 'validatingwebhookconfigurations'),
    ...analyzed('apiextensions.k8s.io', 'customresourcedefinitions'),
    ...analyzed('extensions.istio.io', 'trafficextensions', 'wasmplugins'),
    ...analyzed(
      NETWORKING,
      'destinationrules',
      'envoyfilters',
      'gateways',
      'proxyconfigs',
      'serviceentries',
      'sidecars',
      'virtualservices',
      'workloadentries',
      'workloadgroups',
    ),
    ...analyzed('security.istio.io', 'authorizationpolicies', 'peerauthentications', 'requestauthentications'),
    ...analyzed('telemetry.istio.io', 'telemetries'),
    // Where the cluster has the Gateway API's definitions: conditions that its objects' status reports.
    ...analyzed('gateway.networking.k8s.io', 'gateways', 'grpcroutes', 'httproutes'),
  ],
  'istioctl describe': [
    ...FORWARDS,
    ...asks('list', '', ['pods', 'services'], 'Services of the pod, and the gateways that lead to it'),
    ...asks('get', '', ['configmaps'], 'the mesh configuration'),
    ...asks('list', 'security.istio.io', ['peerauthentications'], 'mutual TLS of the pod'),
    ...asks('get', NETWORKING, ['virtualservices', 'destinationrules', 'gateways'], 'objects behind routes', {
      caution: 'It silently leaves out what it may not read.',
    }),
  ],
  'istioctl proxy-config': FORWARDS,
  'istioctl proxy-status': [
    ...FORWARDS,
    ...REVISIONS,
    ...ISTIODS,
    ...asks(
      'create',
      '',
      ['serviceaccounts/token'],
      'presents a token of this one account to istiod; the account itself has no permissions',
      {
        namespace: ISTIO_NAMESPACE,
        name: 'default',
        caution:
          'Without resourceNames this would allow acting as any service account in istio-system. Make sure nothing is bound to this one.',
      },
    ),
  ],
  'istioctl version': [...FORWARDS, ...REVISIONS, ...ISTIODS],
}

/** What istioctl asks for beside a list, is refused, and does without: to hear of changes. */
export const DECLINED = ['watch'] as const

const keyOf = ({ verb, group, resource, namespace = '', name = '' }: Permission): string =>
  [verb, group, resource, namespace, name].join(' ')

/** The same permission asked for by several, once, with the reasons of all of them. */
function merged(): NeededPermission[] {
  const byKey = new Map<string, { ask: Ask; reasons: Map<string, Asker[]> }>()
  for (const asker of ASKERS)
    for (const ask of ASKED[asker]) {
      const known = byKey.get(keyOf(ask)) ?? { ask, reasons: new Map<string, Asker[]>() }
      known.reasons.set(ask.why, [...new Set([...(known.reasons.get(ask.why) ?? []), asker])])
      byKey.set(keyOf(ask), known)
    }
  return [...byKey.values()].map(({ ask, reasons }) => ({
    ...ask,
    why: [...reasons].map(([why, askers]) => `${named(askers)}: ${why}`).join('; '),
    askedBy: [...new Set([...reasons.values()].flat())],
  }))
}

/** `istioctl analyze, proxy-status` */
const named = (askers: readonly Asker[]): string =>
  askers
    .map((asker, at) => (at > 0 && asker.startsWith('istioctl ') ? asker.slice('istioctl '.length) : asker))
    .join(', ')

/** Every right a diagnosis needs, and no more. The deploy manifests are made from it, and the self-test asks for each. */
export const PERMISSIONS: readonly NeededPermission[] = merged()

/** What leases of access logs ask for beside that, of the ClusterRole `mesh-medic-operator`: deploy/manifests/operator.yaml grants exactly these. */
export const OPERATOR_PERMISSIONS: readonly NeededPermission[] = [
  ['create', 'makes the Telemetry object that turns on the access logs of a workload'],
  ['delete', "deletes that object when the lease is over, and no other's"],
].map(([verb = '', why = '']) => ({
  verb,
  group: RESOURCES.telemetries.group,
  resource: RESOURCES.telemetries.plural,
  why: `mesh-medic: ${why}`,
  askedBy: ['mesh-medic'],
}))

/** Where pods for captures are made: deploy/capture.yaml makes the namespace. */
export const CAPTURE_NAMESPACE = 'mesh-medic-capture'

/** What captures of packets ask for beside that: deploy/capture.yaml grants exactly these. */
export const CAPTURE_PERMISSIONS: readonly NeededPermission[] = (
  [
    ['patch', 'pods/ephemeralcontainers', undefined, 'adds the container that packets are captured in'],
    ['create', 'pods/exec', undefined, 'starts tcpdump in that container'],
    ['get', 'pods/exec', undefined, 'the same by WebSocket'],
    [
      'create',
      'pods',
      CAPTURE_NAMESPACE,
      'makes the pod that enters the network of one whose namespace admits no such container',
    ],
    ['delete', 'pods', CAPTURE_NAMESPACE, 'deletes that pod when the capture is over'],
  ] as const
).map(([verb, resource, namespace, why]) => ({
  verb,
  group: '',
  resource,
  ...(namespace !== undefined && { namespace }),
  why: `mesh-medic: ${why}`,
  askedBy: ['mesh-medic'],
}))
