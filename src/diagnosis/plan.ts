import { selectorText } from '../mesh/labels.ts'
import { rootNamespaceOf } from '../checks/facts/root-namespace-of.ts'
import { revisionsOfIstiod, unaskedRevisions } from '../checks/facts/asked-revisions.ts'
import { ISTIO_NAMESPACE } from '../evidence/clients/istio-namespace.ts'
import { failedWebhooks } from '../checks/facts/failed-webhooks.ts'
import { podsOf } from '../checks/facts/owners.ts'
import { gatewayPods, gatewaysFor } from '../checks/facts/proxies-of.ts'
import { allGateways } from '../checks/facts/routes.ts'
import { refusedPorts } from '../checks/facts/refused-ports.ts'
import { accessLog } from '../evidence/collectors/access-log.ts'
import { analyzerMessages } from '../evidence/collectors/analyzer-messages.ts'
import { applicationLog } from '../evidence/collectors/application-log.ts'
import { istiodLog } from '../evidence/collectors/istiod-log.ts'
import { logReadersOf } from '../checks/facts/log-readers-of.ts'
import { objects } from '../evidence/collectors/objects.ts'
import { podDescription } from '../evidence/collectors/pod-description.ts'
import { PROXY_CONFIG_KINDS, proxyConfig } from '../evidence/collectors/proxy-config.ts'
import { proxyStatus } from '../evidence/collectors/proxy-status.ts'
import { secrets } from '../evidence/collectors/secrets.ts'
import { traffic } from '../evidence/collectors/traffic.ts'
import { trafficHistory } from '../evidence/collectors/traffic-history.ts'
import type { Evidence } from '../evidence/evidence.ts'
import type { ObjectKind, Seen } from '../evidence/reading.ts'
import type { AnyStep } from '../evidence/step.ts'
import { actsOn } from '../mesh/authorization.ts'
import { serviceHost } from '../mesh/host.ts'
import type { Gateway, Pod } from '../mesh/objects.ts'
import { refOf } from '../mesh/objects.ts'
import { isReady, proxyAnswers, proxyRuns, isIstiod } from '../mesh/pods.ts'
import type { Ref } from '../mesh/ref.ts'
import { uniqueRefs } from '../mesh/ref.ts'
import { podsOfGateway } from '../mesh/routing.ts'
import { validityOf } from '../mesh/secrets.ts'
import { isGatewayPod } from '../checks/facts/gateway-pod.ts'
import type { TargetQuery } from '../mesh/target-query.ts'
import type { Target } from '../mesh/target.ts'
import { defined } from '../mesh/defined.ts'

/** Kinds read for the whole cluster: Istio's objects act across namespaces. */
const CLUSTER_WIDE: readonly ObjectKind[] = [
  'namespaces',
  'services',
  'virtual-services',
  'destination-rules',
  'gateways',
  'service-entries',
  'envoy-filters',
  'sidecars',
  'peer-authentications',
  'authorization-policies',
  'request-authentications',
  'telemetries',
  'gateway-classes',
  'gateway-api-gateways',
  'listener-sets',
  'http-routes',
  'grpc-routes',
  'tls-routes',
  'tcp-routes',
  'reference-grants',
  'backend-tls-policies',
  'workload-entries',
  'network-policies',
]
const IN_NAMESPACE: readonly ObjectKind[] = [
  'endpoint-slices',
  'pods',
  'deployments',
  'replica-sets',
  'stateful-sets',
  'daemon-sets',
  'events',
]

/** Proxies of the target whose configuration is read, at most; one per workload. */
const MOST_TARGET_PROXIES = 6
const MOST_GATEWAY_PROXIES = 2
/** Logs of istiod read, at most. */
const MOST_ISTIODS = 3
/** Access logs read, at most: each pod has its own. */
const MOST_LOGS = 8
/** Applications whose logs are read, at most. */
const MOST_APPLICATIONS = 3
/** The labels of the ingress gateway that Istio's own profiles install. */
export const DEFAULT_INGRESS = 'istio=ingressgateway'
/** Selectors of Gateways whose pods are looked for, and gateways' logs read, at most. */
const MOST_GATEWAY_SELECTORS = 6
const MOST_GATEWAY_LOGS = 6
const step = (kind: ObjectKind, group: AnyStep['group'], scope: Parameters<typeof objects>[2] = {}): AnyStep =>
  objects(kind, group, scope) as AnyStep

/** The control plane itself: sync state, istiod's pods, mesh configuration. */
export function planControlPlane(): AnyStep[] {
  return [
    proxyStatus(),
    objects('pods', 'control plane', { labels: 'app=istiod' }),
    objects('mesh-config', 'control plane', { namespace: ISTIO_NAMESPACE, fields: 'metadata.name=istio' }),
  ]
}

const istiodNamespaces = (evidence: Evidence): string[] => [
  ...new Set(
    evidence
      .objects('pods')
      .filter(isIstiod)
      .flatMap(({ metadata }) => metadata.namespace ?? [])
      .sort(),
  ),
]

/** Where the istiods of a revision run, unless it is where istioctl looks. */
function namespaceOfRevision(revision: string, evidence: Evidence): string | undefined {
  const names = revisionsOfIstiod(evidence).get(revision)
  const pod = evidence.objects('pods').find((one) => isIstiod(one) && names?.has(one.metadata.name) === true)
  const namespace = pod?.metadata.namespace
  return namespace === ISTIO_NAMESPACE ? undefined : namespace
}

/** The mesh configuration beside each istiod that runs elsewhere. */
export function planMeshConfigs(evidence: Evidence): AnyStep[] {
  return istiodNamespaces(evidence)
    .filter((namespace) => namespace !== ISTIO_NAMESPACE)
    .map((namespace) => step('mesh-config', 'control plane', { namespace, fields: 'metadata.name=istio' }))
}

/** The namespace that istiod runs in, when it is another than the one istioctl looks in of itself; undefined also when no istiod was seen. */
export function istiodElsewhere(evidence: Evidence): string | undefined {
  const namespaces = istiodNamespaces(evidence)
  return namespaces.includes(ISTIO_NAMESPACE) ? undefined : namespaces[0]
}

/** Proxies that are connected to istiods of other revisions: the first look at their sync state asks those of one revision only. */
export function planOtherRevisions(evidence: Evidence): AnyStep[] {
  return unaskedRevisions(evidence).map((revision) => proxyStatus(revision, namespaceOfRevision(revision, evidence)))
}

/** The objects that say what should be, and those that the query names. */
export function planObjects(query: TargetQuery): AnyStep[] {
  const scope = { ...defined({ namespace: query.namespace }), fields: `metadata.name=${query.name}` }
  return [
    ...CLUSTER_WIDE.map((kind) => step(kind, 'objects')),
    ...(query.form === 'deploy' && query.namespace === undefined ? [step('deployments', 'workloads')] : []),
    ...(query.form === 'pod' && query.namespace === undefined ? [step('pods', 'workloads', scope)] : []),
  ]
}

/** What Istio's analyzers say of one namespace. */
export function planAnalyzer(namespace: string, istioNamespace?: string): AnyStep[] {
  return [analyzerMessages(namespace, istioNamespace)]
}

/** Everything that runs in one namespace. */
export function planNamespace(namespace: string): AnyStep[] {
  return IN_NAMESPACE.map((kind) => step(kind, 'workloads', { namespace }))
}

/** The pods behind the Gateways' selectors, wherever they run: first those of Gateways that are known to take requests for the target. */
export function planGatewayPods(target: Target, evidence: Evidence): AnyStep[] {
  return gatewaySelectors(target, evidence)
    .slice(0, MOST_GATEWAY_SELECTORS)
    .map((labels) => step('pods', 'workloads', { labels }))
}

/** The labels by which pods of gateways are looked for: first those of Gateways that are known to take requests for the target. */
export function gatewaySelectors(target: Target, evidence: Evidence): string[] {
  const all = [...gatewaysFor(evidence, target), ...allGateways(evidence)]
  const selectors = new Set(all.map((gateway) => selectorText(gateway.spec?.selector ?? {})))
  selectors.delete('')
  // The ingress that Istio installs is there, and takes requests, when the last Gateway for it is gone.
  selectors.add(DEFAULT_INGRESS)
  return [...selectors]
}

/** The logs of the gateways that are not known to lead to the target: whether requests for it arrive there, only their logs tell. */
export function planGatewayLogs(evidence: Evidence): AnyStep[] {
  const pods = evidence.objects('pods').filter((pod) => isGatewayPod(pod, evidence))
  return representatives(pods, MOST_GATEWAY_LOGS).map((pod) => accessLog(refOf(pod), logReadersOf(evidence)) as AnyStep)
}

/** One running pod per owner first, so that each workload is looked at before any a second time. */
export function representatives(pods: readonly Pod[], most: number): Pod[] {
  const rank = pods
    .filter(proxyAnswers)
    .toSorted((a, b) => Number(isReady(b)) - Number(isReady(a)) || a.metadata.name.localeCompare(b.metadata.name, 'en'))
  const owners = new Set<string>()
  const first = rank.filter((pod) => {
    // ReplicaSets of one chart have the same name in every namespace.
    const owner = `${pod.metadata.namespace ?? ''}/${pod.metadata.ownerReferences?.[0]?.name ?? pod.metadata.name}`
    return !owners.has(owner) && owners.add(owner)
  })
  return first.slice(0, most)
}

/** The proxies whose configuration is read: of the gateways bound to the target, and of the target's own pods. */
export function proxiesFor(target: Target, evidence: Evidence): { gateways: Ref[]; sidecars: Ref[]; logged: Ref[] } {
  const pods = evidence.objects('pods')
  const gateways = gatewaysFor(evidence, target).flatMap((gateway) =>
    representatives(podsOfGateway(gateway, pods), MOST_GATEWAY_PROXIES).map(refOf),
  )
  const unique = uniqueRefs(gateways)
  const own = podsOf(target, evidence)
  return {
    gateways: unique,
    sidecars: representatives(own, MOST_TARGET_PROXIES).map(refOf),
    logged: [...unique, ...own.filter(proxyRuns).map(refOf)].slice(0, MOST_LOGS),
  }
}

/** The proxies' live configuration and certificates, their access logs, and Prometheus when it is configured. */
export function planProxies(target: Target, evidence: Evidence, withPrometheus: boolean): AnyStep[] {
  const { gateways, sidecars, logged } = proxiesFor(target, evidence)
  return [
    ...[...gateways, ...sidecars].flatMap((pod) => [
      ...PROXY_CONFIG_KINDS.map((kind) => proxyConfig(kind, pod) as AnyStep),
      secrets(pod),
    ]),
    ...logged.map((pod) => accessLog(pod, logReadersOf(evidence))),
    ...(withPrometheus
      ? target.services.flatMap(({ name, namespace = '' }) => {
          const host = serviceHost(name, namespace, evidence.clusterDomain)
          return [traffic(host), trafficHistory(host)]
        })
      : []),
  ]
}

/** What istioctl says of the target's pods in words. */
export function planDescriptions(target: Target, evidence: Evidence): AnyStep[] {
  return proxiesFor(target, evidence).sidecars.map(podDescription)
}

/** The logs of applications that refused their own sidecar's connections, for where they listen; none when nobody was refused. */
export function planApplicationLogs(target: Target, evidence: Evidence): AnyStep[] {
  const refused = refusedPorts(evidence, target)
  return representatives([...new Set(refused.map(({ pod }) => pod))], MOST_APPLICATIONS).flatMap((pod) => {
    const one = refused.find((refusal) => refusal.pod === pod)
    return one === undefined ? [] : [applicationLog(refOf(pod), one.container)]
  })
}

/** The cluster's injection webhooks, when one of them keeps a workload of the target from making pods. */
export function planWebhooks(target: Target, evidence: Evidence): AnyStep[] {
  return failedWebhooks(evidence, target).length === 0 ? [] : [step('mutating-webhooks', 'control plane')]
}

/** istiod's log, for what became of the keys and certificates that it has to fetch or sign: when a policy or Gateway on a request's way asks for such, or a proxy's own was not renewed. */
export function planIstiodLog(target: Target, evidence: Evidence): AnyStep[] {
  const pods = [...podsOf(target, evidence), ...gatewayPods(evidence, target)]
  const keys = evidence
    .objects('request-authentications')
    .some(
      (policy) =>
        (policy.spec?.jwtRules ?? []).some(({ jwks }) => jwks === undefined) &&
        pods.some((pod) => actsOn(policy, pod, rootNamespaceOf(evidence))),
    )
  if (!keys && !gatewaysFor(evidence, target).some(namesCredential) && !evidence.seen('secrets').some(isOverdue))
    return []
  return evidence
    .objects('pods')
    .filter(isIstiod)
    .slice(0, MOST_ISTIODS)
    .map((pod) => istiodLog(refOf(pod)))
}

const isOverdue = ({ value, at }: Seen<'secrets'>): boolean =>
  value.some(({ certificates }) => certificates.some((one) => validityOf(one, Date.parse(at)) !== 'valid'))

const namesCredential = ({ spec }: Gateway): boolean =>
  (spec?.servers ?? []).some(({ tls }) => tls?.credentialName !== undefined)
