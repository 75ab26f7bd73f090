import { madeFrom } from './facts/made-from.ts'
import type { Evidence } from '../evidence/evidence.ts'
import type { Seen } from '../evidence/reading.ts'
import { failed, since } from '../mesh/access-log.ts'
import { clustersOfRoute, routesIn } from '../mesh/envoy.ts'
import { refOf } from '../mesh/objects.ts'
import type { Ref } from '../mesh/ref.ts'
import { formatRef } from '../mesh/ref.ts'
import type { Target } from '../mesh/target.ts'
import type { Found, Proof } from './check.ts'
import { defineCheck, proof } from './check.ts'
import { podsOf } from './facts/owners.ts'
import type { Group, Logged, Request } from './facts/requests-to.ts'
import { latest, requestsTo, scopeOf } from './facts/requests-to.ts'
import { quoteLine, ROUTING_KINDS, trafficCountsFrom } from './facts/traffic-of.ts'

/** Tries of one request, from which on it counts as retried over and over. */
const MANY_TRIES = 3
/** Requests at the target for each that callers sent, from which on retries are a load of their own. */
const MULTIPLIED = 1.5

/** Callers try failing requests again and again: the target gets a multiple of what was asked, though callers may see no error. */
export const retryStorm = defineCheck({
  name: 'retry-storm',
  about: 'retries do not multiply the requests to the target',
  needs: ['access-log', 'pods', ...ROUTING_KINDS],
  confirms: ['routes'],
  problems: {
    MESH0408: {
      severity: 'warning',
      title: 'retries multiply requests',
      says: 'The target got {tries} requests for the {requests} that callers sent, because they try each one up to {most} times ({subject}): {storms} were tried three times or more, one of them {worst} times',
      remedy: 'Lower retries.attempts of the route, and see why the attempts fail.',
    },
  },
  run(evidence, target) {
    const moment = trafficCountsFrom(evidence, target)
    if (moment === undefined) return []
    const own = new Set(podsOf(target, evidence).map((pod) => formatRef(refOf(pod))))
    const isOwn = ({ of }: Seen<'access-log'>): boolean => of !== undefined && own.has(formatRef(of))
    const inbound = evidence
      .seen('access-log')
      .filter(isOwn)
      .flatMap((log) =>
        since(log.value.lines, moment)
          .filter(
            ({ upstreamCluster, requestId }) =>
              upstreamCluster?.startsWith('inbound|') === true && requestId !== undefined,
          )
          .map((entry): Logged => ({ entry, log })),
      )
    const byId = Map.groupBy(
      inbound,
      ({ entry }) => `${entry.requestId ?? ''} ${entry.method ?? ''} ${entry.path ?? ''}`,
    )
    const tried = requestsTo(target, moment, evidence)
      .filter(({ log }) => !isOwn(log))
      .flatMap((request): Tried[] => {
        const lines =
          byId.get(`${request.entry.requestId ?? ''} ${request.entry.method ?? ''} ${request.entry.path ?? ''}`) ?? []
        return lines.length === 0 ? [] : [{ request, lines }]
      })
    return judge(tried, evidence, target)
  },
})

/** A request as a caller sent it, and each try of it as the target's pods logged them. */
interface Tried {
  request: Request
  lines: Logged[]
}

/** A service that is called several times in one user's request has several lines of one id too: tries are told by the failures before the last. */
const triesOf = ({ lines }: Tried): number =>
  Math.min(lines.length, lines.filter(({ entry }) => failed(entry) || entry.code === 0).length + 1)

function judge(tried: readonly Tried[], evidence: Evidence, target: Target): Found[] {
  const storms = tried.filter((one) => triesOf(one) >= MANY_TRIES)
  const total = tried.reduce((sum, one) => sum + triesOf(one), 0)
  const [worst] = storms.toSorted((a, b) => triesOf(b) - triesOf(a))
  const [first, ...others] = storms.map(({ request }) => request)
  if (storms.length < 2 || worst === undefined || first === undefined || total / tried.length < MULTIPLIED) return []
  const policy = retriesOf(worst.request, evidence)
  const group: Group = [first, ...others]
  const { entry, log } = latest(group)
  const lastLine = worst.lines.at(-1)
  return [
    {
      code: 'MESH0408',
      standing: 'observed',
      subject: policy?.owner ?? target.ref,
      args: {
        tries: total,
        requests: tried.length,
        storms: storms.length,
        worst: triesOf(worst),
        most: policy === undefined ? 'several' : policy.tries,
      },
      because: [
        proof(
          log,
          `${tried.length} requests were sent since the last change, and the target's own sidecars logged ${total} tries of them`,
          quoteLine(entry),
        ),
        ...(lastLine === undefined
          ? []
          : [
              proof(
                lastLine.log,
                `request ${worst.request.entry.requestId ?? ''} was tried ${triesOf(worst)} times`,
                worst.lines
                  .toSorted((a, b) => a.entry.at.localeCompare(b.entry.at))
                  .map((line) => quoteLine(line.entry))
                  .join('\n'),
              ),
            ]),
        ...(policy === undefined ? [] : [policy.proof]),
      ],
      scope: scopeOf(group, target),
    },
  ]
}

/** The retry policy of the route that a request took, and the object that set it. */
function retriesOf(
  { entry, log }: Request,
  evidence: Evidence,
): { owner: Ref; tries: number; proof: Proof } | undefined {
  const reading = log.of === undefined ? undefined : evidence.seenOf('routes', log.of)
  const route = routesIn(reading?.value).find(
    (one) =>
      clustersOfRoute(one).includes(entry.upstreamCluster ?? '') &&
      one.route?.retryPolicy !== undefined &&
      madeFrom(one, evidence) !== undefined,
  )
  const owner = route === undefined ? undefined : madeFrom(route, evidence)
  const policy = route?.route?.retryPolicy
  if (reading === undefined || owner === undefined || policy === undefined) return undefined
  const retries = policy.numRetries ?? 1
  return {
    owner,
    tries: retries + 1,
    proof: proof(
      reading,
      `${reading.of?.name ?? 'a proxy'} tries again up to ${retries} times, in the route made from ${formatRef(owner)}`,
      JSON.stringify({ numRetries: retries, retryOn: policy.retryOn }),
    ),
  }
}
