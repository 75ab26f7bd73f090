import { durationText } from '../mesh/duration.ts'
import { latencyOf } from '../mesh/latency.ts'
import { formatRef } from '../mesh/ref.ts'
import type { Target } from '../mesh/target.ts'
import { defineCheck, proof, type Found } from './check.ts'
import { hangUps, type HangUps } from './facts/hang-ups.ts'
import { isGrave, latest, requestsTo, scopeOf } from './facts/requests-to.ts'
import { quoteLine, ROUTING_KINDS, trafficCountsFrom } from './facts/traffic-of.ts'

/** Callers that close the connection before an answer comes, without a proxy's timeout behind it: 0 DC. */
export const callerHangsUp = defineCheck({
  name: 'caller-hangs-up',
  about: 'no caller of the target hangs up of its own accord before the answer comes',
  needs: ['access-log', 'pods', ...ROUTING_KINDS],
  confirms: ['replica-sets'],
  problems: {
    MESH0442: {
      severity: 'warning',
      title: 'callers hang up',
      says: '{who} {caller} closed the connection before the answer for {hungUp} of {requests} requests to {subject} (0 DC), {clause}; no proxy on their path timed out',
      remedy: '{correction}.',
    },
  },
  run(evidence, target) {
    const moment = trafficCountsFrom(evidence, target)
    if (moment === undefined) return []
    return hangUps(requestsTo(target, moment, evidence), evidence)
      .filter(({ group, requests }) => isGrave(group, requests))
      .map((one) => found(one, target))
  },
})

/** User agents that are named. */
const MOST_AGENTS = 3

/** Who the callers say they are; several applications may be behind one gateway. */
function agentsOf(group: HangUps['group']): string {
  const counts = [...Map.groupBy(group, ({ entry }) => entry.userAgent ?? '')]
    .filter(([agent]) => agent !== '')
    .map(([agent, all]) => `${agent} (${all.length})`)
  return counts.length === 0 ? '' : `; user agents: ${counts.slice(0, MOST_AGENTS).join(', ')}`
}

function found({ caller, sort, group, requests, timeout }: HangUps, target: Target): Found {
  const last = latest(group)
  const durations = group.flatMap(({ entry }) => entry.duration ?? [])
  const answered = latencyOf(
    requests.flatMap(({ entry }) => (entry.code > 0 && entry.code < 500 ? (entry.duration ?? []) : [])),
  )
  const waits =
    timeout === undefined
      ? `after ${durationText(Math.min(...durations))} to ${durationText(Math.max(...durations))}`
      : `nearly all after \`${durationText(timeout)}\`, as a client's own timeout of that length does`
  const others =
    answered.count === 0
      ? 'none was answered'
      : `answers take ${durationText(answered.p50)} (median; p95 ${durationText(answered.p95)})`
  return {
    code: 'MESH0442',
    standing: 'observed',
    subject: target.ref,
    args: {
      caller: formatRef(caller),
      who: sort === 'gateway' ? 'Clients of' : 'The application of',
      hungUp: group.length,
      requests: requests.length,
      clause: `${waits}; ${others}`,
      correction:
        timeout === undefined
          ? 'See whether these clients cancel on purpose, or lose their connection'
          : `Compare the client's timeout of \`${durationText(timeout)}\` with how long the target takes: raise the one, or shorten the other`,
    },
    because: [
      proof(
        last.log,
        `${group.length} of ${requests.length} requests ended with DC ${waits.replaceAll('`', '')}, and no line with the same x-request-id has UT${agentsOf(group)}`,
        quoteLine(last.entry),
      ),
    ],
    scope: scopeOf(group, target),
  }
}
