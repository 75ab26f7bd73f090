import type { Evidence } from '../evidence/evidence.ts'
import { since } from '../mesh/access-log.ts'
import { refOf } from '../mesh/objects.ts'
import { formatRef } from '../mesh/ref.ts'
import type { Target } from '../mesh/target.ts'
import type { Found } from './check.ts'
import { defineCheck, proof } from './check.ts'
import { podsOf } from './facts/owners.ts'
import type { Group, Logged, Request } from './facts/requests-to.ts'
import { groupBy, latest, requestsTo, scopeOf } from './facts/requests-to.ts'
import { limitOf, proofOfLimit, type Limit } from './facts/route-limit.ts'
import { presentOf, quoteLine, ROUTING_KINDS, trafficCountsFrom } from './facts/traffic-of.ts'
import { worstEndpoint } from './facts/worst-endpoint.ts'

/** From this share of requests on, and at least two of them, time-outs count: less may be a passing matter. */
const SHARE = 0.05

/** A route gives up sooner than the service takes to answer, so the caller gets 504 UT though nothing is broken. */
export const timeoutShorterThanLatency = defineCheck({
  name: 'timeout-shorter-than-latency',
  about: 'no route gives up on the target sooner than it takes to answer',
  needs: ['access-log', 'routes', 'pods', ...ROUTING_KINDS],
  problems: {
    MESH0407: {
      severity: 'error',
      counts: 'failures',
      title: 'timeout shorter than latency',
      explains: ['MESH0401', 'MESH0404', 'MESH0448', 'MESH0449'],
      says: 'A route of {subject} gives up after {timeout}, and {host} takes about as long or longer ({latency}): {cut} of {requests} requests were cut off',
      remedy: 'Raise the timeout of {subject} above what {host} takes, or make {host} faster.',
    },
  },
  run(evidence, target) {
    const moment = trafficCountsFrom(evidence, target)
    if (moment === undefined) return []
    const requests = requestsTo(target, moment, evidence)
    const cut = requests.filter(({ entry }) => entry.flags.includes('UT'))
    // One slow pod among quick ones is that pod's matter, not the timeout's.
    if (cut.length < 2 || cut.length / requests.length < SHARE || worstEndpoint(requests, cut) !== undefined) return []
    const limits = new Map(
      cut.flatMap((request) => {
        const limit = limitOf(request, evidence)
        return limit === undefined ? [] : [[request, limit] as const]
      }),
    )
    const name = (request: Request): string => {
      const limit = limits.get(request)
      return limit === undefined ? '' : `${formatRef(limit.owner)} ${limit.timeout}`
    }
    return groupBy([...limits.keys()], name).flatMap((group) => {
      const limit = limits.get(group[0])
      return limit === undefined ? [] : judge(group, limit, requests, evidence, target)
    })
  },
})

const isAnswer = ({ code, flags }: Logged['entry']): boolean => code > 0 && code < 500 && flags.length === 0

/** Answers in the target's own logs, from before the last change too: how long it takes when nobody gives up. */
function earlierAnswers(evidence: Evidence, target: Target): Logged[] {
  return podsOf(target, evidence)
    .flatMap((pod) => evidence.seenOf('access-log', refOf(pod)) ?? [])
    .flatMap((log) =>
      since(log.value.lines, Date.parse(log.at) - presentOf(target))
        .filter((entry) => entry.upstreamCluster?.startsWith('inbound|') === true && isAnswer(entry))
        .map((entry) => ({ entry, log })),
    )
}

const middle = (sorted: readonly number[]): number => sorted[Math.floor(sorted.length / 2)] ?? 0

function judge(group: Group, given: Limit, requests: readonly Request[], evidence: Evidence, target: Target): Found[] {
  const { owner, timeout, milliseconds: limit } = given
  const { entry, log } = latest(group)
  const answered = requests
    .filter((request) => isAnswer(request.entry))
    .map((request): Logged => request.inner ?? request)
  const known = answered.length > 0 ? answered : earlierAnswers(evidence, target)
  const durations = known.flatMap((one) => one.entry.duration ?? []).sort((a, b) => a - b)
  // A service that is mostly quick and now and then hangs is not what a longer timeout would mend.
  const all = [...durations, ...group.map(() => limit)].sort((a, b) => a - b)
  if (durations.length > 0 && middle(all) < limit / 2) return []
  const slowest = known.find((one) => one.entry.duration === durations.at(-1))
  const host = target.services[0]?.name ?? target.name
  const latency =
    slowest === undefined
      ? 'none was answered in time, so how long it takes is not known'
      : `those that were answered took ${middle(durations)} ms (median), ${durations.at(-1) ?? 0} ms at most`
  return [
    {
      // Without one answer nobody knows whether waiting longer would help.
      code: 'MESH0407',
      standing: slowest === undefined ? 'configured' : 'observed',
      subject: owner,
      args: { timeout, host, latency, cut: group.length, requests: requests.length },
      because: [
        proof(
          log,
          `${group.length} of ${requests.length} requests were cut off after about ${timeout} since the last change`,
          quoteLine(entry),
        ),
        ...proofOfLimit(given, log, evidence),
        ...(slowest === undefined
          ? []
          : [proof(slowest.log, `the slowest answer of ${known.length}; ${latency}`, quoteLine(slowest.entry))]),
      ],
      scope: scopeOf(group, target),
    },
  ]
}
