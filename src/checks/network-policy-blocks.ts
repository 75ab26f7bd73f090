import type { Evidence } from '../evidence/evidence.ts'
import type { Seen } from '../evidence/reading.ts'
import type { AccessLogLine } from '../mesh/access-log.ts'
import { since } from '../mesh/access-log.ts'
import { ipOf, portOf } from '../mesh/address.ts'
import { dataPlaneOf } from '../mesh/data-plane.ts'
import type { NetworkPolicy, Pod } from '../mesh/objects.ts'
import { latestChange, refOf } from '../mesh/objects.ts'
import { hasEnded } from '../mesh/pods.ts'
import { formatRef } from '../mesh/ref.ts'
import type { Target } from '../mesh/target.ts'
import type { Found, Proof } from './check.ts'
import { defineCheck, proof, standingOf } from './check.ts'
import { concerned } from './facts/ambient.ts'
import { once } from './facts/fact.ts'
import type { KeptOut } from './facts/network-policies.ts'
import type { ClosedPort } from './facts/mesh-ports.ts'
import { closedPorts } from './facts/mesh-ports.ts'
import { HBONE_PORT, keptOut, portsBetween } from './facts/network-policies.ts'
import { podScope, podsOf } from './facts/owners.ts'
import { gatewayPods } from './facts/proxies-of.ts'
import { readingFor } from './facts/readings.ts'
import { podAt } from './facts/requests-to.ts'
import { quoteLine } from './facts/traffic-of.ts'

/** A NetworkPolicy keeps callers from the ports on which the mesh speaks to the target: packets are dropped, and connections time out. */
export const networkPolicyBlocks = defineCheck({
  name: 'network-policy-blocks',
  about: 'no NetworkPolicy keeps callers from the ports on which the mesh reaches the target',
  needs: ['network-policies', 'pods', 'namespaces', 'services'],
  confirms: ['access-log', 'ztunnel-log', 'virtual-services', 'gateways'],
  problems: {
    MESH0411: {
      severity: 'error',
      title: 'NetworkPolicy keeps callers out',
      explains: ['MESH0401', 'MESH0402', 'MESH0403', 'MESH0404', 'MESH0452'],
      says: '{subject} does not let {callers} connect to port {port} of {pods}: packets are dropped and connections time out',
      remedy: 'Make {subject} allow port {port} between these pods.',
    },
    MESH0412: {
      severity: 'error',
      title: 'NetworkPolicy blocks the HBONE port',
      explains: ['MESH0401', 'MESH0402', 'MESH0403', 'MESH0404', 'MESH0452'],
      says: "{subject} does not allow port {port}, on which ambient mode's tunnels arrive, from {callers} to {pods}: connections time out after 10 seconds, whatever other ports it allows",
      remedy: 'Make {subject} allow TCP port {port} as well.',
    },
    MESH0414: {
      severity: 'warning',
      title: 'NetworkPolicy closes a port proxies need',
      says: '{subject} blocks all traffic from {pods} to {ports}: {without}',
      remedy: 'Make {subject} allow {ports}.',
    },
    MESH0415: {
      severity: 'warning',
      title: "NetworkPolicy closes a gateway's health port",
      says: '{subject} blocks all traffic to {ports} of {pods}: {without}',
      remedy: 'Make {subject} allow {ports}.',
    },
  },
  run(evidence, target) {
    if (evidence.objects('network-policies').length === 0) return []
    const blocked = pairsOf(target, evidence).flatMap(([caller, callee]) =>
      portsBetween(caller, callee, target, evidence).flatMap((port) => keptOut(caller, callee, port, evidence) ?? []),
    )
    const groups = Map.groupBy(blocked, ({ policies, port }) => `${formatRef(refOf(policies[0]))} ${port}`)
    const closed = closedPorts([...podsOf(target, evidence), ...gatewayPods(evidence, target)].filter(runs), evidence)
    const byPolicy = Map.groupBy(
      closed,
      ({ policies, isNeeded }) => `${formatRef(refOf(policies[0]))} ${String(isNeeded)}`,
    )
    return [
      ...[...groups.values()].flatMap((group) => found(group, target, evidence)),
      ...[...byPolicy.values()].flatMap((group) => foundClosed(group, target, evidence)),
    ]
  },
})

const runs = (pod: Pod): boolean => !hasEnded(pod) && pod.metadata.deletionTimestamp === undefined

/** Who calls whom, as far as is known: gateways, and those whom logs show to call, with each pod of the target. */
function pairsOf(target: Target, evidence: Evidence): [caller: Pod, callee: Pod][] {
  const callees = podsOf(target, evidence).filter(runs)
  const own = new Set(callees)
  const callers = new Set(
    [...gatewayPods(evidence, target), ...concerned(evidence, target), ...loggedCallers(target, evidence)].filter(
      (pod) => runs(pod) && !own.has(pod),
    ),
  )
  return [...callers].flatMap((caller) => callees.map((callee): [Pod, Pod] => [caller, callee]))
}

/** The pods in whose own log requests to the target's pods stand. */
function loggedCallers(target: Target, evidence: Evidence): Pod[] {
  const own = new Set(podsOf(target, evidence))
  return evidence.seen('access-log').flatMap(({ of, value }) => {
    const pod = of === undefined ? undefined : evidence.object('pods', of.namespace ?? '', of.name)
    return pod !== undefined && value.lines.some(({ upstreamHost }) => own.has(podAt(upstreamHost, evidence) ?? pod))
      ? [pod]
      : []
  })
}

function found(group: readonly KeptOut[], target: Target, evidence: Evidence): Found[] {
  const [first] = group
  if (first === undefined) return []
  const [policy] = first.policies
  // What was let through since shows that the cluster does not enforce it, or that what is allowed elsewhere was not seen.
  if (group.some((one) => wasAnswered(one, evidence))) return []
  const observed = group.flatMap((one) => timedOut(one, evidence)).slice(0, 2)
  const names = (pods: readonly Pod[]): string[] => [...new Set(pods.map(({ metadata }) => metadata.name))].sort()
  return [
    {
      code: first.port === HBONE_PORT ? 'MESH0412' : 'MESH0411',
      standing: standingOf({ live: [], observed }),
      subject: refOf(policy),
      args: {
        port: first.port,
        callers: names(group.map(({ caller }) => caller)),
        pods: names(group.map(({ callee }) => callee)),
      },
      because: [policyProof(first, evidence), ...observed],
      scope: [...target.hosts, ...group.map(({ callee }) => podScope(callee))],
    },
  ]
}

function foundClosed(group: readonly ClosedPort[], target: Target, evidence: Evidence): Found[] {
  const [first] = group
  if (first === undefined) return []
  const {
    policies: [policy],
    direction,
    isNeeded,
  } = first
  const ports = [...new Set(group.map(({ port, protocol }) => `${protocol} ${port}`))]
  const pods = [...new Set(group.map(({ pod }) => pod.metadata.name))].sort()
  return [
    {
      code: isNeeded ? 'MESH0414' : 'MESH0415',
      standing: 'configured',
      subject: refOf(policy),
      args: { ports, pods, without: [...new Set(group.map(({ without }) => without))].join('; ') },
      because: [
        proof(
          readingFor('network-policies', evidence),
          `${names(first.policies)} restrict${first.policies.length === 1 ? 's' : ''} ${direction === 'Ingress' ? 'what may reach' : 'what may be reached from'} ${pods.join(', ')}, and no rule is for ${ports.join(', ')}`,
          JSON.stringify({ podSelector: policy.spec?.podSelector, ...rules(policy, direction) }),
        ),
      ],
      scope: [...target.hosts, ...group.map(({ pod }) => podScope(pod))],
    },
  ]
}

function policyProof({ direction, policies, port, caller, callee }: KeptOut, evidence: Evidence): Proof {
  const way =
    direction === 'Ingress'
      ? `what may reach ${callee.metadata.name}, and no rule lets ${caller.metadata.name} in`
      : `what ${caller.metadata.name} may reach, and no rule lets it reach ${callee.metadata.name}`
  return proof(
    readingFor('network-policies', evidence),
    `${names(policies)} restrict${policies.length === 1 ? 's' : ''} ${way} on TCP port ${port}`,
    JSON.stringify({ podSelector: policies[0].spec?.podSelector, ...rules(policies[0], direction) }),
  )
}
const names = (policies: readonly NetworkPolicy[]): string =>
  policies.map(({ metadata }) => `NetworkPolicy ${metadata.namespace ?? ''}/${metadata.name}`).join(', ')
const rules = ({ spec }: NetworkPolicy, direction: KeptOut['direction']): object =>
  direction === 'Ingress' ? { ingress: spec?.ingress ?? [] } : { egress: spec?.egress ?? [] }

/** The lines of a log by the address that the proxy connected to: a target may have a thousand pods, and each is asked for. */
const byPeer = once((lines: readonly AccessLogLine[]) => Map.groupBy(lines, ({ upstreamHost }) => ipOf(upstreamHost)))

/** The lines of the caller's proxy about connections to that port of the pod, since a policy concerned changed. */
const linesOf = (
  { caller, callee, port, policies }: KeptOut,
  evidence: Evidence,
): { log: Seen<'access-log'> | undefined; lines: AccessLogLine[] } => {
  const log = evidence.seenOf('access-log', refOf(caller))
  const ofPod = (log === undefined ? undefined : byPeer(log.value.lines).get(callee.status?.podIP)) ?? []
  const lines = since(ofPod, latestChange(policies)).filter(
    ({ upstreamHost }) => port === HBONE_PORT || portOf(upstreamHost) === port,
  )
  return { log, lines }
}

/** The words of both that log a connection which nobody answered. */
const TIMED_OUT = /connection_timeout|connect_timeout|connection timeout|timed out/i

const wasAnswered = (one: KeptOut, evidence: Evidence): boolean =>
  linesOf(one, evidence).lines.some(({ flags, code }) => code > 0 && flags.length === 0)

/** Milliseconds without a connection after which a caller that hung up did so for want of one. */
const PATIENCE = 1000

/** True for a request whose connection nobody answered: the proxy gave up on it, or the caller did while it waited. */
const isSilent = ({ flags, failure, details, upstreamLocal, duration = 0 }: AccessLogLine): boolean =>
  (flags.includes('UF') && TIMED_OUT.test(`${failure ?? ''} ${details ?? ''}`)) ||
  (flags.includes('DC') && upstreamLocal === undefined && duration >= PATIENCE)

function timedOut(one: KeptOut, evidence: Evidence): Proof[] {
  const { log, lines } = linesOf(one, evidence)
  const silent = lines.filter(isSilent)
  const last = silent.at(-1)
  const byLog =
    log === undefined || last === undefined
      ? []
      : [
          proof(
            log,
            `${one.caller.metadata.name} got no answer from ${one.callee.metadata.name} to ${silent.length} of ${lines.length} attempts to connect`,
            quoteLine(last),
          ),
        ]
  return dataPlaneOf(one.callee) === 'ztunnel' ? [...byLog, ...blockedTunnels(one, evidence)] : byLog
}

function blockedTunnels({ caller, callee, policies }: KeptOut, evidence: Evidence): Proof[] {
  return evidence.seen('ztunnel-log').flatMap((reading) => {
    const failed = reading.value.connections.filter(
      ({ at, source, destination, error = '' }) =>
        Date.parse(at) > latestChange(policies) &&
        TIMED_OUT.test(error) &&
        source.workload === caller.metadata.name &&
        (ipOf(destination.address) === callee.status?.podIP || destination.workload === callee.metadata.name),
    )
    const last = failed.at(-1)
    return last === undefined
      ? []
      : [
          proof(
            reading,
            `ztunnel could not connect ${caller.metadata.name} to ${callee.metadata.name} ${failed.length} times`,
            last.error,
          ),
        ]
  })
}
