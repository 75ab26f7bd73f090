import type { Evidence } from '../evidence/evidence.ts'
import type { ContainerStatus, Pod } from '../mesh/objects.ts'
import { applicationStatuses, proxyStatus } from '../mesh/pods.ts'
import type { Args, Proof } from './check.ts'
import { proof } from './check.ts'

/** Why a pod is not ready, from its own status and its events. */
export interface Trouble {
  sort: 'crashing' | 'not-ready' | 'not-starting'
  /** `container`, `reason`, and for a crash `exitCode` and `restarts`. */
  args: Args
  proof: Proof
}

/** Waiting reasons that pass by themselves. */
const PASSING = new Set(['ContainerCreating', 'PodInitializing'])

/** Names the reason a pod is not ready: a container that keeps ending, one that cannot start, or a probe that fails. */
export function troubleOf(pod: Pod, evidence: Evidence): Trouble {
  const reading = evidence.seen('pods').find(({ value }) => value.some(({ metadata }) => metadata.uid === pod.metadata.uid)) ?? { kind: 'pods' as const, source: '', at: '' }
  const containers = [...applicationStatuses(pod), ...(proxyStatus(pod) === undefined ? [] : [proxyStatus(pod)])].filter((one) => one !== undefined)
  const crashing = containers.find(ended)
  if (crashing !== undefined) {
    const last = crashing.state?.terminated ?? crashing.lastState?.terminated
    const reason = [crashing.state?.waiting?.reason, last?.reason].filter((part) => part !== undefined).join(', last ') || 'it ended'
    return {
      sort: 'crashing', args: { container: crashing.name, reason, exitCode: last?.exitCode ?? 'unknown', restarts: crashing.restartCount ?? 0 },
      proof: proof(reading, `container ${crashing.name} of ${pod.metadata.name}: ${reason}, exit code ${last?.exitCode ?? 'unknown'}, ${crashing.restartCount ?? 0} restarts`),
    }
  }
  const waiting = [...(pod.status?.initContainerStatuses ?? []), ...containers].find(({ state }) => state?.waiting?.reason !== undefined && !PASSING.has(state.waiting.reason))
  if (waiting !== undefined || pod.status?.phase === 'Pending') return notStarting(pod, waiting, reading)
  return notReady(pod, containers, evidence, reading)
}

/** Ended and not running again, or back for so short that it never was ready. */
function ended({ state, lastState, ready }: ContainerStatus): boolean {
  return ready !== true && (state?.terminated !== undefined || state?.waiting?.reason === 'CrashLoopBackOff' || (lastState?.terminated !== undefined && state?.running === undefined))
}

function notStarting(pod: Pod, waiting: ContainerStatus | undefined, reading: Parameters<typeof proof>[0]): Trouble {
  const unscheduled = pod.status?.conditions?.find(({ type, status }) => type === 'PodScheduled' && status === 'False')
  const unfinished = (pod.status?.initContainerStatuses ?? []).find(({ ready }) => ready !== true)
  const reason = waiting?.state?.waiting === undefined ? (unscheduled?.message ?? (unfinished === undefined ? 'it is still pending' : `init container ${unfinished.name} has not finished`)) : `${waiting.state.waiting.reason ?? ''}: ${waiting.state.waiting.message ?? ''}`
  return { sort: 'not-starting', args: { container: waiting?.name ?? unfinished?.name ?? 'the pod', reason: reason.slice(0, 300) }, proof: proof(reading, `${pod.metadata.name}: ${reason.slice(0, 600)}`) }
}

function notReady(pod: Pod, containers: readonly ContainerStatus[], evidence: Evidence, reading: Parameters<typeof proof>[0]): Trouble {
  const event = evidence.objects('events')
    .filter(({ reason, involvedObject, message = '' }) => reason === 'Unhealthy' && involvedObject?.name === pod.metadata.name && message.startsWith('Readiness'))
    .toSorted((a, b) => (a.lastTimestamp ?? '').localeCompare(b.lastTimestamp ?? '')).at(-1)
  const unready = containers.find(({ ready }) => ready !== true)
  const reason = event?.message ?? pod.status?.conditions?.find(({ type, status }) => type === 'Ready' && status === 'False')?.message ?? 'it is not ready yet'
  return { sort: 'not-ready', args: { container: unready?.name ?? 'the pod', reason: reason.slice(0, 300) }, proof: proof(reading, `${pod.metadata.name} is not Ready: ${reason.slice(0, 600)}`) }
}
