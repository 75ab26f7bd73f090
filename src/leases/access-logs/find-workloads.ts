import { isSilent } from '../../checks/facts/access-logs-off.ts'
import { byOwner } from '../../checks/facts/owners.ts'
import { ISTIO_NAMESPACE } from '../../evidence/clients/istio-namespace.ts'
import type { Clients } from '../../evidence/clients/clients.ts'
import { objects } from '../../evidence/collectors/objects.ts'
import { proxyConfig } from '../../evidence/collectors/proxy-config.ts'
import { proxyStatus } from '../../evidence/collectors/proxy-status.ts'
import { Evidence } from '../../evidence/evidence.ts'
import { Gathering, type GatherOptions } from '../../evidence/gather.ts'
import type { AnyStep } from '../../evidence/step.ts'
import { isSelector } from '../../fixes/lent-telemetry.ts'
import type { Fields } from '../../mesh/fields.ts'
import { meshConfigIn } from '../../mesh/mesh-config.ts'
import { refOf, selects, type Labels, type Pod, type Workload } from '../../mesh/objects.ts'
import { hasEnded, hasProxy } from '../../mesh/pods.ts'
import { formatRef, sameRef, type Ref } from '../../mesh/ref.ts'
import type { TargetQuery } from '../../mesh/target-query.ts'
import type { Target } from '../../mesh/target.ts'
import { findProxies } from '../find-proxies.ts'

/** Proxies of one workload that are asked what they log: those of one workload are alike. */
const ASKED = 2
/** Labels that Kubernetes and Istio put on pods, which are others for each pod, or for each version of its workload. */
const GENERATED =
  /^(?:pod-template-hash|pod-template-generation|controller-revision-hash|(?:statefulset|apps|batch)\.kubernetes\.io\/.*|job-name|controller-uid|security\.istio\.io\/.*|service\.istio\.io\/.*|istio\.io\/rev|rollouts-pod-template-hash)$/

/** A workload, and what its proxies log now. */
export interface FoundWorkload {
  ref: Ref
  uid: string
  pods: readonly Pod[]
  /** Undefined where no proxy told its listeners; `why` then. */
  isOn: boolean | undefined
  why?: string
  /** Labels that tell its pods from all others of the namespace; absent where no labels do, or Istio takes none: `refusal` then. */
  selector?: Labels
  refusal?: string
  /** Releases of Istio of its proxies, as istiod knows them. */
  versions: readonly (string | undefined)[]
}

/** The workloads that access logs may be turned on for. */
export interface FoundWorkloads {
  target: Target
  /** The target's own first, then those of gateways; those without access logs before others. */
  workloads: FoundWorkload[]
  /** The mesh configuration; empty where there is none, `unread` where it could not be read. */
  mesh: Fields
  unread?: string
}

/**
 * The workloads of a target, and those of the pods `beside` it, with what their proxies log.
 * @throws what findProxies throws
 */
export async function findWorkloads(
  query: TargetQuery,
  clients: Clients,
  options: GatherOptions & { beside?: readonly Ref[] },
): Promise<FoundWorkloads> {
  const { target, pods, others } = await findProxies(query, clients, options)
  const proxies = [...pods, ...others]
  const namespaces = [...new Set(proxies.map(({ metadata }) => metadata.namespace ?? ''))]
  const gathering = new Gathering(clients, options)
  await gathering.gather([
    objects('mesh-config', 'control plane', { namespace: ISTIO_NAMESPACE, fields: 'metadata.name=istio' }),
    proxyStatus(),
    ...namespaces.flatMap((namespace) =>
      (['pods', 'replica-sets', 'deployments', 'stateful-sets', 'daemon-sets'] as const).map(
        (kind) => objects(kind, 'objects', { namespace }) as AnyStep,
      ),
    ),
  ])
  const owned = byOwner(proxies, new Evidence(gathering.readings))
  const asked = owned.flatMap((one) => one.pods.slice(0, ASKED).map(refOf))
  await gathering.gather(asked.map((pod) => proxyConfig('listeners', pod) as AnyStep))
  const evidence = new Evidence(gathering.readings)
  const config = gathering.readings.find(({ kind }) => kind === 'mesh-config')
  return {
    target,
    workloads: owned
      .map((one) => found(one, evidence))
      .toSorted((a, b) => Number(a.isOn ?? false) - Number(b.isOn ?? false)),
    mesh: meshConfigIn(evidence.objects('mesh-config')[0]),
    ...(config?.ok === false && { unread: config.detail }),
  }
}

function found({ owner, pods }: { owner: Ref; pods: readonly Pod[] }, evidence: Evidence): FoundWorkload {
  const object = objectOf(owner, evidence)
  const said = pods.slice(0, ASKED).map((pod) => {
    const reading = evidence.seenOf('listeners', refOf(pod))
    return reading === undefined ? undefined : isSilent(pod, reading.value)
  })
  const known = said.filter((one) => one !== undefined)
  const statuses = evidence.seen('proxy-status').flatMap(({ value }) => value)
  const versions = pods.map(
    ({ metadata }) =>
      statuses.find(({ name, namespace }) => name === metadata.name && namespace === metadata.namespace)?.version,
  )
  return {
    ref: owner,
    uid: object?.metadata.uid ?? (owner.kind === 'Pod' ? pods[0]?.metadata.uid : undefined) ?? formatRef(owner),
    pods,
    isOn: known.length === 0 ? undefined : !known.some(Boolean),
    ...(known.length === 0 && { why: whyUnknown(pods, evidence) }),
    versions,
    ...selectorOf(owner, pods, object, evidence),
  }
}

function whyUnknown(pods: readonly Pod[], evidence: Evidence): string {
  const blind = evidence
    .blind('listeners')
    .find(({ of }) => of !== undefined && pods.some((pod) => sameRef(refOf(pod), of)))
  return blind?.detail ?? 'its proxies have no listener for requests'
}

function objectOf({ kind, name, namespace = '' }: Ref, evidence: Evidence): Workload | undefined {
  switch (kind) {
    case 'Deployment':
      return evidence.object('deployments', namespace, name)
    case 'StatefulSet':
      return evidence.object('stateful-sets', namespace, name)
    case 'DaemonSet':
      return evidence.object('daemon-sets', namespace, name)
    default:
      return undefined
  }
}

/** Labels that select the workload's pods and no others with a proxy: its own selector, which never changes, or all that its pods have in common. */
function selectorOf(
  owner: Ref,
  pods: readonly Pod[],
  object: Workload | undefined,
  evidence: Evidence,
): Pick<FoundWorkload, 'selector' | 'refusal'> {
  if (pods.some(isWaypointPod))
    return {
      refusal: `${formatRef(owner)} is a waypoint: Istio takes no selector for it, only a Telemetry with targetRefs`,
    }
  const all = evidence
    .objects('pods')
    .filter((pod) => pod.metadata.namespace === owner.namespace && hasProxy(pod) && !hasEnded(pod))
  const own = byOwner(all, evidence).find((one) => sameRef(one.owner, owner))?.pods ?? pods
  const common = Object.fromEntries(
    Object.entries(own[0]?.metadata.labels ?? {}).filter(
      ([key, value]) =>
        !GENERATED.test(key) &&
        isSelector({ [key]: value }) &&
        own.every(({ metadata }) => metadata.labels?.[key] === value),
    ),
  )
  const { matchLabels = {} } = object?.spec?.selector ?? {}
  const strangers = all.filter((pod) => !own.includes(pod))
  const selector = [matchLabels, common].find(
    (labels) => isSelector(labels) && !strangers.some(({ metadata }) => selects(labels, metadata.labels)),
  )
  if (selector !== undefined) return { selector }
  const [other] = strangers.filter(({ metadata }) => isSelector(common) && selects(common, metadata.labels))
  return {
    refusal:
      other === undefined
        ? `the pods of ${formatRef(owner)} have no labels in common that a Telemetry object could select`
        : `no labels tell the pods of ${formatRef(owner)} from ${formatRef(refOf(other))}, whose access log would be turned on as well`,
  }
}

const isWaypointPod = ({ metadata: { labels } }: Pod): boolean =>
  labels?.['gateway.istio.io/managed'] === 'istio.io-mesh-controller'
