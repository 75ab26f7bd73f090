import { selectorText } from '../mesh/labels.ts'
import type { Clients } from '../evidence/clients/clients.ts'
import { holdingAnswers } from '../evidence/clients/byte-budget.ts'
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
import { calleeNamespaces, calleesOf } from './follow/callee.ts'
import {
  CallerError,
  callerNamespace,
  callerOf,
  callingGateways,
  fromIngress,
  NoGatewayPodError,
} from './follow/caller.ts'
import type { FollowQuestion } from './follow/question.ts'
import type { Caller, FollowReport, Hop } from './follow/report.ts'
import { traceOf } from './follow/trace.ts'
import { followIn } from './follow-in.ts'
import { ISTIO_NAMESPACE } from '../evidence/clients/istio-namespace.ts'
import { planObjects } from './plan.ts'
import { AmbiguousTargetError, UnknownTargetError } from './target-errors.ts'
import { understood } from './understood.ts'

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
  return holdingAnswers(() => followLive(question, clients, options))
}

async function followLive(question: FollowQuestion, clients: Clients, options: FollowOptions): Promise<FollowReport> {
  const gathering = new Gathering(clients, options)
  const done = new Set<string>()
  const look = (steps: readonly AnyStep[]): Promise<void> =>
    gathering.gather(
      steps.filter(({ id }) => !done.has(id) && done.add(id)).map((step) => inContext(step, clients.context)),
    )
  /** Makes something of what was seen so far; a reading that cannot be made anything of is given up. */
  const of = async <T>(use: (evidence: Evidence) => T): Promise<T> =>
    understood(
      [...gathering.readings],
      (readings) => use(new Evidence(readings)),
      (readings) => gathering.readings.splice(0, gathering.readings.length, ...readings),
    )
  const ended = timed(clients, 'follow')
  const at = (): string => ended().at
  await look(planFollow())
  let caller: Caller
  try {
    await look(await of((seen) => planCallers(question, seen)))
    caller = await of((seen) => callerOf(question, seen))
  } catch (error) {
    const blind = gathering.readings.filter((reading) => !reading.ok && CALLER_KINDS.includes(reading.kind))
    options.signal?.throwIfAborted()
    // Not being allowed to look is not "not there".
    if (blind.length > 0) return callerUnseen(question, blind as Blind[], at())
    if (error instanceof NoGatewayPodError) return noGatewayPod(question, error, at())
    throw error
  }
  await look(planCallerProxy(caller))
  await look(await of((seen) => planCallees(question, caller, seen)))
  await look(await of((seen) => calleePods(question, caller, seen).flatMap(planCalleeProxy)))
  return of((seen) => followIn(question, caller, seen, { context: clients.context, at: at() }))
}
