import type { Evidence } from '../../evidence/evidence.ts'
import { hasApplication, hasProxy } from '../../mesh/pods.ts'
import { quantile } from '../../mesh/latency.ts'
import type { Ref } from '../../mesh/ref.ts'
import { once } from './fact.ts'
import { ownerOf } from './owners.ts'
import { groupBy, podAt, type Group, type Request } from './requests-to.ts'

/** Durations cluster when so many of them lie so near to their median. */
const NEAR = { share: 0.05, milliseconds: 25 }
const CLUSTERED = 0.8
const FEWEST_CLUSTERED = 5
/** Milliseconds: no client gives up sooner by a timeout. */
const SHORTEST = 50

/** Callers that closed their connection before an answer came, of their own accord. */
export interface HangUps {
  /** The workload that called, or the gateway whose clients did. */
  caller: Ref
  sort: 'gateway' | 'workload'
  group: Group
  /** All requests of that caller. */
  requests: readonly Request[]
  /** Milliseconds after which nearly all of them did: a timeout of the caller. */
  timeout?: number
}

/** The ids of requests that some proxy gave up waiting for by itself. */
const timedOut = once(
  (evidence: Evidence): ReadonlySet<string> =>
    new Set(
      evidence
        .seen('access-log')
        .flatMap(({ value }) => value.lines)
        .flatMap(({ flags, requestId }) => (flags.includes('UT') && requestId !== undefined ? [requestId] : [])),
    ),
)

/**
 * Who sent a request, where it is known that no other proxy stood between: the gateway that took it, the workload whose sidecar sent it, or a pod without one.
 * Undefined where only the target's own sidecar tells: what a proxy on the way gave up looks the same there.
 */
function senderOf(
  { entry, log, inner }: Request,
  evidence: Evidence,
): { caller: Ref; sort: HangUps['sort'] } | undefined {
  if (inner?.entry === entry) {
    const pod = podAt(entry.downstreamRemote, evidence)
    return pod === undefined || hasProxy(pod) ? undefined : { caller: ownerOf(pod, evidence), sort: 'workload' }
  }
  const pod = log.of === undefined ? undefined : evidence.object('pods', log.of.namespace ?? '', log.of.name)
  if (pod === undefined) return undefined
  return { caller: ownerOf(pod, evidence), sort: hasApplication(pod) ? 'workload' : 'gateway' }
}

/** True for a request that was with the target when its caller closed the connection. */
const isClosed = ({ entry: { method, code, flags, upstreamLocal } }: Request): boolean =>
  method !== undefined && code === 0 && flags.length === 1 && flags.includes('DC') && upstreamLocal !== undefined

/** True when no proxy gave it up, of which the end would be an echo: that the id tells. Without an id only the first proxy's line counts. */
const isOfItsOwn = ({ entry: { requestId } }: Request, sort: HangUps['sort'], evidence: Evidence): boolean =>
  requestId === undefined ? sort === 'gateway' : !timedOut(evidence).has(requestId)

/** The length that nearly all durations have; undefined where they differ. */
function clusterOf(durations: readonly number[]): number | undefined {
  const middle = quantile(
    durations.toSorted((a, b) => a - b),
    0.5,
  )
  const near = durations.filter((one) => Math.abs(one - middle) <= Math.max(NEAR.milliseconds, middle * NEAR.share))
  return durations.length >= FEWEST_CLUSTERED && middle >= SHORTEST && near.length >= durations.length * CLUSTERED
    ? middle
    : undefined
}

/** Callers that hang up, each with its requests. */
export function hangUps(requests: readonly Request[], evidence: Evidence): HangUps[] {
  if (!requests.some(isClosed)) return []
  const sent = new Map(
    requests.flatMap((request) => {
      const sender = senderOf(request, evidence)
      return sender === undefined ? [] : [[request, sender] as const]
    }),
  )
  return groupBy([...sent.keys()], (request) => JSON.stringify(sent.get(request))).flatMap((own): HangUps[] => {
    const sender = sent.get(own[0])
    const group =
      sender === undefined ? [] : own.filter((one) => isClosed(one) && isOfItsOwn(one, sender.sort, evidence))
    if (sender === undefined || group.length === 0) return []
    const timeout = clusterOf(group.flatMap(({ entry }) => entry.duration ?? []))
    return [{ ...sender, group: group as unknown as Group, requests: own, ...(timeout !== undefined && { timeout }) }]
  })
}
