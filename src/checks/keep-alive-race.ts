import { durationText } from '../mesh/duration.ts'
import { failed } from '../mesh/access-log.ts'
import { quantile } from '../mesh/latency.ts'
import { formatRef } from '../mesh/ref.ts'
import type { Target } from '../mesh/target.ts'
import { defineCheck, proof, type Found } from './check.ts'
import { cutConnections, type Cut } from './facts/cut-connections.ts'
import { isGrave, latest, nearest, passedOn, requestsTo, scopeOf, type Request } from './facts/requests-to.ts'
import { quoteLine, ROUTING_KINDS, trafficCountsFrom } from './facts/traffic-of.ts'

/** Fields of an access log that tell how old a connection is, and which it is. */
const FIELDS = '%COMMON_DURATION(US_CX_END:US_TX_BEG:ms)% and %UPSTREAM_CONNECTION_ID%'

/** An application closes connections that are idle, just when its proxy sends the next request over one: 503 UC. */
export const keepAliveRace = defineCheck({
  name: 'keep-alive-race',
  about: 'no application of the target closes idle connections while its proxy still sends requests over them',
  needs: ['access-log', 'pods', ...ROUTING_KINDS],
  confirms: ['replica-sets'],
  problems: {
    MESH0437: {
      severity: 'error',
      counts: 'failures',
      title: 'application closes idle connections',
      explains: ['MESH0401', 'MESH0403', 'MESH0404', 'MESH0450'],
      says: '{failed} of {requests} requests to {subject} failed on a connection that its application was closing (503 UC): it closes connections that are idle for about {idle}, and the proxies keep them open longer',
      remedy:
        'Make the application of {subject} keep idle connections longer than its callers pause, or set connectionPool.http.idleTimeout of a DestinationRule for {host} below {idle}.',
    },
    MESH0438: {
      severity: 'warning',
      counts: 'failures',
      title: 'application closes some idle connections',
      explains: ['MESH0404'],
      says: '{failed} of {requests} requests to {subject} failed on a connection that its application was closing (503 UC): it closes connections that are idle for about {idle}, and the proxies keep them open longer',
      remedy:
        'Make the application of {subject} keep idle connections longer than its callers pause, or set connectionPool.http.idleTimeout of a DestinationRule for {host} below {idle}.',
    },
    MESH0439: {
      severity: 'warning',
      symptom: true,
      counts: 'failures',
      title: 'application ends connections, cause open',
      says: '{failed} of {requests} requests to {subject} were cut by its application before any answer (503 UC), others were answered; {clause}',
      remedy:
        'Look at the application of {subject} at these times; the fields {fields} in the access log would show whether the connection had been idle. Where a provider of the mesh configuration has them, mesh-medic turns that log on for some minutes: mesh-medic access-log deploy/NAME -n NAMESPACE on.',
    },
  },
  run(evidence, target) {
    const moment = trafficCountsFrom(evidence, target)
    if (moment === undefined) return []
    const requests = requestsTo(target, moment, evidence)
    return cutConnections(requests, evidence).flatMap((cut) => found(cut, requests, target))
  },
})

/** True when the pods that cut requests answered others meanwhile. */
function answersOthers({ group }: Cut, requests: readonly Request[]): boolean {
  const hosts = new Set(group.map((one) => nearest(one).entry.upstreamHost))
  return requests.some((one) => !failed(one.entry) && hosts.has(nearest(one).entry.upstreamHost))
}

function found(cut: Cut, requests: readonly Request[], target: Target): Found[] {
  const { owner, group, sort, idle } = cut
  const last = latest(group)
  const { entry, log } = nearest(last)
  const isError = isGrave(group, requests)
  const common = {
    standing: 'observed' as const,
    subject: owner,
    scope: [...scopeOf(group, target), formatRef(owner)],
  }
  const counted = { failed: group.length, requests: requests.length }
  const [shortest = 0] = idle
  const longest = idle.at(-1) ?? 0
  if (sort === 'idle')
    return [
      {
        ...common,
        code: isError ? 'MESH0437' : 'MESH0438',
        args: {
          ...counted,
          idle: durationText(shortest),
          host: target.hosts.find((host) => !host.includes('*')) ?? formatRef(owner),
        },
        because: [
          proof(
            log,
            `${group.length} requests failed immediately over connections that had been idle for ${shortest} to ${longest} ms; ${cut.answeredSooner} over connections idle for less were answered, and none of them failed`,
            quoteLine(entry),
          ),
          ...passedOn(last, log),
        ],
      },
    ]
  if (!isError || !answersOthers(cut, requests)) return []
  return [
    {
      ...common,
      code: 'MESH0439',
      args: {
        ...counted,
        clause:
          sort === 'unnamed'
            ? 'the access log does not name connections, so that it does not tell whether these had been idle'
            : idle.length === 0
              ? 'their connections stand in no earlier line of the log'
              : `their connections had been idle for ${quantile(idle, 0.5)} ms (median), which does not tell them from those of answered requests`,
        fields: FIELDS,
      },
      because: [
        proof(log, `${group.length} requests were cut by the application, others were answered`, quoteLine(entry)),
        ...passedOn(last, log),
      ],
    },
  ]
}
