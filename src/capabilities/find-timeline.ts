import { forHosts } from '../checks/facts/traffic-of.ts'
import { logReadersOf } from '../checks/facts/log-readers-of.ts'
import { DEFAULT_INGRESS } from '../diagnosis/plan.ts'
import type { PlannedStep } from '../diagnosis/report.ts'
import { UnseenError, type Clients } from '../evidence/clients/clients.ts'
import { ISTIO_NAMESPACE } from '../evidence/clients/istio-namespace.ts'
import { objects } from '../evidence/collectors/objects.ts'
import { Evidence } from '../evidence/evidence.ts'
import { Gathering, type GatherOptions } from '../evidence/gather.ts'
import { findProxies } from '../leases/find-proxies.ts'
import type { LineReader } from '../mesh/access-log-format.ts'
import { refOf, type Pod } from '../mesh/objects.ts'
import { isReady, PROXY_CONTAINER } from '../mesh/pods.ts'
import { sameRef, type Ref } from '../mesh/ref.ts'
import type { TargetQuery } from '../mesh/target-query.ts'
import type { Target } from '../mesh/target.ts'
import { UserError } from '../mesh/user-error.ts'
import type { AskedRequest } from '../timeline/find-requests.ts'
import { textLog, type LogBytes } from '../timeline/log-bytes.ts'
import { redactLog } from './redact-log.ts'
import { timelineOf, type Timeline, type TimelineOptions } from '../timeline/timeline.ts'

/** A request to a target, as the proxies on its way logged it. */
export interface TargetTimeline {
  target: Ref
  timeline: Timeline
  /** Sentences: logs that were cut or could not be read, and whose logs were not looked at. */
  notes: string[]
}

/** The proxies whose logs are read, and how they are spoken of. */
export interface TimelineProxies {
  target: Target
  proxies: { pod: Ref; role: 'gateway' | 'sidecar' }[]
  /** Names of pods by their addresses. */
  names: Record<string, string>
  readers: readonly LineReader[]
  notes: string[]
}

/** Logs that are read: the gateways' first, they name who was called. */
const MOST_LOGS = 8
/** Lines and bytes of each, the newest lines. */
const MOST_LINES = 40_000
const MOST_BYTES = 8 * 1024 * 1024
/** Milliseconds that reading one may take. */
const PATIENCE = 20_000
/** Seconds that are looked back at. */
export const TIMELINE_WINDOW = 300

/**
 * The proxies that a request to a target may have passed: the ingress gateways and the target's own.
 *
 * @param beside proxies that are read in any case: those of a lease
 * @throws UnknownTargetError, AmbiguousTargetError; LeaseRefusedError when no proxy of it runs, or the cluster could not be read
 */
export async function findTimelineProxies(
  query: TargetQuery,
  clients: Clients,
  { beside = [], ...options }: GatherOptions & { beside?: readonly Ref[] },
): Promise<TimelineProxies> {
  const { target, pods, others } = await findProxies(query, clients, { ...options, beside })
  const gathering = new Gathering(clients, options)
  await gathering.gather([
    objects('pods', 'proxies', { labels: DEFAULT_INGRESS }),
    objects('mesh-config', 'control plane', { namespace: ISTIO_NAMESPACE, fields: 'metadata.name=istio' }),
  ])
  const evidence = new Evidence(gathering.readings)
  const gateways = evidence.objects('pods').filter(isReady)
  const isGateway = (pod: Pod): boolean => gateways.some((one) => sameRef(refOf(one), refOf(pod)))
  const first = [...pods, ...others].filter((pod) => beside.some((ref) => sameRef(ref, refOf(pod))))
  const all = [...gateways, ...first, ...pods, ...others]
  const unique = all.filter((pod, index) => all.findIndex((one) => sameRef(refOf(one), refOf(pod))) === index)
  const left = unique.length - MOST_LOGS
  const callers = others.filter((pod) => !isGateway(pod))
  return {
    target,
    proxies: unique
      .slice(0, MOST_LOGS)
      .map((pod) => ({ pod: refOf(pod), role: isGateway(pod) ? ('gateway' as const) : ('sidecar' as const) })),
    names: Object.fromEntries(
      unique.flatMap(({ metadata: { name }, status }) => (status?.podIP === undefined ? [] : [[status.podIP, name]])),
    ),
    readers: logReadersOf(evidence),
    notes: [
      ...gathering.readings.flatMap((one) => (one.ok ? [] : [`${one.source}: ${one.detail}`])),
      ...(left > 0 ? [`The logs of ${left} more of its proxies were not read.`] : []),
      callers.length === 0
        ? 'Only the logs of the ingress gateways and of its own proxies were read, not those of callers inside the mesh.'
        : `Of callers inside the mesh, only the logs of proxies whose levels are raised were read: ${callers
            .map(({ metadata }) => metadata.name)
            .join(', ')}.`,
    ],
  }
}

/** Tells a request to a target from its proxies' logs since a moment. @throws NoSuchRequestError; UserError when no log could be read */
export async function readTimeline(
  { target, proxies, names, readers, notes }: TimelineProxies,
  asked: AskedRequest,
  clients: Clients,
  {
    signal,
    since,
    progress = () => undefined,
  }: { signal: AbortSignal; since: Date; progress?: (steps: readonly PlannedStep[]) => void },
): Promise<TargetTimeline> {
  const steps = proxies.map(({ pod }) => stepFor(pod, since))
  progress(steps)
  const read = await Promise.all(
    proxies.map(async ({ pod, role }, index) => {
      const one = await readLog(pod, role, clients, since, signal)
      const step = steps[index]
      if (step !== undefined) step.outcome = 'log' in one ? 'seen' : 'blind'
      progress(steps)
      return one
    }),
  )
  const logs = read.flatMap((one) => ('log' in one && one.log.size > 0 ? [one.log] : []))
  const problems = read.flatMap(({ note }) => note ?? [])
  if (logs.length === 0)
    throw new UserError({
      why: `No log of its proxies since ${since.toISOString().slice(11, 19)} UTC could be read${problems.length === 0 ? ': they logged nothing' : `: ${problems.join(' ')}`}`,
    })
  return {
    target: target.ref,
    timeline: await timelineOf(logs, asked, { readers, pods: names, concerns: concerning(target) }),
    notes: [...problems, ...notes],
  }
}

/** What the target's own proxies log is about it; of other proxies' requests those that it was meant to get. */
function concerning(target: Target): NonNullable<TimelineOptions['concerns']> {
  const isTo = forHosts(target.hosts)
  const own = new Set(target.pods.map(({ name }) => name))
  return (log, { access, cluster }) =>
    own.has(log) || isTo(access ?? (cluster === undefined ? {} : { upstreamCluster: cluster }))
}

const stepFor = (pod: Ref, since: Date): PlannedStep => ({
  id: `timeline ${pod.namespace ?? ''}/${pod.name}`,
  kind: 'access-log',
  of: pod,
  group: 'traffic',
  title: `log of ${pod.name}`,
  command: `kubectl logs -n ${pod.namespace ?? ''} ${pod.name} -c ${PROXY_CONTAINER} --since-time=${since.toISOString()}`,
  outcome: 'running',
})

type ReadLog = { log: LogBytes; note?: string } | { note: string }

async function readLog(
  pod: Ref,
  role: 'gateway' | 'sidecar',
  { kubernetes }: Clients,
  since: Date,
  signal: AbortSignal,
): Promise<ReadLog> {
  try {
    const patience = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)])
    const window = { sinceTime: since.toISOString(), limitBytes: MOST_BYTES }
    const text = await kubernetes.log(pod, PROXY_CONTAINER, MOST_LINES, patience, window)
    const log = textLog(pod.name, await redactLog(text), role)
    const isCut = Buffer.byteLength(text) >= MOST_BYTES || text.split('\n').length > MOST_LINES
    return isCut
      ? {
          log,
          note: `The log of ${pod.name} is longer than what is read: its last ${MOST_LINES} lines, at most ${MOST_BYTES / 1024 / 1024} MiB.`,
        }
      : { log }
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof UnseenError)) throw error
    return { note: `The log of ${pod.name} could not be read: ${error.message}.` }
  }
}
