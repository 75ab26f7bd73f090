import type { Clients } from '../evidence/clients/clients.ts'
import { timed } from '../evidence/clients/timing.ts'
import { objects } from '../evidence/collectors/objects.ts'
import { PROXY_CONFIG_KINDS, proxyConfig } from '../evidence/collectors/proxy-config.ts'
import { secrets } from '../evidence/collectors/secrets.ts'
import { Evidence } from '../evidence/evidence.ts'
import type { GatherOptions } from '../evidence/gather.ts'
import { Gathering } from '../evidence/gather.ts'
import type { Blind, EvidenceKind, ObjectKind } from '../evidence/reading.ts'
import { redact } from '../evidence/redaction.ts'
import type { AnyStep } from '../evidence/step.ts'
import { inContext } from '../evidence/step.ts'
import { refOf } from '../mesh/objects.ts'
import { hasProxy } from '../mesh/pods.ts'
import type { Ref } from '../mesh/ref.ts'
import { uniqueRefs } from '../mesh/ref.ts'
import { calleeNamespaces, calleesOf, isLookedAt } from './follow/callee.ts'
import {
  CallerError,
  callerNamespace,
  callerOf,
  callingGateways,
  fromIngress,
  NoGatewayPodError,
} from './follow/caller.ts'
import { clusterHop } from './follow/cluster-hop.ts'
import { endpointsHop } from './follow/endpoints-hop.ts'
import { inboundHop } from './follow/inbound-hop.ts'
import { listenerHop } from './follow/listener-hop.ts'
import type { FollowQuestion } from './follow/question.ts'
import type { Caller, FollowReport, Hop, Stage } from './follow/report.ts'
import { STAGES } from './follow/report.ts'
import { routeHop } from './follow/route-hop.ts'
import type { Trace } from './follow/trace.ts'
import { traceOf } from './follow/trace.ts'
import { ISTIO_NAMESPACE, planObjects } from './plan.ts'
import { AmbiguousTargetError, UnknownTargetError } from './target-errors.ts'

/** Kinds of objects the way of a request is told by. */
const NEEDED: readonly EvidenceKind[] = [
  'services',
  'virtual-services',
  'destination-rules',
  'gateways',
  'gateway-classes',
  'gateway-api-gateways',
  'listener-sets',
  'http-routes',
  'grpc-routes',
  'tls-routes',
  'tcp-routes',
  'namespaces',
  'service-entries',
  'envoy-filters',
  'sidecars',
  'peer-authentications',
  'authorization-policies',
  'request-authentications',
]

const ofPods = (kind: ObjectKind, scope: Parameters<typeof objects>[2]): AnyStep =>
  objects(kind, 'workloads', scope) as AnyStep
const selectorText = (labels: Readonly<Record<string, string>>): string =>
  Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join(',')

/** The looks that tell whose proxy it is and what it should do. */
export function planFollow(): AnyStep[] {
  return [
    ...planObjects({ text: '', form: 'host', name: '' }).filter(({ kind }) => NEEDED.includes(kind)),
    objects('mesh-config', 'control plane', { namespace: ISTIO_NAMESPACE, fields: 'metadata.name=istio' }),
  ]
}

/** The looks at the pods that may be the caller. */
export function planCallers(question: FollowQuestion, evidence: Evidence): AnyStep[] {
  if (fromIngress(question, evidence))
    return [...new Set(callingGateways(question, evidence).map(({ labels }) => selectorText(labels)))].map((labels) =>
      ofPods('pods', { labels }),
    )
  const namespace = callerNamespace(question, evidence)
  return namespace === undefined ? [] : [ofPods('pods', { namespace }), ofPods('deployments', { namespace })]
}

/** The looks into the caller's proxy. */
export const planCallerProxy = ({ pod }: Caller): AnyStep[] => [
  ...PROXY_CONFIG_KINDS.map((kind) => proxyConfig(kind, pod) as AnyStep),
  secrets(pod),
]

/** The looks into a callee's proxy, and at its certificate: its inbound side has its routes in the listener. */
export const planCalleeProxy = (pod: Ref): AnyStep[] => [
  ...(['listeners', 'clusters'] as const).map((kind) => proxyConfig(kind, pod) as AnyStep),
  secrets(pod),
]

/** Hops that fail come first among those of their stage. */
const inOrder = (hops: readonly Hop[]): Hop[] =>
  hops.toSorted((a, b) => STAGES.indexOf(a.stage) - STAGES.indexOf(b.stage) || Number(a.ok) - Number(b.ok))

function hopsOf(trace: Trace): Hop[] {
  const listener = listenerHop(trace)
  if (!listener.ok && (listener.sure || trace.walk.chain === undefined)) return [listener]
  const route = routeHop(trace)
  const { reached } = trace.walk
  return inOrder([
    listener,
    ...(route === undefined ? [] : [route]),
    ...reached.map((share) => clusterHop(share, trace)),
    ...reached.flatMap(({ name }) => endpointsHop(name, trace) ?? []),
    ...calleesOf(trace)
      .filter(({ pod }) => !hasProxy(pod) || isLookedAt(pod, trace.evidence))
      .map((callee) => inboundHop(callee, trace)),
  ])
}

/** Hops whose words stand in a headline, at most. */
const MOST_SAID = 3

const PLACES: Readonly<Record<Stage, string>> = {
  listener: 'listener',
  route: 'route',
  cluster: 'cluster',
  endpoints: 'endpoints',
  inbound: "callee's proxy",
}

/** Percent of the requests that fail at one of some hops: of what an injected fault lets pass, the shares of the clusters that lead nowhere. */
function failingShare(died: readonly Hop[], trace: Trace): number {
  const { walk } = trace
  const callees = calleesOf(trace)
  const isDead = (cluster: string): boolean => {
    const behind = callees.filter((one) => one.cluster === cluster)
    return (
      died.some(({ stage, name }) => stage !== 'inbound' && name === cluster) ||
      (behind.length > 0 &&
        behind.every(({ pod }) => died.some(({ stage, name }) => stage === 'inbound' && name === pod.metadata.name)))
    )
  }
  const isWhole = died.some(({ stage }) => stage === 'listener')
  const [branch] = walk.route?.branches ?? []
  const aborted = branch?.answers.find(({ kind, share }) => kind === 'fault' && share !== undefined)?.share ?? 0
  const isRoute = died.some(({ stage }) => stage === 'route')
  if (isWhole || (isRoute && aborted === 0)) return 100
  const dead = walk.clusters.filter(({ name }) => isDead(name)).reduce((sum, { weight }) => sum + weight, 0)
  const isSomething = dead > 0 || aborted > 0
  return isSomething ? Math.min(100, aborted + ((100 - aborted) * dead) / 100) : 100
}

function headlineOf(hops: readonly Hop[], trace: Trace): string {
  const { question, sent } = trace
  const { request } = sent
  const what = `${request.method} ${request.scheme}://${request.authority}${request.path.replace(/\?.*$/s, '?…')}`
  const died = hops.filter(({ ok, sure }) => !ok && sure)
  const [first] = died
  if (first !== undefined) {
    const share = failingShare(died, trace)
    const places = [...new Set(died.map(({ stage }) => PLACES[stage]))]
    const says = [...new Set(died.map((one) => one.says))]
    return `${share < 99.5 ? `${Math.round(share)} % of requests like ${what} die` : `${what} dies`} at the ${places.join(' and the ')}: ${says.slice(0, MOST_SAID).join(' ')}`
  }
  const unsure = hops.find(({ sure }) => !sure)
  if (unsure !== undefined) return `${what}: unclear at the ${PLACES[unsure.stage]}: ${unsure.says}`
  const last = hops.at(-1)
  if (last?.stage === 'inbound')
    return `${what} arrives at ${hops
      .filter(({ stage }) => stage === 'inbound')
      .map(({ name }) => name)
      .join(', ')}.`
  return last?.stage === 'route'
    ? `${what} is answered on the way: ${last.says}`
    : `${what} leaves for ${question.host}: ${last?.says ?? ''}`
}

const outcomeOf = (hops: readonly Hop[]): FollowReport['outcome'] =>
  hops.some(({ ok, sure }) => !ok && sure) ? 'dies' : hops.some(({ sure }) => !sure) ? 'unclear' : 'arrives'

/** Tells a request's way from what was seen of its caller's and callees' proxies. */
export function followIn(
  question: FollowQuestion,
  caller: Caller,
  evidence: Evidence,
  { context, at }: { context?: string | undefined; at: string },
): FollowReport {
  const trace = traceOf(question, caller, evidence, context)
  if (trace === undefined) throw new TypeError(`${caller.pod.name} is not among the pods that were seen`)
  const { sent, walk } = trace
  const hops = hopsOf(trace)
  const pods = hops
    .filter(({ stage }) => stage === 'endpoints')
    .flatMap(({ objects: refs }) => refs.filter(({ kind }) => kind === 'Pod'))
  return {
    asked: question.text,
    caller,
    hops,
    clusters: walk.clusters,
    request: {
      method: sent.request.method,
      scheme: sent.request.scheme,
      host: question.host,
      port: sent.port,
      path: redact(sent.request.path),
      headers: JSON.parse(redact(JSON.stringify(Object.fromEntries(question.headers)))) as Record<string, string>,
    },
    dies: hops.find(({ ok, sure }) => !ok && sure)?.stage ?? null,
    outcome: outcomeOf(hops),
    headline: headlineOf(hops, trace),
    pods: uniqueRefs(pods),
    at,
  }
}

/** The callees whose proxies are worth a look, once the caller's configuration was seen. */
export function calleePods(question: FollowQuestion, caller: Caller, evidence: Evidence): Ref[] {
  const trace = traceOf(question, caller, evidence)
  return trace === undefined
    ? []
    : calleesOf(trace)
        .map(({ pod }) => pod)
        .filter(hasProxy)
        .map(refOf)
}

/** The looks at the pods behind the clusters the request may go to. */
export function planCallees(question: FollowQuestion, caller: Caller, evidence: Evidence): AnyStep[] {
  const trace = traceOf(question, caller, evidence)
  return trace === undefined ? [] : calleeNamespaces(trace).map((namespace) => ofPods('pods', { namespace }))
}

/** Kinds without which the caller can't be found. */
const CALLER_KINDS: readonly EvidenceKind[] = ['gateways', 'services', 'service-entries', 'pods', 'deployments']

/** A report of a request that meets no proxy. */
function withoutCaller(
  { text, host, port, path, method, scheme = 'http' }: FollowQuestion,
  hop: Hop,
  at: string,
): FollowReport {
  return {
    asked: text,
    request: { method, scheme, host, port: port ?? (scheme === 'https' ? 443 : 80), path: redact(path), headers: {} },
    hops: [hop],
    clusters: [],
    dies: hop.sure ? hop.stage : null,
    outcome: hop.sure ? 'dies' : 'unclear',
    headline: hop.says,
    pods: [],
    at,
  }
}

/** The report when what a caller is found by could not be seen. */
function callerUnseen(question: FollowQuestion, blind: readonly Blind[], at: string): FollowReport {
  const says = `The caller's proxy could not be found: ${blind.map(({ kind, reason, detail }) => `${kind} ${reason} (${redact(detail)})`).join('; ')}.`
  return withoutCaller(
    question,
    {
      stage: 'listener',
      ok: false,
      sure: false,
      name: question.host,
      objects: [],
      says,
      notes: [],
      command: blind[0]?.source ?? '',
    },
    at,
  )
}

/** The report when no pod serves the Gateways that take the host. */
function noGatewayPod(
  question: FollowQuestion,
  { message, gateways, selectors }: NoGatewayPodError,
  at: string,
): FollowReport {
  return withoutCaller(
    question,
    {
      stage: 'listener',
      ok: false,
      sure: true,
      name: question.host,
      objects: [...gateways],
      notes: [],
      says: `${message} No proxy listens for it.`,
      command: `kubectl get pods -A -l ${selectors[0] ?? ''}`,
    },
    at,
  )
}

/**
 * Tells a request's way from what was seen already, without a further look. Undefined when there is no caller, or its listeners were not seen.
 */
export function followSeen(
  question: FollowQuestion,
  evidence: Evidence,
  { context, at }: { context?: string | undefined; at: string },
): FollowReport | undefined {
  try {
    const caller = callerOf(question, evidence)
    return evidence.seenOf('listeners', caller.pod) === undefined
      ? undefined
      : followIn(question, caller, evidence, { context, at })
  } catch (error) {
    if (error instanceof NoGatewayPodError)
      return (['pods', 'gateways'] as const).some((kind) => evidence.blind(kind).length > 0)
        ? undefined
        : noGatewayPod(question, error, at)
    if (error instanceof CallerError || error instanceof UnknownTargetError || error instanceof AmbiguousTargetError)
      return undefined
    throw error
  }
}

export type FollowOptions = Pick<GatherOptions, 'signal' | 'stepTimeout' | 'concurrency' | 'onStarted' | 'onFinished'>

/**
 * Follows one request through its caller's live proxy and those of its callees. What can't be seen is in the report, never an error.
 *
 * @throws {UnknownTargetError} {AmbiguousTargetError} {CallerError} when no proxy to follow it from is found
 * @throws the signal's reason when it was cancelled
 */
export async function follow(
  question: FollowQuestion,
  clients: Clients,
  options: FollowOptions = {},
): Promise<FollowReport> {
  const gathering = new Gathering(clients, options)
  const done = new Set<string>()
  const look = (steps: readonly AnyStep[]): Promise<void> =>
    gathering.gather(
      steps.filter(({ id }) => !done.has(id) && done.add(id)).map((step) => inContext(step, clients.context)),
    )
  const seen = (): Evidence => new Evidence(gathering.readings)
  const ended = timed(clients, 'follow')
  const at = (): string => ended().at
  await look(planFollow())
  let caller: Caller
  try {
    await look(planCallers(question, seen()))
    caller = callerOf(question, seen())
  } catch (error) {
    const blind = seen().readings.filter((reading) => !reading.ok && CALLER_KINDS.includes(reading.kind))
    options.signal?.throwIfAborted()
    // Not being allowed to look is not "not there".
    if (blind.length > 0) return callerUnseen(question, blind as Blind[], at())
    if (error instanceof NoGatewayPodError) return noGatewayPod(question, error, at())
    throw error
  }
  await look(planCallerProxy(caller))
  await look(planCallees(question, caller, seen()))
  await look(calleePods(question, caller, seen()).flatMap(planCalleeProxy))
  return followIn(question, caller, seen(), { context: clients.context, at: at() })
}
