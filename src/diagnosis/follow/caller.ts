import { labelsText } from '../../mesh/labels.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { hostMatches } from '../../mesh/host.ts'
import { nearestNames } from '../../mesh/names.ts'
import type { Gateway, Pod } from '../../mesh/objects.ts'
import { refOf, selects } from '../../mesh/objects.ts'
import { hasProxy, isReady, proxyAnswers } from '../../mesh/pods.ts'
import type { Ref } from '../../mesh/ref.ts'
import { EVERY_HOST, gatewayKey, gatewaysOf, hostsOf, podsOfGateway } from '../../mesh/routing.ts'
import { allGateways, allRoutes } from '../../checks/facts/routes.ts'
import { UserError } from '../../mesh/user-error.ts'
import type { TargetQuery } from '../../mesh/target-query.ts'
import { AmbiguousTargetError, UnknownTargetError } from '../target-errors.ts'
import { gatewaysTaking, isNamed, serviceEntryOf, serviceOf } from './destination.ts'
import type { FollowQuestion } from './question.ts'
import type { Caller } from './report.ts'
import { defined } from '../../mesh/defined.ts'

/** There is no proxy to follow the request through: `message` says which caller would do. */
export class CallerError extends UserError {
  /** Callers that would do, as typed after `--from`. */
  readonly callers: readonly string[]
  constructor(why: string, callers: readonly string[]) {
    const would = callers.map((one) => `--from ${one}`).join(', ')
    super({ why: `${why}${would === '' ? '' : ` Possible callers: ${would}.`}` }, { code: 'unknown-target' })
    this.callers = callers
  }
}

/** Gateways take the host, and no running pod has the labels they ask for: the request dies before any proxy. */
export class NoGatewayPodError extends CallerError {
  readonly gateways: readonly Ref[]
  /** `istio=ingressgateway`, each. */
  readonly selectors: readonly string[]
  constructor(host: string, gateways: readonly Ref[], selectors: readonly string[]) {
    super(`No running gateway pod has the labels ${selectors.join(' or ')}, which the Gateway of ${host} asks for.`, [])
    this.gateways = gateways
    this.selectors = selectors
  }
}

/** The host as a query, for errors about it. */
const queryOf = ({ text, host, namespace }: FollowQuestion): TargetQuery => ({
  text,
  form: host.split('.').length > 2 ? 'host' : 'name',
  name: host,
  ...defined({ namespace }),
})

/** A host without dots means a Service of the caller's namespace: which one, when no caller's namespace is known. */
function namespaceOfShortName(question: FollowQuestion, evidence: Evidence): string | undefined {
  const found = evidence.objects('services').filter(({ metadata }) => metadata.name === question.host)
  const [first] = found
  if (first === undefined)
    throw new UnknownTargetError(
      queryOf(question),
      `service ${question.host}`,
      nearestNames(
        question.host,
        evidence.objects('services').map(({ metadata }) => metadata.name),
      ),
    )
  if (found.length > 1) throw new AmbiguousTargetError(queryOf(question), found.map(refOf))
  return first.metadata.namespace
}

/** Where a caller is looked for: as typed, else where the host's Service, ServiceEntry or VirtualService lives. */
export function callerNamespace(question: FollowQuestion, evidence: Evidence): string | undefined {
  const { host, namespace, from } = question
  if (from !== undefined && from.kind !== 'ingress' && from.namespace !== undefined) return from.namespace
  if (namespace !== undefined) return namespace
  if (from?.kind === 'ingress') return undefined
  if (!host.includes('.')) return namespaceOfShortName(question, evidence)
  return (serviceOf(host, undefined, evidence) ?? serviceEntryOf(host, evidence))?.metadata.namespace
}

/** True when the request is followed from a gateway: as asked, or by default when a Gateway takes the host. */
export function fromIngress({ from, host }: FollowQuestion, evidence: Evidence): boolean {
  return from === undefined
    ? gatewaysTaking(host, evidence).some(({ spec }) =>
        (spec?.servers ?? []).some(({ hosts = [] }) => hosts.some((one) => !/(^|\/)\*$/.test(one))),
      )
    : from.kind === 'ingress'
}

/** Gateways whose pods may take the request: those that take the host, else all. */
export function callingGateways({ host }: FollowQuestion, evidence: Evidence): { labels: Record<string, string> }[] {
  const taking = gatewaysTaking(host, evidence)
  const selectors = (taking.length > 0 ? taking : allGateways(evidence)).flatMap(({ spec }) =>
    spec?.selector === undefined ? [] : [{ labels: spec.selector }],
  )
  // Without any Gateway the ingress Istio installs is still there, and answers 404 or refuses.
  return selectors.length > 0 ? selectors : [{ labels: { istio: 'ingressgateway' } }]
}

const byUse = (pods: readonly Pod[]): Pod[] =>
  pods
    .filter(proxyAnswers)
    .toSorted((a, b) => Number(isReady(b)) - Number(isReady(a)) || a.metadata.name.localeCompare(b.metadata.name, 'en'))

/** `deploy/NAME` of the pods' workloads that have a proxy. */
function possibleCallers(pods: readonly Pod[], evidence: Evidence): string[] {
  const names = pods.filter(hasProxy).map((pod) => {
    const deployment = evidence
      .objects('deployments')
      .find(
        ({ metadata, spec }) =>
          metadata.namespace === pod.metadata.namespace && selects(spec?.selector?.matchLabels, pod.metadata.labels),
      )
    return deployment === undefined ? `pod/${pod.metadata.name}` : `deploy/${deployment.metadata.name}`
  })
  return [...new Set(names)].slice(0, 5)
}

/** True for a pod whose log has requests for the host: of several that may take them, they come to that one. */
const isAskedAt = (pod: Pod, host: string, evidence: Evidence): boolean =>
  evidence
    .seenOf('access-log', refOf(pod))
    ?.value.lines.some(({ authority = '' }) => authority.replace(/:\d+$/, '') === host) === true

/** True for a Gateway to which a route for the host is bound that names it: of several that take every host, that one is meant. */
const isNamedAt = (gateway: Gateway, host: string, evidence: Evidence): boolean =>
  allRoutes(evidence).some(
    (one) =>
      gatewaysOf(one).includes(gatewayKey(gateway)) &&
      hostsOf(one).some((pattern) => pattern !== EVERY_HOST && hostMatches(pattern, host)),
  )

function gatewayCaller(question: FollowQuestion, evidence: Evidence): Caller {
  const gateways = gatewaysTaking(question.host, evidence)
  const selectors = callingGateways(question, evidence)
  const pods =
    gateways.length > 0
      ? gateways.flatMap((gateway) => podsOfGateway(gateway, evidence.objects('pods')))
      : evidence.objects('pods').filter((pod) => selectors.some(({ labels }) => selects(labels, pod.metadata.labels)))
  const named = gateways.filter((gateway) => isNamedAt(gateway, question.host, evidence))
  const [pod] = [
    ...byUse(pods.filter((one) => isAskedAt(one, question.host, evidence))),
    ...byUse(named.flatMap((gateway) => podsOfGateway(gateway, evidence.objects('pods')))),
    ...byUse(pods),
  ]
  if (pod !== undefined) return { kind: 'ingress', pod: refOf(pod) }
  const labels = [...new Set(selectors.map((one) => labelsText(one.labels)))]
  if (gateways.length > 0) throw new NoGatewayPodError(question.host, gateways.map(refOf), labels)
  throw new CallerError(`No running gateway pod has the labels ${labels.join(' or ')}.`, [])
}

function namedCaller(question: FollowQuestion, namespace: string, evidence: Evidence): Caller {
  const { from } = question
  if (from === undefined || from.kind === 'ingress') throw new TypeError('a named caller has a name')
  const pods = evidence.objects('pods').filter(({ metadata }) => metadata.namespace === namespace)
  const query: TargetQuery = { text: `${from.kind}/${from.name}`, form: from.kind, name: from.name, namespace }
  const deployments = evidence.objects('deployments').filter(({ metadata }) => metadata.namespace === namespace)
  const deployment =
    from.kind === 'deploy' ? deployments.find(({ metadata }) => metadata.name === from.name) : undefined
  const named =
    from.kind === 'pod'
      ? pods.filter(({ metadata }) => metadata.name === from.name)
      : pods.filter((pod) => selects(deployment?.spec?.selector?.matchLabels, pod.metadata.labels))
  if (from.kind === 'deploy' ? deployment === undefined : named.length === 0) {
    throw new UnknownTargetError(
      query,
      `${from.kind === 'pod' ? 'pod' : 'deployment'} ${from.name}`,
      nearestNames(
        from.name,
        (from.kind === 'pod' ? pods : deployments).map(({ metadata }) => metadata.name),
      ),
      { namespace },
    )
  }
  const [pod] = byUse(named)
  if (pod !== undefined) return { kind: 'sidecar', pod: refOf(pod) }
  const callers = possibleCallers(
    pods.filter((one) => !named.includes(one)),
    evidence,
  )
  if (named.length === 0)
    throw new CallerError(`${from.kind}/${from.name} has no pods in namespace ${namespace}.`, callers)
  throw new CallerError(
    named.some(hasProxy)
      ? `The proxy of ${from.kind}/${from.name} does not run yet.`
      : `${from.kind}/${from.name} has no Istio proxy: its requests pass no Envoy that could be asked.`,
    callers,
  )
}

/**
 * The proxy a request is followed from.
 *
 * @throws {UnknownTargetError} {AmbiguousTargetError} {CallerError} saying which caller would do
 */
export function callerOf(question: FollowQuestion, evidence: Evidence): Caller {
  if (fromIngress(question, evidence)) return gatewayCaller(question, evidence)
  const namespace = callerNamespace(question, evidence)
  if (namespace === undefined) {
    const known = [
      ...allGateways(evidence).flatMap(({ spec }) => (spec?.servers ?? []).flatMap(({ hosts = [] }) => hosts)),
      ...evidence.objects('service-entries').flatMap(({ spec }) => spec?.hosts ?? []),
    ].filter((host) => host !== '*')
    if (question.from !== undefined || isNamed(question.host, undefined, evidence))
      throw new CallerError(
        `It is not clear whose request to ${question.host} is meant: name the namespace with -n, or a caller.`,
        ['ingress'],
      )
    throw new UnknownTargetError(
      queryOf(question),
      `host ${question.host} in any VirtualService, Gateway or ServiceEntry (--from says whose request is followed all the same)`,
      nearestNames(question.host, known),
    )
  }
  if (question.from !== undefined) return namedCaller(question, namespace, evidence)
  const pods = evidence.objects('pods').filter(({ metadata }) => metadata.namespace === namespace)
  const own = serviceOf(question.host, namespace, evidence)
  // Another workload than the one that is asked makes the better caller.
  const [pod] = byUse(pods).toSorted(
    (a, b) =>
      Number(selects(own?.spec?.selector, a.metadata.labels)) - Number(selects(own?.spec?.selector, b.metadata.labels)),
  )
  if (pod !== undefined) return { kind: 'sidecar', pod: refOf(pod) }
  throw new CallerError(`No pod in namespace ${namespace} runs an Istio proxy.`, [])
}
