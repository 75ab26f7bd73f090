import { madeFrom } from '../../checks/facts/made-from.ts'
import { parseClusterName } from '../../mesh/envoy.ts'
import type { Listener, RouteConfiguration } from '../../mesh/envoy.ts'
import { refOf } from '../../mesh/objects.ts'
import type { Ref } from '../../mesh/ref.ts'
import { sameRef } from '../../mesh/ref.ts'
import { walkInbound } from '../../mesh/walk/inbound.ts'
import type { ProxyConfiguration } from '../../mesh/walk/outbound.ts'
import { unreachableFrom, walkOutbound } from '../../mesh/walk/outbound.ts'
import type { Rbac } from '../../mesh/walk/rbac.ts'
import { authorizationPolicyOf } from '../../mesh/walk/rbac.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { calleesOf, connectionTo } from '../follow/callee.ts'
import { proxyOf, requestTo, type Trace } from '../follow/trace.ts'
import type { Way } from '../requests/followed.ts'

const ANYBODY = { permissions: [{ any: true }], principals: [{ any: true }] }

/** RBAC rules as they would be without a policy: when nothing else allows, nothing is refused. */
function withoutPolicy(rules: Rbac, { namespace, name }: Ref): Rbac {
  const all = Object.entries(rules.policies ?? {})
  const rest = all.filter(([policy]) => {
    const made = authorizationPolicyOf(policy)
    return made === undefined || made.namespace !== namespace || made.name !== name
  })
  if (rest.length === all.length) return rules
  const isOpen = rest.length === 0 && (rules.action ?? 'ALLOW') === 'ALLOW'
  return { ...rules, policies: isOpen ? { anybody: ANYBODY } : Object.fromEntries(rest) }
}

/** Listeners without what a policy put there. */
const strippedOfPolicy = (listeners: readonly Listener[], policy: Ref): Listener[] =>
  JSON.parse(JSON.stringify(listeners), (key, value: unknown) =>
    key === 'rules' && typeof value === 'object' && value !== null && 'policies' in value
      ? withoutPolicy(value as Rbac, policy)
      : value,
  ) as Listener[]

/** Route configurations whose routes of an object inject no faults. */
const withoutFaults = (routes: readonly RouteConfiguration[], subject: Ref, evidence: Evidence): RouteConfiguration[] =>
  routes.map((configuration) => ({
    ...configuration,
    virtualHosts: (configuration.virtualHosts ?? []).map((host) => ({
      ...host,
      routes: (host.routes ?? []).map((route) => {
        const maker = madeFrom(route, evidence)
        if (maker === undefined || !sameRef(maker, subject)) return route
        const { 'envoy.filters.http.fault': _, ...rest } = route.typedPerFilterConfig ?? {}
        return { ...route, typedPerFilterConfig: rest }
      }),
    })),
  }))

/** True when a request comes through its caller's proxy, had it this configuration, to a cluster that takes it. */
function comesThrough(proxy: ProxyConfiguration, { sent }: Trace): boolean {
  const { reached, route, chain } = walkOutbound(proxy, sent.connection, sent.request)
  const answers = [...(chain?.answers ?? []), ...(route?.branches ?? []).flatMap((one) => one.answers)]
  const isUnreachable = unreachableFrom(proxy)
  return (
    reached.length > 0 &&
    answers.every(({ passes }) => passes === 'yes') &&
    !reached.some(({ name }) => isUnreachable(name))
  )
}

function withoutPolicyAnywhere(policy: Ref, { failing, trace }: Way, evidence: Evidence): boolean {
  const callees = calleesOf(trace)
  return failing.every(({ stage, name }) => {
    if (stage === 'listener')
      return comesThrough({ ...trace.proxy, listeners: strippedOfPolicy(trace.proxy.listeners ?? [], policy) }, trace)
    const callee = callees.find(({ pod }) => pod.metadata.name === name)
    if (stage !== 'inbound' || callee === undefined) return false
    const proxy = proxyOf(refOf(callee.pod), evidence)
    const { connection } = connectionTo(callee, trace)
    const walk = walkInbound(
      { ...proxy, listeners: strippedOfPolicy(proxy.listeners ?? [], policy) },
      connection,
      requestTo(callee.cluster, trace).request,
    )
    return walk.ends === undefined && walk.answers.every(({ passes }) => passes === 'yes')
  })
}

/** True when each missing cluster has a sister of the same host and port that would take the requests. */
function withSisterCluster({ failing, trace }: Way): boolean {
  const isUnreachable = unreachableFrom(trace.proxy)
  return failing.every(({ stage, name }) => {
    const wanted = parseClusterName(name)
    return (
      stage === 'cluster' &&
      (trace.proxy.clusters ?? []).some((cluster) => {
        const other = parseClusterName(cluster.name ?? '')
        return (
          other?.direction === 'outbound' &&
          other.host === wanted?.host &&
          other.port === wanted.port &&
          cluster.name !== name &&
          !isUnreachable(cluster.name ?? '')
        )
      })
    )
  })
}

/**
 * Whether the same walk arrives on the configuration read with an object taken away, or corrected to what is there; undefined where live configuration does not
 * hold what the object makes.
 */
export function arrivesWithout(subject: Ref, way: Way, evidence: Evidence): boolean | undefined {
  const [hop] = way.failing
  if (hop === undefined) return undefined
  if (subject.kind === 'AuthorizationPolicy') return withoutPolicyAnywhere(subject, way, evidence)
  if (subject.kind === 'VirtualService' && hop.stage === 'route') {
    const { proxy, walk } = way.trace
    const hasFault = (walk.route?.branches ?? []).some(({ answers }) =>
      answers.some(({ kind, passes }) => kind === 'fault' && passes !== 'yes'),
    )
    return hasFault
      ? comesThrough({ ...proxy, routes: withoutFaults(proxy.routes ?? [], subject, way.trace.evidence) }, way.trace)
      : undefined
  }
  const isSubset = hop.stage === 'cluster' && (parseClusterName(hop.name)?.subset ?? '') !== ''
  return isSubset && ['VirtualService', 'DestinationRule'].includes(subject.kind) ? withSisterCluster(way) : undefined
}
