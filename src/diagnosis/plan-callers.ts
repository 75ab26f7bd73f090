import { logReadersOf } from '../checks/facts/log-readers-of.ts'
import { callersTurnedAway } from '../checks/facts/connections-refused.ts'
import { podsOf } from '../checks/facts/owners.ts'
import { trafficCountsFrom } from '../checks/facts/traffic-of.ts'
import { accessLog } from '../evidence/collectors/access-log.ts'
import { objects } from '../evidence/collectors/objects.ts'
import { PROXY_CONFIG_KINDS, proxyConfig } from '../evidence/collectors/proxy-config.ts'
import { secrets } from '../evidence/collectors/secrets.ts'
import { trafficCallers } from '../evidence/collectors/traffic-callers.ts'
import type { Evidence } from '../evidence/evidence.ts'
import type { AnyStep } from '../evidence/step.ts'
import { ipOf } from '../mesh/address.ts'
import { isZtunnel } from '../mesh/data-plane.ts'
import { serviceHost } from '../mesh/host.ts'
import type { Pod } from '../mesh/objects.ts'
import { refOf } from '../mesh/objects.ts'
import { sameRef, uniqueRefs } from '../mesh/ref.ts'
import type { Target } from '../mesh/target.ts'
import { representatives } from './plan.ts'
import { isCounted, possibleCallers } from './possible-callers.ts'
import { isGatewayPod } from '../checks/facts/gateway-pod.ts'
import { seenClasses } from './requests/classes.ts'
import { podsAt, unknownCallers } from './requests/gone-caller.ts'
import { MOST_SINGLED_OUT, singledOut } from './requests/singled-out.ts'

/** Namespaces with possible callers, their logs, and the proxies of those that call, at most. */
const MOST_CALLER_NAMESPACES = 8
const MOST_CALLER_LOGS = 12
const MOST_CALLER_PROXIES = 6
/** Callers that are looked up by address, at most. */
const MOST_CALLERS = 3

const podsIn = (scope: Parameters<typeof objects>[2]): AnyStep => objects('pods', 'workloads', scope)

/** Who calls the target by what Prometheus counted; nothing where none is configured. */
export function planTrafficCallers(target: Target, evidence: Evidence, withPrometheus: boolean): AnyStep[] {
  return withPrometheus
    ? target.services.map(
        ({ name, namespace = '' }) => trafficCallers(serviceHost(name, namespace, evidence.clusterDomain)) as AnyStep,
      )
    : []
}

/** The pods of the namespaces in which others of the mesh run. */
export function planCallerPods(target: Target, evidence: Evidence): AnyStep[] {
  const namespaces = [...new Set(possibleCallers(target, evidence).map(({ namespace }) => namespace))]
  return namespaces.slice(0, MOST_CALLER_NAMESPACES).map((namespace) => podsIn({ namespace }))
}

/** One pod of each workload that Prometheus has as a caller. */
const countedPods = (target: Target, evidence: Evidence): Pod[] =>
  representatives(
    possibleCallers(target, evidence).flatMap((one) =>
      isCounted(one, evidence) ? (evidence.object('pods', one.namespace, one.name) ?? []) : [],
    ),
    MOST_CALLER_LOGS,
  )

/** The logs of possible callers, those that Prometheus names first, one of each workload, those of the likeliest namespaces first. */
export function planCallerLogs(target: Target, evidence: Evidence): AnyStep[] {
  const pods = possibleCallers(target, evidence)
    .flatMap(({ name, namespace }) => evidence.object('pods', namespace, name) ?? [])
    .filter((pod) => !isGatewayPod(pod, evidence) && !isZtunnel(pod))
  const others = [...Map.groupBy(pods, ({ metadata }) => metadata.namespace).values()].flatMap((each) =>
    representatives(each, MOST_CALLER_LOGS),
  )
  return [...new Set([...countedPods(target, evidence), ...others])]
    .slice(0, MOST_CALLER_LOGS)
    .map((pod) => accessLog(refOf(pod), logReadersOf(evidence)) as AnyStep)
}

/** The configuration of the proxies, gateways and callers alike, in whose logs requests for the target stand; and of callers that objects treat on their own. */
export function planCallerProxies(target: Target, evidence: Evidence): AnyStep[] {
  const { classes } = seenClasses(target, evidence)
  const callers = uniqueRefs([
    ...classes.flatMap(({ caller }) => (caller === undefined ? [] : [caller.pod])),
    ...countedPods(target, evidence).map(refOf),
  ])
  const unseen = singledOut(evidence, target)
    .map(refOf)
    .filter((ref) => !callers.some((one) => sameRef(one, ref)))
  return [...callers.slice(0, MOST_CALLER_PROXIES), ...unseen.slice(0, MOST_SINGLED_OUT)].flatMap((pod) => [
    ...PROXY_CONFIG_KINDS.map((kind) => proxyConfig(kind, pod) as AnyStep),
    secrets(pod),
  ])
}

/** Those that the target's own sidecars turned away, looked up by address; nobody when they turned none away. */
export function planCallers(target: Target, evidence: Evidence): AnyStep[] {
  const moment = trafficCountsFrom(evidence, target) ?? Infinity
  const known = new Set(evidence.objects('pods').flatMap(({ status }) => status?.podIP ?? []))
  const addresses = callersTurnedAway(podsOf(target, evidence), moment, evidence).flatMap(
    (address) => ipOf(address) ?? [],
  )
  return [...new Set(addresses)]
    .filter((ip) => !known.has(ip))
    .slice(-MOST_CALLERS)
    .map((ip) => podsIn(podsAt(ip)))
}

/** Those that asked the target and are none of the pods that were read: whether they are there still decides what is known of their requests. */
export const planUnknownCallers = (target: Target, evidence: Evidence): AnyStep[] =>
  [...new Set(unknownCallers(evidence, target).map(({ address }) => address))]
    .slice(0, MOST_CALLERS)
    .map((ip) => podsIn(podsAt(ip)))
