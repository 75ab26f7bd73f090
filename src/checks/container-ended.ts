import { failed } from '../mesh/access-log.ts'
import { clockText } from '../mesh/duration.ts'
import type { ContainerStatus, Pod } from '../mesh/objects.ts'
import { refOf } from '../mesh/objects.ts'
import { applicationStatuses } from '../mesh/pods.ts'
import { formatRef } from '../mesh/ref.ts'
import type { Evidence } from '../evidence/evidence.ts'
import type { Target } from '../mesh/target.ts'
import { defineCheck, proof, type Found } from './check.ts'
import { areOver } from './facts/over.ts'
import { ownerOf, podsOf } from './facts/owners.ts'
import { podReading } from './facts/readings.ts'
import { isGrave, latest, nearest, requestsTo, scopeOf, type Group, type Request } from './facts/requests-to.ts'
import { presentOf, quoteLine } from './facts/traffic-of.ts'

/** Milliseconds before a container's end in which connections are cut, and after its next start in which nothing listens yet. */
const AROUND = 3000
/** Fewest requests that fail so. */
const FEWEST = 2
/** Flags of requests whose connection ended or could not be made. */
const CUT: readonly string[] = ['UC', 'UF', 'URX']

/** An application's container ended by itself, out of memory for instance, and was started again: what it was answering was cut, and nothing listened meanwhile. */
export const containerEnded = defineCheck({
  name: 'container-ended',
  about: "no requests failed in the moments in which an application's container ended and was started again",
  needs: ['access-log', 'pods', 'virtual-services'],
  confirms: ['replica-sets'],
  problems: {
    MESH0456: {
      severity: 'error',
      counts: 'failures',
      title: 'container ended under requests',
      explains: ['MESH0401', 'MESH0402', 'MESH0403', 'MESH0404', 'MESH0405', 'MESH0439'],
      says: '{failed} of {requests} requests to {subject} since {since} failed as its container {container} ended ({reason}, exit code {exitCode}) and was started again; {restarts}',
      remedy: '{correction}.',
    },
    MESH0457: {
      severity: 'warning',
      title: 'a container ended under requests',
      explains: ['MESH0404', 'MESH0439'],
      says: '{failed} of {requests} requests to {subject} since {since} failed as its container {container} ended ({reason}, exit code {exitCode}) and was started again; {restarts}',
      remedy: '{correction}.',
    },
  },
  run(evidence, target) {
    const ends = new Map(
      podsOf(target, evidence).flatMap((pod): [Pod, End][] => {
        const end = lastEnd(pod)
        return end === undefined ? [] : [[pod, end]]
      }),
    )
    if (ends.size === 0) return []
    const now = Math.max(0, ...evidence.seen('access-log').map(({ at }) => Date.parse(at)))
    const requests = requestsTo(target, now - presentOf(target), evidence)
    const met = requests.flatMap((request): Met[] => {
      const { pod } = request
      if (pod === undefined || !nearest(request).entry.flags.some((flag) => CUT.includes(flag))) return []
      const end = ends.get(pod)
      return end !== undefined && isAt(request, end) ? [{ request, pod, end }] : []
    })
    return [...Map.groupBy(met, ({ pod }) => formatRef(ownerOf(pod, evidence))).values()].flatMap((group) =>
      found(group as [Met, ...Met[]], requests, evidence, target),
    )
  },
})

/** The last end of an application's container, and when it ran again (milliseconds; absent where it does not). */
interface End {
  status: ContainerStatus
  reason: string
  exitCode: number
  at: number
  again?: number
}
interface Met {
  request: Request
  pod: Pod
  end: End
}

function lastEnd(pod: Pod): End | undefined {
  if (pod.metadata.deletionTimestamp !== undefined) return undefined
  return applicationStatuses(pod)
    .flatMap((status): End[] => {
      const { state, lastState } = status
      const last = state?.terminated ?? lastState?.terminated
      const at = Date.parse(last?.finishedAt ?? '')
      const again = Date.parse(state?.running?.startedAt ?? '')
      return last === undefined || Number.isNaN(at)
        ? []
        : [
            {
              status,
              reason: last.reason ?? 'it ended',
              exitCode: last.exitCode ?? 0,
              at,
              ...(!Number.isNaN(again) && { again }),
            },
          ]
    })
    .toSorted((a, b) => b.at - a.at)[0]
}

/** True for a request that was under way as the container ended, or was sent while it did not run. */
function isAt(request: Request, { at, again = Infinity }: End): boolean {
  const { entry } = nearest(request)
  const began = Date.parse(entry.at)
  const ended = began + (entry.duration ?? 0)
  return ended >= at - AROUND && began <= again + AROUND
}

const began = ({ entry }: Request): number => Date.parse(entry.at)

function found(group: readonly [Met, ...Met[]], all: readonly Request[], evidence: Evidence, target: Target): Found[] {
  if (group.length < FEWEST) return []
  const failures = group.map(({ request }) => request).toSorted((a, b) => began(a) - began(b)) as unknown as Group
  const [first, last] = [began(failures[0]), Math.max(...failures.map(began))]
  const since = all.filter((one) => began(one) >= first)
  const span = since.filter((one) => began(one) <= last).length
  const after = since.filter((one) => began(one) > last && !failed(one.entry)).length
  const isPast = areOver(failures.length, span, after)
  const { pod, end } = group.reduce((a, b) => (b.end.at > a.end.at ? b : a))
  const example = latest(failures)
  const owner = ownerOf(pod, evidence)
  const { name, restartCount = 0 } = end.status
  return [
    {
      code: !isPast && isGrave(failures, since) ? 'MESH0456' : 'MESH0457',
      standing: 'observed',
      subject: owner,
      args: {
        failed: failures.length,
        requests: since.length,
        since: clockText(first),
        container: name,
        reason: end.reason,
        exitCode: end.exitCode,
        restarts: restartCount === 1 ? '1 restart' : `${restartCount} restarts`,
        correction: correction(end, pod),
      },
      because: [
        proof(
          nearest(example).log,
          `${failures.length} of ${since.length} requests failed within ${AROUND / 1000} s of the time in which the container did not run; the last of them`,
          quoteLine(nearest(example).entry),
        ),
        proof(
          podReading(pod, evidence),
          `container ${name} of ${formatRef(refOf(pod))} ended at ${clockText(end.at)} (${end.reason}, exit code ${end.exitCode})${end.again === undefined ? '' : ` and ran again at ${clockText(end.again)}`}`,
        ),
      ],
      scope: [...scopeOf(failures, target), formatRef(owner)],
    },
  ]
}

const correction = ({ reason, status: { name } }: End, pod: Pod): string =>
  reason === 'OOMKilled'
    ? `Raise the memory limit of container ${name}, or find what it keeps in memory`
    : `Find why container ${name} ended: kubectl logs -n ${pod.metadata.namespace ?? ''} ${pod.metadata.name} -c ${name} --previous`
