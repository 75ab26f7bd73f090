import { failed } from '../mesh/access-log.ts'
import { refOf } from '../mesh/objects.ts'
import { RESPONSE_FLAGS } from '../mesh/response-flags.ts'
import type { Target } from '../mesh/target.ts'
import type { Found } from './check.ts'
import { defineCheck, proof } from './check.ts'
import { areOver } from './facts/over.ts'
import { failuresAtOwnEnd, foundAtOwnEnd } from './facts/failures-at-own-end.ts'
import type { Group, Request } from './facts/requests-to.ts'
import { groupBy, isGrave, latest, nearest, requestsTo, scopeOf } from './facts/requests-to.ts'
import { quoteLine, ROUTING_KINDS, trafficCountsFrom } from './facts/traffic-of.ts'
import { worstEndpoint } from './facts/worst-endpoint.ts'

/** Requests to the target fail, as traffic since the last change shows: by whom and why. */
export const failingRequests = defineCheck({
  name: 'failing-requests',
  about: 'no request to the target failed since the last change of what routes to it, in the last 15 minutes',
  needs: ['access-log', 'pods', ...ROUTING_KINDS],
  confirms: ['replica-sets'],
  problems: {
    MESH0401: {
      severity: 'error',
      symptom: true,
      counts: 'failures',
      title: 'requests fail',
      says: '{failed} of {requests} requests to {subject} were answered {code} {flags} ({meaning})',
      remedy: 'Look at the cause; {flags} means: {meaning}.',
    },
    MESH0402: {
      severity: 'error',
      counts: 'failures',
      title: 'the application answers errors',
      explains: ['MESH0308', 'MESH0401', 'MESH0404'],
      says: 'The application of {subject} itself answered {code} to {failed} of {requests} requests: the mesh forwarded them unchanged',
      remedy: "Read the application's own log: kubectl logs -n {namespace} {pod}",
    },
    MESH0403: {
      severity: 'error',
      counts: 'failures',
      title: 'one endpoint fails',
      explains: ['MESH0401', 'MESH0402', 'MESH0404'],
      says: '{failed} of the {failures} failed requests went to one endpoint, {subject} ({flags}); {others} other endpoints answer',
      remedy: 'Take {subject} out of service and look at it; the others carry on.',
    },
    MESH0404: {
      severity: 'warning',
      symptom: true,
      counts: 'failures',
      title: 'a few requests fail',
      says: '{failed} of {requests} requests to {subject} were answered {code} {flags} ({meaning})',
      remedy: 'See whether it continues; {flags} means: {meaning}.',
    },
    MESH0405: {
      severity: 'error',
      counts: 'failures',
      title: 'application not reachable',
      explains: ['MESH0401', 'MESH0403', 'MESH0404'],
      says: 'The sidecars of {pods} could not connect to their application at port {port} for {failed} of {requests} requests ({failure}); its containers declare {declared}',
      remedy:
        'Make {subject} and the application agree on the port, and make the application listen on all addresses, not on localhost alone.',
    },
  },
  run(evidence, target) {
    const moment = trafficCountsFrom(evidence, target)
    if (moment === undefined) return []
    const requests = requestsTo(target, moment, evidence)
    const failures = requests.filter(({ entry }) => failed(entry))
    const told = failuresAtOwnEnd(failures, evidence, target).filter(({ group }) => isGrave(group, requests))
    const explained = new Set(told.flatMap(({ group }) => group))
    const rest = failures.filter((request) => !explained.has(request))
    const grave = isGrave(failures, requests)
    // A few that failed while a change took effect are no warning once a row of others was answered.
    if (!grave && arePast(failures, requests)) return []
    return [
      ...told.map((end) => foundAtOwnEnd(end, requests.length, target)),
      ...groupBy(rest, (request) => {
        const { entry } = nearest(request)
        return `${entry.code} ${entry.flags.toSorted().join(',')}`
      }).map((group) => symptom(group, requests.length, grave, target)),
      ...(grave ? oneEndpoint(requests, failures, target) : []),
    ]
  },
})

/** True when so many requests began after the last failure, and were answered, that the failures are over. */
function arePast(failures: readonly Request[], requests: readonly Request[]): boolean {
  const at = ({ entry }: Request): number => Date.parse(entry.at)
  const last = Math.max(...failures.map(at))
  const since = requests.filter((one) => at(one) > last).length
  return areOver(failures.length, requests.length - since, since)
}

function symptom(group: Group, requests: number, grave: boolean, target: Target): Found {
  const { entry, log } = nearest(latest(group))
  const { code, flags, details } = entry
  const meaning =
    flags.map((flag) => RESPONSE_FLAGS[flag]?.meaning ?? `flag ${flag}`).join('; ') || (details ?? 'no flag')
  const hosts = [...new Set(group.flatMap((request) => request.entry.upstreamHost ?? []))]
  return {
    code: grave ? 'MESH0401' : 'MESH0404',
    standing: 'observed',
    subject: target.ref,
    args: {
      code,
      flags: flags.length === 0 ? '-' : flags,
      failed: group.length,
      requests,
      meaning,
      ...(hosts.length > 0 && { upstreamHosts: hosts }),
    },
    because: [
      proof(
        log,
        `${group.length} requests answered ${code} ${flags.join(',') || '-'} since the last change${hosts.length === 0 ? '' : `, at ${hosts.slice(0, 5).join(', ')}`}`,
        quoteLine(entry),
      ),
    ],
    scope: scopeOf(group, target),
  }
}

/** When nearly all failures met one endpoint of several, that endpoint is the matter. */
function oneEndpoint(requests: readonly Request[], failures: readonly Request[], target: Target): Found[] {
  const worst = worstEndpoint(requests, failures)
  if (worst === undefined) return []
  const { address, group, others, elsewhere } = worst
  const { entry, log, pod } = latest(group)
  return [
    {
      code: 'MESH0403',
      standing: 'observed',
      subject: pod === undefined ? target.ref : refOf(pod),
      args: {
        failed: group.length,
        failures: failures.length,
        others: others.length,
        flags: [
          ...new Set(
            group.flatMap((request) =>
              request.entry.flags.length === 0 ? [String(request.entry.code)] : request.entry.flags,
            ),
          ),
        ],
      },
      because: [
        proof(
          log,
          `${group.length} of ${failures.length} failures met ${address}; ${elsewhere} requests went to ${others.join(', ')}`,
          quoteLine(entry),
        ),
      ],
      scope: scopeOf(group, target),
    },
  ]
}
