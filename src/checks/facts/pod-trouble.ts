import type { Evidence } from '../../evidence/evidence.ts'
import type { ContainerStatus, Pod, Workload } from '../../mesh/objects.ts'
import { applicationStatuses, proxyStatus } from '../../mesh/pods.ts'
import { once } from './fact.ts'
import type { Args, Proof } from '../check.ts'
import { proof } from '../check.ts'
import { podReading } from './readings.ts'

/** Why a pod is not ready, from its own status and its events. */
export interface Trouble {
  sort: 'crashing' | 'not-ready' | 'not-starting'
  /** `container`, `reason`, for a crash `exitCode` and `restarts`, and for one that does not start `correction`: what to do, a clause. */
  args: Args
  proof: Proof
}

/** Readiness probes that failed, by the pod's name. */
const failedProbes = once((evidence: Evidence) =>
  Map.groupBy(
    evidence
      .objects('events')
      .filter(({ reason, message = '' }) => reason === 'Unhealthy' && message.startsWith('Readiness')),
    ({ involvedObject }) => involvedObject?.name ?? '',
  ),
)

/** Milliseconds after an end during which a container that is up again, and not ready, counts as one that keeps ending. */
const LATELY = 300_000

/** Waiting reasons that pass by themselves. */
const PASSING = new Set(['ContainerCreating', 'PodInitializing'])

/** Names the reason a pod is not ready: a container that keeps ending, one that cannot start, or a probe that fails. */
export function troubleOf(pod: Pod, evidence: Evidence): Trouble {
  const reading = podReading(pod, evidence)
  const containers = [
    ...applicationStatuses(pod),
    ...(proxyStatus(pod) === undefined ? [] : [proxyStatus(pod)]),
  ].filter((one) => one !== undefined)
  const now = Date.parse(reading.at)
  const crashing = containers.find((one) => ended(one, now))
  if (crashing !== undefined) {
    const last = crashing.state?.terminated ?? crashing.lastState?.terminated
    const reason =
      [crashing.state?.waiting?.reason, last?.reason].filter((part) => part !== undefined).join(', last ') || 'it ended'
    return {
      sort: 'crashing',
      args: {
        container: crashing.name,
        reason,
        exitCode: last?.exitCode ?? 'unknown',
        restarts: crashing.restartCount ?? 0,
      },
      proof: proof(
        reading,
        `container ${crashing.name} of ${pod.metadata.name}: ${reason}, exit code ${last?.exitCode ?? 'unknown'}, ${crashing.restartCount ?? 0} restarts`,
      ),
    }
  }
  const waiting = [...(pod.status?.initContainerStatuses ?? []), ...containers].find(
    ({ state }) => state?.waiting?.reason !== undefined && !PASSING.has(state.waiting.reason),
  )
  if (waiting !== undefined || pod.status?.phase === 'Pending') return notStarting(pod, waiting, reading)
  return notReady(pod, containers, evidence, reading)
}

/** Ended and not running again, or back since so short a time that the next end is to be expected. */
function ended({ state, lastState, ready }: ContainerStatus, now: number): boolean {
  if (ready === true) return false
  if (state?.terminated !== undefined || state?.waiting?.reason === 'CrashLoopBackOff') return true
  return (
    lastState?.terminated !== undefined &&
    (state?.running === undefined || now - Date.parse(lastState.terminated.finishedAt ?? '') < LATELY)
  )
}

/** A value from the cluster in a clause: a pod's container, a message. */
export const quoted = (text: string): string => `\`${text.replaceAll('`', "'")}\``

function notStarting(pod: Pod, waiting: ContainerStatus | undefined, reading: Parameters<typeof proof>[0]): Trouble {
  const unscheduled = pod.status?.conditions?.find(({ type, status }) => type === 'PodScheduled' && status === 'False')
  const unfinished = (pod.status?.initContainerStatuses ?? []).find(({ ready }) => ready !== true)
  const reason =
    waiting?.state?.waiting === undefined
      ? (unscheduled?.message ??
        (unfinished === undefined ? 'it is still pending' : `init container ${unfinished.name} has not finished`))
      : `${waiting.state.waiting.reason ?? ''}: ${waiting.state.waiting.message ?? ''}`
  const container = waiting?.name ?? unfinished?.name ?? 'the pod'
  const { name, namespace = '' } = pod.metadata
  const said = quoted(reason.slice(0, 300))
  const at = quoted(`${name} -n ${namespace}`)
  const correction =
    waiting?.state?.waiting !== undefined
      ? `Fix what keeps ${quoted(container)} from starting: ${said}`
      : unscheduled?.message !== undefined
        ? `Make room for it, or lower its requests: ${said}`
        : unfinished === undefined
          ? `Look at its events: kubectl describe pod ${at}`
          : `Look at what ${quoted(unfinished.name)} waits for: its log, and the events of pod ${at}`
  return {
    sort: 'not-starting',
    args: { container, reason: reason.slice(0, 300), correction },
    proof: proof(reading, `${pod.metadata.name}: ${reason.slice(0, 600)}`),
  }
}

function notReady(
  pod: Pod,
  containers: readonly ContainerStatus[],
  evidence: Evidence,
  reading: Parameters<typeof proof>[0],
): Trouble {
  const event = (failedProbes(evidence).get(pod.metadata.name) ?? [])
    .toSorted((a, b) => (a.lastTimestamp ?? '').localeCompare(b.lastTimestamp ?? ''))
    .at(-1)
  const unready = containers.find(({ ready }) => ready !== true)
  const reason =
    event?.message ??
    pod.status?.conditions?.find(({ type, status }) => type === 'Ready' && status === 'False')?.message ??
    'it is not ready yet'
  return {
    sort: 'not-ready',
    args: { container: unready?.name ?? 'the pod', reason: reason.slice(0, 300) },
    proof: proof(reading, `${pod.metadata.name} is not Ready: ${reason.slice(0, 600)}`),
  }
}

/** Why the API server takes none of a workload's pods (quota, admission, a webhook that does not answer), from the newest such event. */
export function refusedPods(workload: Workload, evidence: Evidence): { reason: string; proof: Proof } | undefined {
  const { name, namespace } = workload.metadata
  const makers = [
    name,
    ...evidence
      .objects('replica-sets')
      .filter(
        ({ metadata }) =>
          metadata.namespace === namespace && metadata.ownerReferences?.some((owner) => owner.name === name) === true,
      )
      .map(({ metadata }) => metadata.name),
  ]
  const event = evidence
    .objects('events')
    .filter(({ reason, involvedObject }) => reason === 'FailedCreate' && makers.includes(involvedObject?.name ?? ''))
    .toSorted((a, b) => (a.lastTimestamp ?? '').localeCompare(b.lastTimestamp ?? ''))
    .at(-1)
  const reading = evidence.seen('events')[0]
  if (event?.message === undefined || reading === undefined) return undefined
  return {
    reason: event.message.slice(0, 300),
    proof: proof(
      reading,
      `FailedCreate ${event.involvedObject?.kind ?? ''} ${event.involvedObject?.name ?? ''}: ${event.message.slice(0, 600)}`,
    ),
  }
}
