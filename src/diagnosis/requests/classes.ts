import { fact } from '../../checks/facts/fact.ts'
import { portOf } from '../../mesh/address.ts'
import { answerOf } from './answer.ts'
import { podsOf } from '../../checks/facts/owners.ts'
import { connectionsTo, requestsTo, type Request } from '../../checks/facts/requests-to.ts'
import { presentOf } from '../../checks/facts/traffic-of.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { refOf } from '../../mesh/objects.ts'
import { formatRef, sameRef } from '../../mesh/ref.ts'
import type { Target } from '../../mesh/target.ts'
import { withAskedQuery } from './asked-query.ts'
import { requestsOnceLedTo } from './once-led.ts'
import type { FollowQuestion } from '../follow/question.ts'
import type { Caller } from '../follow/report.ts'
import { questionOf } from './question-of.ts'
import { hostsNamed, isRouted } from './named-hosts.ts'
import { targetBorn, bornOf } from './born.ts'
import { requestsMeantFor } from './meant-for.ts'
import { isGatewayPod } from '../../checks/facts/gateway-pod.ts'

/** Requests that the mesh treats alike: one caller, host, port, method and path. */
export interface RequestClass {
  /** Absent for a caller whose proxy is none, or was not read: its requests are known from the target's own log. */
  caller?: Caller
  question: FollowQuestion
  /** True when an object names the host itself; a host that only logs show counts by what is seen of it alone. */
  isNamed: boolean
  /** Those that were seen, in the order of the logs; none for a class that was made from the objects. */
  requests: Request[]
}

/** Classes that are followed, at most; those with most requests first. */
export const MOST_CLASSES = 50

const keyOf = ({ entry, log }: Request, pathOf: (path: string) => string): string =>
  JSON.stringify([
    log.of === undefined ? '' : formatRef(log.of),
    entry.authority,
    portOf(entry.downstreamLocal),
    entry.method,
    entry.path === undefined ? undefined : pathOf(entry.path),
  ])

/** True when the target has Services, and none of them has the port that is asked for. */
function asksForNoPort({ port }: FollowQuestion, target: Target, evidence: Evidence): boolean {
  const ports = target.services.flatMap(
    ({ namespace = '', name }) => evidence.object('services', namespace, name)?.spec?.ports ?? [],
  )
  return port !== undefined && ports.length > 0 && !ports.some((one) => one.port === port)
}

const answeredOf = ({ requests }: RequestClass): number => requests.filter((one) => answerOf(one) === 'answered').length

/**
 * True for requests that were never answered while others are, somebody else's or nobody's: at a gateway, where no route takes them, for a path that no route to the
 * target asks for; from a sidecar, for a port that no Service of the target has, while its caller mostly asks for one that there is.
 */
function isStranger(one: RequestClass, all: readonly RequestClass[], target: Target, evidence: Evidence): boolean {
  const { caller, question, requests } = one
  if (caller === undefined || answeredOf(one) > 0) return false
  if (caller.kind !== 'ingress') {
    const others = all.filter((other) => other.caller !== undefined && sameRef(other.caller.pod, caller.pod))
    return (
      asksForNoPort(question, target, evidence) &&
      others.reduce((sum, other) => sum + answeredOf(other), 0) > requests.length
    )
  }
  if (requests.some(({ entry }) => entry.upstreamCluster !== undefined)) return false
  const others = all.filter((other) => other.question.host === question.host && answeredOf(other) > 0)
  return others.length > 0 && !isRouted(question, target, evidence)
}

/** The same for the same class, however often it is derived. */
export const classKey = ({ caller, question: { authority, port, method, path, headers } }: RequestClass): string =>
  JSON.stringify([
    caller === undefined ? '' : formatRef(caller.pod),
    authority,
    port,
    method,
    path,
    [...headers].toSorted(([a], [b]) => a.localeCompare(b, 'en')),
  ])

/** Whether one of its requests was not answered, or not well. */
export const mayFail = ({ requests }: RequestClass): boolean =>
  requests.some(({ entry: { code, flags } }) => code >= 400 || flags.length > 0)

/** The requests of the last 15 minutes that concern the target, in classes, those with most requests first; and those that are more than are followed. */
export const seenClasses = (target: Target, evidence: Evidence): SeenClasses => classesOf(evidence, target)

interface SeenClasses {
  classes: readonly RequestClass[]
  left: readonly RequestClass[]
}

const classesOf = fact((evidence, target): SeenClasses => {
  const now = Math.max(0, ...evidence.seen('access-log').map(({ at }) => Date.parse(at)))
  const own = new Set(podsOf(target, evidence).map((pod) => formatRef(refOf(pod))))
  const born = bornOf(target, evidence)
  const made = targetBorn(target, evidence)
  const hostOf = ({ entry: { authority, serverName } }: Request): string =>
    (authority ?? serverName ?? '').replace(/:\d+$/, '').toLowerCase()
  const isOfGateway = ({ of }: Request['log']): boolean => {
    const pod = of === undefined ? undefined : evidence.object('pods', of.namespace ?? '', of.name)
    return pod !== undefined && isGatewayPod(pod, evidence)
  }
  const concerning = [
    ...requestsTo(target, now - presentOf(target), evidence),
    ...connectionsTo(target, now - presentOf(target), evidence),
    ...requestsMeantFor(target, now - presentOf(target), evidence),
  ]
  const known = new Set(concerning.map(({ entry }) => entry))
  const groups = Map.groupBy(
    [
      ...concerning,
      ...requestsOnceLedTo(target, now - presentOf(target), evidence, isOfGateway).filter(
        ({ entry }) => !known.has(entry),
      ),
    ].filter((one) => one.entry.probe === undefined && Date.parse(one.entry.at) >= Math.max(made, born(hostOf(one)))),
    (one) => keyOf(one, withAskedQuery(evidence, target)),
  )
  const named = hostsNamed(target, evidence)
  const classes = [...groups.values()].flatMap((requests): RequestClass[] => {
    const last = requests.at(-1)
    const { of } = last?.log ?? {}
    if (last === undefined || of === undefined) return []
    const inbound = own.has(formatRef(of)) && last.entry.upstreamCluster?.startsWith('outbound|') !== true
    const pod = evidence.object('pods', of.namespace ?? '', of.name)
    const isGateway = pod !== undefined && isGatewayPod(pod, evidence)
    const question = questionOf(last, inbound ? undefined : pod, isGateway, target, evidence)
    if (question === undefined) return []
    return [
      {
        question,
        requests,
        isNamed: inbound || !isGateway || named.has(question.host),
        ...(!inbound && pod !== undefined && { caller: { kind: isGateway ? 'ingress' : 'sidecar', pod: refOf(pod) } }),
      },
    ]
  })
  const sorted = classes
    .filter((one) => !isStranger(one, classes, target, evidence))
    .toSorted((a, b) => b.requests.length - a.requests.length)
  if (sorted.length <= MOST_CLASSES) return { classes: sorted, left: [] }
  // What may fail is not to be among those left out.
  const ranked = [...sorted.filter(mayFail), ...sorted.filter((one) => !mayFail(one))]
  return { classes: ranked.slice(0, MOST_CLASSES), left: ranked.slice(MOST_CLASSES) }
})
