import { withoutQuery } from '../mesh/walk/path.ts'
import { allRoutes } from '../checks/facts/routes.ts'
import { podsOf } from '../checks/facts/owners.ts'
import { gatewaysFor } from '../checks/facts/proxies-of.ts'
import type { Request } from '../checks/facts/requests-to.ts'
import { groupBy, isGrave, latest, requestsTo } from '../checks/facts/requests-to.ts'
import { trafficCountsFrom } from '../checks/facts/traffic-of.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { failed, since } from '../mesh/access-log.ts'
import { fromFqdn } from '../mesh/host.ts'
import { refOf } from '../mesh/objects.ts'
import { proxyAnswers } from '../mesh/pods.ts'
import { concerns } from '../mesh/routing.ts'
import type { Target } from '../mesh/target.ts'
import { gatewaysTaking } from './follow/destination.ts'
import type { FollowQuestion, FollowWords } from './follow/question.ts'
import { FollowSyntaxError, parseFollow } from './follow/question.ts'
import type { FollowReport } from './follow/report.ts'
import { followSeen } from './follow.ts'
import { seenClasses } from './requests/classes.ts'
import { isGatewayPod } from '../checks/facts/gateway-pod.ts'
import { defined } from '../mesh/defined.ts'

/** Requests through gateways that are followed, at most: a target may have many hosts. */
const MOST_WAYS = 4

/** What is asked for, as far as it is known. */
interface Wanted {
  host: string
  port?: number | undefined
  path?: string | undefined
  method?: string | undefined
}

/** A question out of what logs and objects hold; for `/` when their path is none that could be typed, undefined when their host is none. */
function questionOf(wanted: Wanted, words: FollowWords): FollowQuestion | undefined {
  const { host, port, path = '/', method } = wanted
  if (!path.startsWith('/')) return questionOf({ ...wanted, path: '/' }, words)
  try {
    return parseFollow(`${host}${port === undefined ? '' : `:${port}`}${path}`, { ...words, ...defined({ method }) })
  } catch (error) {
    if (!(error instanceof FollowSyntaxError)) throw error
    return path === '/' ? undefined : questionOf({ ...wanted, path: '/' }, words)
  }
}

const listed = <T>(one: T | undefined): T[] => (one === undefined ? [] : [one])

/** The host and port of an authority. */
function wantedBy({ entry: { authority = '', path, method } }: Pick<Request, 'entry'>): Wanted {
  const [, host = '', port] = /^(.*?)(?::(\d+))?$/.exec(authority) ?? []
  return { host, path, method, port: port === undefined ? undefined : Number(port) }
}

/** The kind of request there is most of: among those that fail, when that is more than a passing matter. */
function usual(requests: readonly Request[]): Wanted | undefined {
  const bad = requests.filter(({ entry }) => failed(entry))
  const [most] = groupBy(isGrave(bad, requests) ? bad : requests, ({ entry: { method, authority, path } }) =>
    JSON.stringify([method, authority, path === undefined ? undefined : withoutQuery(path)]),
  )
  return most === undefined ? undefined : wantedBy(latest(most))
}

/** The first path that a VirtualService for the hosts asks for. */
function routedPath(hosts: readonly string[], evidence: Evidence): string | undefined {
  const matches = allRoutes(evidence)
    .filter((one) => concerns(one, hosts))
    .flatMap(({ spec }) => spec?.http ?? [])
    .flatMap(({ match = [] }) => match)
  return matches.flatMap(({ uri }) => uri?.exact ?? uri?.prefix ?? [])[0]
}

/** Names by which a target is asked for at a gateway, those that a Gateway takes first; hosts of the cluster itself only when there are no others. */
function outerHosts({ hosts }: Target, evidence: Evidence): string[] {
  const plain = hosts.filter((host) => !host.includes('*'))
  const outer = plain.filter((host) => fromFqdn(host) === undefined)
  return (outer.length > 0 ? outer : plain).toSorted(
    (a, b) => Number(gatewaysTaking(b, evidence).length > 0) - Number(gatewaysTaking(a, evidence).length > 0),
  )
}

/** The port at which a gateway was asked for a host, where another of its ports takes streams and would be taken for it. */
function portAsked(host: string, target: Target, evidence: Evidence): number | undefined {
  if (!target.everyHostAt?.some(({ protocol }) => protocol === 'tcp')) return undefined
  return seenClasses(target, evidence).classes.find(
    ({ caller, question }) => caller?.kind === 'ingress' && question.host === host,
  )?.question.port
}

/** What connections ask for that name no host, of the gateway that most of them were made to. */
function nameless(target: Target, evidence: Evidence): FollowQuestion[] {
  const { caller, question: { host, port } = {} } =
    seenClasses(target, evidence).classes.find(
      (one) =>
        one.caller?.kind === 'ingress' &&
        one.requests.every(({ entry }) => entry.authority === undefined && entry.serverName === undefined),
    ) ?? {}
  if (caller === undefined || host === undefined) return []
  const { name, namespace } = caller.pod
  return listed(questionOf({ host, port }, { from: `pod/${name}`, ...defined({ namespace }) }))
}

/** Ways through the gateways that lead to the target, or were meant to. */
function throughGateways(target: Target, requests: readonly Request[], evidence: Evidence): FollowQuestion[] {
  const own = new Set(target.pods.map(({ name }) => name))
  const logged = usual(
    requests.filter(
      ({ entry, log }) => !own.has(log.of?.name ?? '') && fromFqdn(wantedBy({ entry }).host) === undefined,
    ),
  )
  if (logged === undefined && gatewaysFor(evidence, target).length === 0) return []
  const { port } = target
  const asked = outerHosts(target, evidence).map((host): Wanted => ({
    host,
    port,
    path: target.path ?? (logged?.host === host ? logged.path : undefined) ?? routedPath(target.hosts, evidence),
  }))
  // What a client sends as Host is often the gateway's port on the node: the Gateway takes the host by any port.
  const sent =
    logged === undefined || target.path !== undefined
      ? []
      : [{ ...logged, port: port ?? portAsked(logged.host, target, evidence) }]
  const questions = [
    ...(logged?.host === '' ? nameless(target, evidence) : []),
    ...[...sent, ...asked].flatMap((wanted) => questionOf(wanted, { from: 'ingress' }) ?? []),
  ]
  return questions
    .filter(({ text }, index) => questions.findIndex((other) => other.text === text) === index)
    .slice(0, MOST_WAYS)
}

/** What the target's own sidecars are asked to send: the calls it makes when nothing calls it, else requests to itself, as its neighbours would make them. */
function fromSidecars(
  target: Target,
  requests: readonly Request[],
  moment: number,
  evidence: Evidence,
): FollowQuestion[] {
  const [pod] = podsOf(target, evidence).filter(
    (one) => proxyAnswers(one) && evidence.seenOf('listeners', refOf(one)) !== undefined,
  )
  if (pod === undefined) return []
  const words: FollowWords = { from: `pod/${pod.metadata.name}`, namespace: pod.metadata.namespace }
  const [host] = target.hosts.filter((one) => !one.includes('*'))
  if (host !== undefined) {
    const { path, method } = usual(requests) ?? {}
    return listed(questionOf({ host, port: target.port, path: target.path ?? path, method }, words))
  }
  const log = evidence.seenOf('access-log', refOf(pod))
  const calls =
    log === undefined
      ? []
      : since(log.value.lines, moment)
          .filter(
            ({ upstreamCluster = '', authority }) => authority !== undefined && !upstreamCluster.startsWith('inbound|'),
          )
          .map((entry): Request => ({ entry, log }))
  const wanted = usual(calls)
  return wanted === undefined ? [] : listed(questionOf(wanted, words))
}

/** What a caller elsewhere asked for whose requests fail, by its own proxy. */
function fromFailingCaller(target: Target, requests: readonly Request[], evidence: Evidence): FollowQuestion[] {
  const own = new Set(target.pods.map(({ name }) => name))
  // Gateways were asked before.
  const isCaller = ({ of }: Request['log']): boolean => {
    const pod = of === undefined ? undefined : evidence.object('pods', of.namespace ?? '', of.name)
    return pod !== undefined && !own.has(pod.metadata.name) && !isGatewayPod(pod, evidence)
  }
  const [most] = groupBy(
    requests.filter(({ entry, log }) => failed(entry) && isCaller(log)),
    ({ log }) => `${log.of?.namespace ?? ''}/${log.of?.name ?? ''}`,
  )
  const request = most === undefined ? undefined : latest(most)
  const caller = request?.log.of
  if (request === undefined || caller === undefined || evidence.seenOf('listeners', caller) === undefined) return []
  return listed(questionOf(wantedBy(request), { from: `pod/${caller.name}`, namespace: caller.namespace }))
}

/**
 * The path of a request to the target, told from what a diagnosis has seen without another look: through a gateway, the one where it dies first; without
 * gateways from the target's own sidecar or, when that arrives, from a caller whose requests fail. Undefined when no such proxy was read, or nothing says what to ask for.
 */
export function followTarget(
  target: Target,
  evidence: Evidence,
  options: { context?: string | undefined; at: string },
): FollowReport | undefined {
  const moment = trafficCountsFrom(evidence, target)
  const requests = moment === undefined ? [] : requestsTo(target, moment, evidence)
  const ways = throughGateways(target, requests, evidence).flatMap(
    (question) => followSeen(question, evidence, options) ?? [],
  )
  const [first] = ways
  if (first !== undefined) return ways.find(({ outcome }) => outcome === 'dies') ?? first
  const [own] = fromSidecars(target, requests, moment ?? 0, evidence).flatMap(
    (question) => followSeen(question, evidence, options) ?? [],
  )
  const dying =
    own?.outcome === 'dies'
      ? undefined
      : fromFailingCaller(target, requests, evidence)
          .flatMap((question) => followSeen(question, evidence, options) ?? [])
          .find(({ outcome }) => outcome === 'dies')
  // A workload need not be allowed to call itself.
  return dying ?? (own?.dies === 'inbound' ? undefined : own)
}
