import { withoutQuery } from '../../mesh/walk/path.ts'
import { fact } from '../../checks/facts/fact.ts'
import { allGateways, allRoutes, routesFor } from '../../checks/facts/routes.ts'
import { fromFqdn, gatewayHost } from '../../mesh/host.ts'
import { boundAs, hostsOf, serves } from '../../mesh/routing.ts'
import { hostMeant, hostOfService } from '../../mesh/host.ts'
import { since } from '../../mesh/access-log.ts'
import { parseClusterName } from '../../mesh/envoy.ts'
import { answerOf } from './answer.ts'
import { podsOf, servicesInFront } from '../../checks/facts/owners.ts'
import { connectionsTo, requestsTo, type Request } from '../../checks/facts/requests-to.ts'
import { PRESENT } from '../../checks/facts/traffic-of.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { defined } from '../../mesh/defined.ts'
import type { KubernetesObject, Pod } from '../../mesh/objects.ts'
import { refOf } from '../../mesh/objects.ts'
import { containerPort } from '../../mesh/pods.ts'
import { formatRef, sameRef } from '../../mesh/ref.ts'
import type { Target } from '../../mesh/target.ts'
import { withAskedQuery } from './asked-query.ts'
import { requestsOnceLedTo } from './once-led.ts'
import type { FollowQuestion } from '../follow/question.ts'
import { FollowSyntaxError, parseFollow } from '../follow/question.ts'
import type { Caller } from '../follow/report.ts'

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

/** The port of the Services in front of a pod that leads to one of its own ports. */
function askedPort(pod: Pod, own: number, evidence: Evidence): number | undefined {
  return servicesInFront(pod, evidence)
    .flatMap(({ spec }) => spec?.ports ?? [])
    .find(({ port, targetPort }) => containerPort(pod, targetPort ?? port) === own)?.port
}

const portOf = (address: string | undefined): number | undefined => {
  const port = Number(/:(\d+)$/.exec(address ?? '')?.[1])
  return Number.isInteger(port) && port > 0 ? port : undefined
}

/** The question a logged request was; undefined when its host or path is none that could be asked. */
function questionOf(
  { entry }: Request,
  pod: Pod | undefined,
  isGateway: boolean,
  target: Target,
  evidence: Evidence,
): FollowQuestion | undefined {
  const [, authority = '', typed] = /^(.*?)(?::(\d+))?$/.exec(entry.authority ?? '') ?? []
  const local = portOf(entry.downstreamLocal)
  // A connection without HTTP goes to the Service whose address it asked for.
  const host =
    authority === ''
      ? entry.serverName !== undefined && target.hosts.includes(entry.serverName)
        ? entry.serverName
        : (target.hosts.find((one) => !one.includes('*')) ?? '')
      : authority
  const port = isGateway
    ? local !== undefined && pod !== undefined
      ? askedPort(pod, local, evidence)
      : undefined
    : typed !== undefined
      ? Number(typed)
      : local
  const path = entry.path?.startsWith('/') === true ? withAskedQuery(evidence, target)(entry.path) : '/'
  try {
    const tls = authority === '' && entry.serverName !== undefined && !isGateway && pod !== undefined
    return {
      ...parseFollow(`${tls ? 'https://' : ''}${host}${port === undefined ? '' : `:${port}`}${path}`, {
        ...defined({ method: entry.method }),
        ...(isGateway
          ? { from: 'ingress' }
          : pod === undefined
            ? {}
            : { from: `pod/${pod.metadata.name}`, namespace: pod.metadata.namespace }),
      }),
      moreHeaders: true,
    }
  } catch (error) {
    if (error instanceof FollowSyntaxError) return undefined
    throw error
  }
}

const keyOf = ({ entry, log }: Request, pathOf: (path: string) => string): string =>
  JSON.stringify([
    log.of === undefined ? '' : formatRef(log.of),
    entry.authority,
    portOf(entry.downstreamLocal),
    entry.method,
    entry.path === undefined ? undefined : pathOf(entry.path),
  ])

/** True for a pod that a Gateway's selector, or its own label, makes an ingress. */
export function isGatewayPod(pod: Pod, evidence: Evidence): boolean {
  const { labels = {} } = pod.metadata
  return (
    labels['gateway.networking.k8s.io/gateway-name'] !== undefined ||
    labels.istio === 'ingressgateway' ||
    allGateways(evidence).some((gateway) => serves(pod, gateway))
  )
}

/** When the first of the target's Services was made (milliseconds since the epoch; 0 when it has none): what was asked for before was something else of that name. */
function targetBorn(target: Target, evidence: Evidence): number {
  const times = target.services.map(({ namespace = '', name }) =>
    Date.parse(evidence.object('services', namespace, name)?.metadata.creationTimestamp ?? ''),
  )
  return times.length === 0 || times.some(Number.isNaN) ? 0 : Math.min(...times)
}

/**
 * When the first of the objects that name a host now was made (milliseconds since the epoch; 0 when none does): requests from before met another mesh.
 */
function bornOf(target: Target, evidence: Evidence): (host: string) => number {
  const objects: { hosts: string[]; object: KubernetesObject }[] = [
    ...allRoutes(evidence).map((object) => ({ object, hosts: boundAs(object, allRoutes(evidence)).flatMap(hostsOf) })),
    ...allGateways(evidence).map((object) => ({
      object,
      hosts: (object.spec?.servers ?? []).flatMap(({ hosts = [] }) => hosts.map((entry) => gatewayHost(entry).host)),
    })),
    ...evidence.objects('service-entries').map((object) => ({ object, hosts: object.spec?.hosts ?? [] })),
    ...evidence
      .objects('services')
      .filter((object) => target.hosts.includes(hostOfService(object)))
      .map((object) => ({
        object,
        hosts: [
          hostOfService(object),
          object.metadata.name,
          `${object.metadata.name}.${object.metadata.namespace ?? ''}`,
          `${object.metadata.name}.${object.metadata.namespace ?? ''}.svc`,
        ],
      })),
  ]
  const bornWith = (host: string): number => {
    const times = objects
      .filter(({ hosts }) => hosts.includes(host))
      .map(({ object }) => Date.parse(object.metadata.creationTimestamp ?? ''))
    return times.length === 0 || times.some(Number.isNaN) ? 0 : Math.min(...times)
  }
  // Of thousands of requests, few differ in their hosts.
  const known = new Map<string, number>()
  return (host) => {
    const born = known.get(host) ?? bornWith(host)
    known.set(host, born)
    return born
  }
}

/** Requests at gateways for a host of the target and a path that a route to it asks for, which went to another Service all the same. */
function requestsMeantFor(target: Target, moment: number, evidence: Evidence): Request[] {
  const named = hostsNamed(target, evidence)
  const all = allRoutes(evidence)
  const together = new Set(
    routesFor(evidence, target).flatMap((one) =>
      (one.spec?.http ?? [])
        .filter(({ route = [] }) =>
          route.some(({ destination }) => target.hosts.includes(hostMeant(destination.host, one))),
        )
        .flatMap(({ route = [] }) => route.map(({ destination }) => hostMeant(destination.host, one))),
    ),
  )
  if (all.length === 0) return []
  return evidence.seen('access-log').flatMap((log) => {
    const pod = log.of === undefined ? undefined : evidence.object('pods', log.of.namespace ?? '', log.of.name)
    if (pod === undefined || !isGatewayPod(pod, evidence)) return []
    return since(log.value.lines, moment)
      .filter(({ authority = '', upstreamCluster = '', path = '/' }) => {
        const host = authority.replace(/:\d+$/, '').toLowerCase()
        const cluster = parseClusterName(upstreamCluster)
        return (
          cluster?.direction === 'outbound' &&
          !together.has(cluster.host) &&
          !target.hosts.includes(cluster.host) &&
          named.has(host) &&
          isRouted({ path }, target, evidence)
        )
      })
      .map((entry): Request => ({ entry, log }))
  })
}

/** Hosts that objects name for the target: exactly, by a route that leads to it or a Gateway's server. */
export function hostsNamed(target: Target, evidence: Evidence): ReadonlySet<string> {
  const gateways = allGateways(evidence).flatMap(({ spec }) =>
    (spec?.servers ?? []).flatMap(({ hosts = [] }) => hosts.map((entry) => gatewayHost(entry).host)),
  )
  return new Set([
    ...routesFor(evidence, target)
      .flatMap((one) => boundAs(one, allRoutes(evidence)))
      .flatMap(hostsOf),
    ...gateways.filter((host) => target.hosts.includes(host)),
    ...target.hosts.filter((host) => fromFqdn(host) !== undefined),
    ...(target.ref.kind === 'Service' ? [] : target.hosts),
  ])
}

/** The paths that routes to the target ask for: whole ones and beginnings alike. Derived once, since every line of a gateway's log is held against them. */
const routedPaths = fact((evidence, target): readonly string[] =>
  [
    ...routesFor(evidence, target)
      .flatMap((one) => [one, ...boundAs(one, allRoutes(evidence))])
      .flatMap(({ spec }) =>
        (spec?.http ?? []).flatMap(({ match = [] }) => match.flatMap(({ uri }) => uri?.exact ?? uri?.prefix ?? [])),
      ),
  ].filter((prefix) => prefix !== '/'),
)

/** True when a route that leads to the target asks for such a path. */
function isRouted({ path }: Pick<FollowQuestion, 'path'>, target: Target, evidence: Evidence): boolean {
  const plain = withoutQuery(path)
  return routedPaths(evidence, target).some((prefix) => plain.startsWith(prefix))
}

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
    ...requestsTo(target, now - PRESENT, evidence),
    ...connectionsTo(target, now - PRESENT, evidence),
    ...requestsMeantFor(target, now - PRESENT, evidence),
  ]
  const known = new Set(concerning.map(({ entry }) => entry))
  const groups = Map.groupBy(
    [
      ...concerning,
      ...requestsOnceLedTo(target, now - PRESENT, evidence, isOfGateway).filter(({ entry }) => !known.has(entry)),
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
