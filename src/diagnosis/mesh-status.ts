import { UserError } from '../mesh/user-error.ts'
import { wasAskedFor } from '../checks/facts/asked-revisions.ts'
import type { Clients } from '../evidence/clients/clients.ts'
import { objects } from '../evidence/collectors/objects.ts'
import { proxyStatus } from '../evidence/collectors/proxy-status.ts'
import { Evidence } from '../evidence/evidence.ts'
import { Gathering } from '../evidence/gather.ts'
import type { Blind } from '../evidence/reading.ts'
import type { AnyStep } from '../evidence/step.ts'
import { inContext } from '../evidence/step.ts'
import { nearestNames } from '../mesh/names.ts'
import { refOf } from '../mesh/objects.ts'
import { isReady, proxyRuns, proxyStatus as containerStatus, isIstiod } from '../mesh/pods.ts'
import type { ProxySync } from '../mesh/proxy-status.ts'
import type { Ref } from '../mesh/ref.ts'
import { compareRefs } from '../mesh/ref.ts'
import { requireAnswer } from './cluster-unreachable.ts'
import { istiodElsewhere, planOtherRevisions } from './plan.ts'
import { defined } from '../mesh/defined.ts'

/** One proxy and how it stands with istiod. */
export interface ProxyStanding {
  pod: Ref
  /** `rejected`: it refused something istiod sent (NACK); `absent`: its pod runs but no istiod knows it. */
  state: 'synced' | 'stale' | 'rejected' | 'absent'
  version?: string
  istiod?: string
  /** Sync state per xDS type, with Envoy's text where it refused; empty for absent ones. */
  types: ProxySync['types']
}

/** The mesh at a glance. */
export interface MeshStatus {
  /** Absent: the whole mesh. */
  namespace?: string
  /** Worst first: absent, rejected, stale, synced. */
  proxies: ProxyStanding[]
  controlPlane: { pod: Ref; ready: boolean; version?: string }[]
  /** Versions of connected proxies with how many run each, most used first; more than one is skew. */
  versions: { version: string; proxies: number }[]
  /** What could not be looked at. */
  unseen: Blind[]
}

export interface MeshStatusOptions {
  namespace?: string | undefined
  signal?: AbortSignal | undefined
  /** Milliseconds one look may take. */
  stepTimeout?: number | undefined
}

/** The cluster has no such namespace. */
export class UnknownNamespaceError extends UserError {
  readonly nearest: readonly string[]
  constructor(namespace: string, nearest: readonly string[]) {
    super(
      { why: `There is no namespace ${namespace}.${nearest.length === 0 ? '' : ` Nearest: ${nearest.join(', ')}.`}` },
      { code: 'unknown-namespace' },
    )
    this.nearest = nearest
  }
}

/** Milliseconds a proxy may take to connect before it is called absent. */
const SETTLING = 15_000
/** Looks at objects, none of which was answered, that show that there is no cluster to ask. */
const FEWEST_LOOKS = 2

const WORST_FIRST: readonly ProxyStanding['state'][] = ['absent', 'rejected', 'stale', 'synced']

/**
 * How every proxy of a namespace, or of the mesh, stands with istiod. What can't be seen is in the status, never an error.
 *
 * @throws {ClusterUnreachableError} when the API server answers nothing
 * @throws {UnknownNamespaceError} with the nearest names
 * @throws the signal's reason when it was cancelled
 */
export async function meshStatus(
  clients: Clients,
  { namespace, signal, stepTimeout }: MeshStatusOptions = {},
): Promise<MeshStatus> {
  const gathering = new Gathering(clients, { signal, stepTimeout })
  const steps: AnyStep[] = [
    proxyStatus(),
    objects('pods', 'control plane', { labels: 'app=istiod' }),
    objects('pods', 'workloads', namespace === undefined ? {} : { namespace }),
    ...(namespace === undefined ? [] : [objects('namespaces', 'objects')]),
  ]
  await gathering.gather(steps.map((step) => inContext(step, clients.context)))
  requireAnswer(gathering.readings, FEWEST_LOOKS)
  const elsewhere = istiodElsewhere(new Evidence(gathering.readings))
  if (elsewhere !== undefined) {
    gathering.forget([inContext(proxyStatus(), clients.context)])
    await gathering.gather([inContext(proxyStatus(undefined, elsewhere), clients.context)])
  }
  await gathering.gather(
    planOtherRevisions(new Evidence(gathering.readings)).map((step) => inContext(step, clients.context)),
  )
  return summarise(new Evidence(gathering.readings), namespace)
}

function summarise(evidence: Evidence, namespace: string | undefined): MeshStatus {
  const names = evidence.objects('namespaces').map(({ metadata }) => metadata.name)
  if (namespace !== undefined && names.length > 0 && !names.includes(namespace))
    throw new UnknownNamespaceError(namespace, nearestNames(namespace, names))
  const inScope = (one: { namespace?: string | undefined }): boolean =>
    namespace === undefined || one.namespace === namespace
  const known = evidence.seen('proxy-status').flatMap(({ value }) => value)
  const connected = known.filter(inScope)
  const proxies = [...connected.map(standing), ...absentProxies(evidence, known).filter(({ pod }) => inScope(pod))]
  return {
    ...defined({ namespace }),
    proxies: proxies.toSorted(
      (a, b) => WORST_FIRST.indexOf(a.state) - WORST_FIRST.indexOf(b.state) || compareRefs(a.pod, b.pod),
    ),
    controlPlane: evidence
      .objects('pods')
      .filter(isIstiod)
      .map((pod) => {
        const version = known.find(({ istiod }) => istiod === pod.metadata.name)?.istiodVersion
        return { pod: refOf(pod), ready: isReady(pod), ...defined({ version }) }
      })
      .toSorted((a, b) => compareRefs(a.pod, b.pod)),
    versions: countVersions(connected),
    unseen: evidence.readings.filter((reading): reading is Blind => !reading.ok),
  }
}

function standing({ name, namespace, version, istiod, types }: ProxySync): ProxyStanding {
  const state = types.some(({ status }) => status === 'ERROR')
    ? 'rejected'
    : types.some(({ status }) => status === 'STALE')
      ? 'stale'
      : 'synced'
  return { pod: { kind: 'Pod', namespace, name }, state, ...defined({ version, istiod }), types }
}

/** Running proxies that no istiod lists, except those that have just started; none when the lists could not be read, for then nobody knows. */
function absentProxies(evidence: Evidence, known: readonly ProxySync[]): ProxyStanding[] {
  const [lists] = evidence.seen('proxy-status')
  if (lists === undefined) return []
  const settled = Date.parse(lists.at) - SETTLING
  return evidence
    .objects('pods')
    .filter(
      (pod) =>
        proxyRuns(pod) &&
        pod.metadata.deletionTimestamp === undefined &&
        !(Date.parse(containerStatus(pod)?.state?.running?.startedAt ?? '') > settled),
    )
    .filter(
      ({ metadata }) =>
        !known.some(({ name, namespace }) => name === metadata.name && namespace === metadata.namespace),
    )
    .filter((pod) => wasAskedFor(pod, evidence))
    .map((pod): ProxyStanding => ({ pod: refOf(pod), state: 'absent', types: [] }))
}

function countVersions(proxies: readonly ProxySync[]): MeshStatus['versions'] {
  const counts = new Map<string, number>()
  for (const { version } of proxies) if (version !== undefined) counts.set(version, (counts.get(version) ?? 0) + 1)
  return [...counts]
    .map(([version, count]) => ({ version, proxies: count }))
    .toSorted((a, b) => b.proxies - a.proxies || a.version.localeCompare(b.version, 'en'))
}
