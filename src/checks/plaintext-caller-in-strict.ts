import { rootNamespaceOf } from './facts/root-namespace-of.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { clientTls, rulesForCaller } from '../mesh/destination-rules.ts'
import type { AccessLogLine } from '../mesh/access-log.ts'
import { ipOf, portOf } from '../mesh/address.ts'
import { mtlsInForce } from '../mesh/mutual-tls.ts'
import type { PeerAuthentication, Pod } from '../mesh/objects.ts'
import { refOf } from '../mesh/objects.ts'
import { hasProxy } from '../mesh/pods.ts'
import { formatRef } from '../mesh/ref.ts'
import type { Target } from '../mesh/target.ts'
import { answerOf } from '../mesh/transport.ts'
import type { Args, Found, Proof } from './check.ts'
import { defineCheck, proof } from './check.ts'
import { connectionsRefused } from './facts/connections-refused.ts'
import { ownerOf, podScope, podsOf } from './facts/owners.ts'
import { readingFor, readingOf } from './facts/readings.ts'
import { podAt } from './facts/requests-to.ts'
import { ROUTING_KINDS, trafficCountsFrom } from './facts/traffic-of.ts'

/** Somebody without a sidecar calls in plain text what takes mutual TLS only: no request, no answer, just a connection that is closed. */
export const plaintextCallerInStrict = defineCheck({
  name: 'plaintext-caller-in-strict',
  about: 'no caller speaks plain text to pods that accept mutual TLS only',
  needs: ['access-log', 'pods', ...ROUTING_KINDS],
  confirms: ['listeners', 'replica-sets'],
  problems: {
    MESH0502: {
      severity: 'error',
      counts: 'failures',
      title: 'plain text to strict mutual TLS',
      says: '{subject} calls {host} in plain text ({reason}), and {policy} makes its pods accept mutual TLS only: {connections} connections were closed',
      remedy:
        'Give {subject} a sidecar; until then set {policy} to PERMISSIVE, or give these pods a PERMISSIVE PeerAuthentication of their own.',
    },
    MESH0507: {
      severity: 'warning',
      title: 'plain text from unknown address',
      says: 'A client at {addresses}, which is not a pod, calls {host} in plain text, and {subject} makes its pods accept mutual TLS only: {connections} connections were closed',
      remedy:
        'Find who calls from {addresses} (a node, a machine outside, or a pod that is gone), and route it through a gateway.',
    },
  },
  run(evidence, target) {
    const moment = trafficCountsFrom(evidence, target)
    if (moment === undefined) return []
    const calls = connectionsRefused(
      podsOf(target, evidence),
      moment,
      evidence,
      ({ serverName }) => serverName === undefined,
    ).flatMap(({ pod, log, lines }) =>
      lines.flatMap((line): Call[] => {
        const port = portOf(line.downstreamLocal)
        const policy = port === undefined ? undefined : strictPolicy(pod, port, evidence)
        return port === undefined || policy === undefined
          ? []
          : [
              {
                pod,
                port,
                policy,
                line,
                because: proof(
                  log,
                  `the sidecar of ${pod.metadata.name} closed a connection in plain text to port ${port}, as its own log says`,
                  quote(line),
                ),
              },
            ]
      }),
    )
    const callers = Map.groupBy(calls, ({ line }) => {
      const caller = callerAt(line, evidence)
      return caller === undefined ? '' : formatRef(ownerOf(caller, evidence))
    })
    return [...callers.values()].flatMap((group) => found(group as [Call, ...Call[]], evidence, target))
  },
})

/** One connection in plain text to a port of a pod that takes mutual TLS only. */
interface Call {
  pod: Pod
  port: number
  policy: PeerAuthentication
  line: AccessLogLine
  because: Proof
}

const quote = ({ at, flags, details, downstreamRemote, downstreamLocal }: AccessLogLine): string =>
  `${at} ${flags.join(',')} ${details ?? ''} from ${downstreamRemote ?? '?'} to ${downstreamLocal ?? '?'}`

/** The policy that makes a pod take mutual TLS only at a port, unless the pod's own listeners take plain text there all the same. */
function strictPolicy(pod: Pod, port: number, evidence: Evidence): PeerAuthentication | undefined {
  const { mode, policy } = mtlsInForce(pod, port, evidence.objects('peer-authentications'), rootNamespaceOf(evidence))
  const listeners = evidence.seenOf('listeners', refOf(pod))
  const answer = listeners === undefined ? undefined : answerOf(listeners.value, port, 'plaintext')
  return mode === 'STRICT' && answer !== 'taken' ? policy : undefined
}

function found(calls: readonly [Call, ...Call[]], evidence: Evidence, target: Target): Found[] {
  const last = calls.at(-1) ?? calls[0]
  const caller = callerAt(last.line, evidence)
  const host = target.hosts[0] ?? target.name
  const { policy } = last
  const args: Args = {
    host,
    policy: formatRef(refOf(policy)),
    connections: calls.length,
    ports: [...new Set(calls.map(({ port }) => String(port)))],
  }
  const because: [Proof, ...Proof[]] = [
    { ...last.because, says: `${last.because.says}; ${calls.length} since the last change` },
    proof(
      readingFor('peer-authentications', evidence),
      `${formatRef(refOf(policy))} makes ${last.pod.metadata.name} accept mutual TLS only at port ${last.port}`,
    ),
    ...calls.flatMap((call) => refusing(call, evidence)).slice(0, 1),
  ]
  const scope = [...target.hosts, ...new Set(calls.map(({ pod }) => podScope(pod)))]
  if (caller === undefined) {
    const addresses = [
      ...new Set(calls.map(({ line }) => ipOf(line.downstreamRemote) ?? 'an address that was not logged')),
    ].slice(0, 5)
    return [
      { code: 'MESH0507', standing: 'observed', subject: refOf(policy), args: { ...args, addresses }, because, scope },
    ]
  }
  if (hasProxy(caller) && isTold(caller, last, target, evidence)) return []
  const reading = readingOf(caller, evidence)
  const reason = hasProxy(caller) ? 'its connections do not pass its sidecar' : 'it has no sidecar'
  return [
    {
      code: 'MESH0502',
      standing: 'observed',
      subject: ownerOf(caller, evidence),
      args: { ...args, reason },
      because: [
        ...because,
        ...(reading === undefined
          ? []
          : [proof(reading, `${ipOf(last.line.downstreamRemote) ?? ''} is ${formatRef(refOf(caller))}; ${reason}`)]),
      ],
      scope,
    },
  ]
}

/** The pod that called; pods on their node's own network share its address, so that none of them can be named. */
function callerAt({ downstreamRemote }: AccessLogLine, evidence: Evidence): Pod | undefined {
  const pod = podAt(downstreamRemote, evidence)
  return pod?.spec?.hostNetwork === true ? undefined : pod
}

const refusing = ({ pod, port }: Call, evidence: Evidence): Proof[] => {
  const listeners = evidence.seenOf('listeners', refOf(pod))
  return listeners === undefined || answerOf(listeners.value, port, 'plaintext') !== 'refused'
    ? []
    : [proof(listeners, `the sidecar of ${pod.metadata.name} has no filter chain for plain text at port ${port}`)]
}

/** True when a DestinationRule tells the caller's sidecar to speak plain text: that is a conflict of modes, and no caller's fault. */
function isTold(caller: Pod, { port }: Call, target: Target, evidence: Evidence): boolean {
  const services = evidence
    .objects('services')
    .filter(({ metadata }) =>
      target.services.some(({ name, namespace }) => metadata.name === name && metadata.namespace === namespace),
    )
  const outer = services.flatMap(({ spec }) =>
    (spec?.ports ?? [])
      .filter(({ targetPort, port: own }) => typeof targetPort === 'string' || (targetPort ?? own) === port)
      .map((one) => one.port),
  )
  return target.hosts.some((host) =>
    rulesForCaller(
      evidence.objects('destination-rules'),
      host,
      caller.metadata.namespace ?? '',
      rootNamespaceOf(evidence),
    ).some((rule) =>
      outer.some((one) =>
        ['', ...(rule.spec?.subsets ?? []).map(({ name }) => name)].some(
          (subset) => clientTls(rule, one, subset)?.mode === 'DISABLE',
        ),
      ),
    ),
  )
}
