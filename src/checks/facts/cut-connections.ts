import type { Evidence } from '../../evidence/evidence.ts'
import type { AccessLogLine } from '../../mesh/access-log.ts'
import { chanceOfAsSlow, quantile } from '../../mesh/latency.ts'
import { applicationStatuses, hasProxy } from '../../mesh/pods.ts'
import type { Pod } from '../../mesh/objects.ts'
import type { Ref } from '../../mesh/ref.ts'
import { formatRef } from '../../mesh/ref.ts'
import { areNewOnes, idleBefore } from './idle-connections.ts'
import { ownerOf } from './owners.ts'
import { nearest, type Group, type Logged, type Request } from './requests-to.ts'

/** Milliseconds within which a request fails that is sent over a connection whose end is on its way: 0 to 5, and more under load. */
const AT_ONCE = 50
/** Milliseconds: what is closed sooner was not idle. */
const SHORTEST = 100
/** Fewest such requests, and fewest answered ones to compare them with. */
const FEWEST = 3
const FEWEST_ANSWERED = 10
/** Of the cut requests, the share that must be alike. */
const ALIKE = 0.8
/** How far apart the idle times of one timeout may lie: the application's timer and the proxies need a moment. */
const SPREAD = { share: 0.25, milliseconds: 100 }
/** Chance at which idle times as long as those of cut requests are seen where they have nothing to do with it. */
const CHANCE = 0.001
/** Milliseconds around the end of a container in which cut requests are its effect. */
const AROUND_END = 3000

/** Requests whose connection the application ended before any answer (503 UC), by its workload. */
export interface Cut {
  owner: Ref
  group: Group
  /**
   * - `idle`: each went over a connection that had been idle for about as long, and none that had been idle for less was cut: the application closes idle connections
   * - `unnamed`: the log does not name the connections
   * - `unclear`: it does, and nothing tells these from the answered ones
   */
  sort: 'idle' | 'unnamed' | 'unclear'
  /** Milliseconds for which the connections of the cut ones had been idle, the shortest first. */
  idle: readonly number[]
  /** How many were answered over a connection that had been idle for less than the shortest. */
  answeredSooner: number
}

/** The pod whose application was connected to: the line is its own sidecar's, or its caller's when it has none. */
function applicationOf(request: Request): Pod | undefined {
  const { pod, inner } = request
  const isOwn = nearest(request).entry === inner?.entry
  return pod !== undefined && (isOwn || !hasProxy(pod)) ? pod : undefined
}

/** True for a request that was sent in the moment when a container of its pod ended. */
function isOfAnEnd({ entry }: Logged, pod: Pod): boolean {
  const at = Date.parse(entry.at)
  return applicationStatuses(pod)
    .flatMap(({ state, lastState }) => [state?.terminated?.finishedAt, lastState?.terminated?.finishedAt])
    .some((ended) => ended !== undefined && Math.abs(Date.parse(ended) - at) <= AROUND_END + (entry.duration ?? 0))
}

const isCut = ({ flags }: AccessLogLine): boolean => flags.includes('UC')

/**
 * How long connections had been idle over which the same proxies sent requests to the same addresses, and got an answer. Those longer than any cut one are left out
 * where they may all be new connections with the ports of a closed one.
 */
function idleOfAnswered(group: Group, longest: number): number[] {
  const addresses = new Set(group.map((one) => nearest(one).entry.upstreamHost))
  const logs = new Set(group.map((one) => nearest(one).log))
  const end = longest * (1 + SPREAD.share) + SPREAD.milliseconds
  const each = [...logs].flatMap((log) => {
    const known = idleBefore(log.value)
    const sent = log.value.lines.filter(
      ({ upstreamHost, upstreamLocal }) => addresses.has(upstreamHost) && upstreamLocal !== undefined,
    )
    return [...Map.groupBy(sent, ({ upstreamHost }) => upstreamHost).values()].map((lines) => ({
      answered: lines.flatMap((entry) => {
        const idle = entry.code !== 0 && entry.flags.length === 0 ? known.get(entry) : undefined
        return idle === undefined ? [] : [idle]
      }),
      opened: lines.filter((entry) => (known.get(entry) ?? Infinity) > end).length,
    }))
  })
  const answered = each.flatMap((one) => one.answered)
  const sooner = answered.filter((idle) => idle <= end)
  const opened = each.map((one) => one.opened)
  return areNewOnes(answered.length - sooner.length, opened, CHANCE) ? sooner : answered
}

function sortOf(group: Group, idle: readonly number[], answered: readonly number[]): Cut['sort'] {
  if (group.every((one) => nearest(one).entry.upstreamLocal === undefined)) return 'unnamed'
  const [shortest = 0] = idle
  const atOnce = group.filter((one) => (nearest(one).entry.duration ?? Infinity) <= AT_ONCE)
  const isRace =
    idle.length >= FEWEST &&
    idle.length >= group.length * ALIKE &&
    atOnce.length >= group.length * ALIKE &&
    shortest >= SHORTEST &&
    quantile(idle, ALIKE) <= shortest * (1 + SPREAD.share) + SPREAD.milliseconds &&
    answered.length >= FEWEST_ANSWERED &&
    chanceOfAsSlow(idle, answered) < CHANCE
  return isRace ? 'idle' : 'unclear'
}

/** Connections that the target's applications ended under a request, while others were answered: why, as far as the logs tell. */
export function cutConnections(requests: readonly Request[], evidence: Evidence): Cut[] {
  const cut = requests.flatMap((request) => {
    const pod = isCut(nearest(request).entry) ? applicationOf(request) : undefined
    return pod === undefined || isOfAnEnd(nearest(request), pod) ? [] : [{ request, owner: ownerOf(pod, evidence) }]
  })
  return [...Map.groupBy(cut, ({ owner }) => formatRef(owner)).values()].flatMap((all): Cut[] => {
    const [first] = all
    if (first === undefined) return []
    const { owner } = first
    const group = all.map(({ request }) => request) as unknown as Group
    const idle = group
      .flatMap((one) => {
        const { entry, log } = nearest(one)
        return idleBefore(log.value).get(entry) ?? []
      })
      .toSorted((a, b) => a - b)
    const answered = idleOfAnswered(group, idle.at(-1) ?? 0)
    const [shortest = 0] = idle
    return [
      {
        owner,
        group,
        sort: sortOf(group, idle, answered),
        idle,
        answeredSooner: answered.filter((one) => one < shortest).length,
      },
    ]
  })
}
