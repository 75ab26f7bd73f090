import type { Evidence } from '../../evidence/evidence.ts'
import type { Container, ContainerStatus, Pod, Probe, Workload } from '../../mesh/objects.ts'
import { hasEnded, isReady } from '../../mesh/pods.ts'
import { once } from './fact.ts'
import { ownerOf } from './owners.ts'
import { quoted } from './pod-trouble.ts'
import { podReading } from './readings.ts'

/** A pod that is younger than its start-up needs, and waits for nothing that is wrong. */
export interface StartUp {
  /** Seconds since it was made. */
  age: number
  /** What it waits for: a clause, with values from the cluster between backticks. */
  waits: string
}

/** Kubernetes' own, in seconds: a Deployment's patience with a rollout, and a probe's times. */
const PROGRESS_DEADLINE = 600
const PROBE = { initialDelaySeconds: 0, periodSeconds: 10, failureThreshold: 3 }
/** Seconds that a container without probes may take to be told ready, and a pod to be given a node. */
const MOMENT = 10
/** Events that say that something is wrong with what a pod waits for. */
const WRONG = /^(Failed|BackOff|ErrImage|InspectFailed|NetworkNotReady)/

/** Seconds that a probe gives what it asks. */
function window(probe: Probe | undefined): number {
  if (probe === undefined) return 0
  const { initialDelaySeconds, periodSeconds, failureThreshold } = { ...PROBE, ...probe }
  return initialDelaySeconds + periodSeconds * failureThreshold
}

interface Told {
  /** Readiness probes' failures and wrong events, by the pod's name. */
  refused: ReadonlySet<string>
  wrong: ReadonlySet<string>
}
const toldOf = once((evidence: Evidence): Told => {
  const events = evidence.objects('events')
  const names = (of: readonly (typeof events)[number][]): ReadonlySet<string> =>
    new Set(of.map(({ involvedObject }) => involvedObject?.name ?? ''))
  return {
    // An application that answers its probe with 4xx has started, and does not know what it is asked.
    refused: names(
      events.filter(({ reason, message = '' }) => reason === 'Unhealthy' && /statuscode: 4\d\d/.test(message)),
    ),
    wrong: names(events.filter(({ reason = '' }) => WRONG.test(reason))),
  }
})

const workloadOf = (pod: Pod, evidence: Evidence): Workload | undefined => {
  const { kind, namespace = '', name } = ownerOf(pod, evidence)
  return kind === 'Deployment' ? evidence.object('deployments', namespace, name) : undefined
}

/** What a container that runs waits for; undefined when it has had its time. */
function waitsFor(status: ContainerStatus, container: Container | undefined, now: number): string | undefined {
  const since = Date.parse(status.state?.running?.startedAt ?? '')
  if (Number.isNaN(since)) return undefined
  const { startupProbe, readinessProbe } = container ?? {}
  const startUp = status.started === true ? 0 : window(startupProbe)
  const limit = startUp + (readinessProbe === undefined ? MOMENT : window(readinessProbe))
  if (now - since > limit * 1000) return undefined
  if (startUp > 0) return `the start-up probe of ${quoted(status.name)} may take ${startUp} s after its start`
  return readinessProbe === undefined
    ? `${quoted(status.name)} has just started`
    : `the readiness probe of ${quoted(status.name)} may take ${limit} s after its start`
}

/** How a pod that is not ready is getting on with starting; undefined when it has ended once, waits for something that is wrong, or takes longer than it may. */
export function startUpOf(pod: Pod, evidence: Evidence): StartUp | undefined {
  const { metadata, spec, status } = pod
  const now = Date.parse(podReading(pod, evidence).at)
  const age = Math.round((now - Date.parse(metadata.creationTimestamp ?? '')) / 1000)
  const workload = workloadOf(pod, evidence)
  const deadline = workload?.spec?.progressDeadlineSeconds ?? PROGRESS_DEADLINE
  const gaveUp = (workload?.status?.conditions ?? []).some(
    ({ type, status: is }) => type === 'Progressing' && is === 'False',
  )
  if (Number.isNaN(age) || age > deadline || gaveUp || isReady(pod) || hasEnded(pod)) return undefined
  if (metadata.deletionTimestamp !== undefined) return undefined
  const init = status?.initContainerStatuses ?? []
  const own = status?.containerStatuses ?? []
  const { refused, wrong } = toldOf(evidence)
  const hasEndedOnce = [...init, ...own].some(
    ({ restartCount = 0, lastState }) => restartCount > 0 || lastState?.terminated !== undefined,
  )
  const failed = [...init, ...own].some(({ state }) => (state?.terminated?.exitCode ?? 0) !== 0)
  if (hasEndedOnce || failed || own.some(({ state }) => state?.terminated !== undefined)) return undefined
  const isUnscheduled = (status?.conditions ?? []).some(
    ({ type, status: is, reason }) => type === 'PodScheduled' && is === 'False' && reason !== 'SchedulingGated',
  )
  if (isUnscheduled) return undefined
  const told = (waits: string): StartUp => ({ age, waits })
  if (status?.phase === 'Pending' || own.length === 0) {
    if (wrong.has(metadata.name)) return undefined
    const waiting = [...init, ...own].find(
      ({ state }) => !['ContainerCreating', 'PodInitializing', undefined].includes(state?.waiting?.reason),
    )
    if (waiting !== undefined) return undefined
    const busy = init.find(({ ready, state }) => ready !== true && state?.running !== undefined)
    if (busy !== undefined) return told(`init container ${quoted(busy.name)} has not finished`)
    const made = [...init, ...own].find(({ state }) => state?.waiting !== undefined)
    if (made !== undefined) return told(`${quoted(made.name)} is being created (its image, its volumes)`)
    return age <= MOMENT ? told('it has just been made') : undefined
  }
  if (refused.has(metadata.name)) return undefined
  const unready = own.filter(({ ready }) => ready !== true)
  const containers = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])]
  const waits = unready.map((one) =>
    waitsFor(
      one,
      containers.find(({ name }) => name === one.name),
      now,
    ),
  )
  const [first] = waits
  return waits.some((one) => one === undefined) || first === undefined ? undefined : told(first)
}

/** The pods among some that are starting. */
export const startingOf = (pods: readonly Pod[], evidence: Evidence): { pod: Pod; startUp: StartUp }[] =>
  pods.flatMap((pod) => {
    const startUp = startUpOf(pod, evidence)
    return startUp === undefined ? [] : [{ pod, startUp }]
  })
