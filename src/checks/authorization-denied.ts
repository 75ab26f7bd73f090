import { rootNamespaceOf } from './facts/root-namespace-of.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { portOf } from '../mesh/address.ts'
import type { Miss, NearRule, RequestFacts } from '../mesh/authorization.ts'
import { actsOn, nearestRule } from '../mesh/authorization.ts'
import type { AuthorizationPolicy, Pod } from '../mesh/objects.ts'
import { refOf } from '../mesh/objects.ts'
import { hasProxy } from '../mesh/pods.ts'
import type { Ref } from '../mesh/ref.ts'
import { formatRef } from '../mesh/ref.ts'
import type { Target } from '../mesh/target.ts'
import { trustDomainOf } from './facts/trust-domain-of.ts'
import type { Args, Found, Proof } from './check.ts'
import { defineCheck, proof, standingOf } from './check.ts'
import { byOwner, ownerOf, podsOf } from './facts/owners.ts'
import { isRewritten } from './facts/path-at-target.ts'
import { rbacPolicies } from './facts/rbac-filters.ts'
import type { Group, Logged, Request } from './facts/requests-to.ts'
import {
  groupBy,
  isGrave,
  isJudgedByOldPolicy,
  latest,
  nearest,
  podAt,
  requestsTo,
  scopeOf,
} from './facts/requests-to.ts'
import { lastPolicyChange, quoteLine, ROUTING_KINDS, trafficCountsFrom } from './facts/traffic-of.ts'
import { defined } from '../mesh/defined.ts'
import { readingFor } from './facts/readings.ts'

/** Requests to the target are answered 403 by an AuthorizationPolicy: which one, which of its rules, and which rule would have let them through but for what. */
export const authorizationDenied = defineCheck({
  name: 'authorization-denied',
  about: 'no AuthorizationPolicy denies requests to the target',
  needs: ['access-log', 'pods', ...ROUTING_KINDS],
  confirms: ['listeners', 'routes', 'replica-sets', 'mesh-config'],
  problems: {
    MESH0503: {
      severity: 'error',
      counts: 'refusals',
      title: 'denied by authorization policy',
      explains: ['MESH0401', 'MESH0404'],
      says: '{denied} of {requests} requests to {host} were denied (403) by {subject}: {why}',
      remedy: 'If {caller} may send {request}, change {rule} of {subject} so that it gets through.',
    },
    MESH0508: {
      severity: 'warning',
      title: 'a few requests denied',
      says: '{denied} of {requests} requests to {host} were denied (403) by {subject}: {why}',
      remedy: 'If {caller} may send {request}, change {rule} of {subject} so that it gets through.',
    },
    MESH0509: {
      severity: 'error',
      counts: 'refusals',
      title: 'policies allow nobody',
      explains: ['MESH0401', 'MESH0404', 'MESH0503'],
      says: '{subject} is an ALLOW policy without rules, and no other policy allows anything: every request to {pods} is denied (403)',
      remedy:
        'Add a rule to {subject} for each caller that may get through, or add an AuthorizationPolicy that has them.',
    },
  },
  run(evidence, target) {
    const moment = trafficCountsFrom(evidence, target)
    if (moment === undefined) return []
    const changed = lastPolicyChange(evidence, target)
    const requests = requestsTo(target, moment, evidence).filter((request) => !isJudgedByOldPolicy(request, changed))
    const denied = requests.filter((request) => matchedPolicy(nearest(request)) !== undefined)
    const grave = isGrave(denied, requests)
    const closed = allowingNobody(denied, evidence, target)
    const explained = namesOf(closed.flatMap(({ pods }) => pods))
    const rest = denied.filter((request) => !isLogOf(nearest(request), explained))
    const named = groupBy(
      rest,
      (request) => `${matchedPolicy(nearest(request)) ?? ''} ${callerName(request, evidence)}`,
    )
    return [
      ...closed.map(({ found }) => found),
      ...named.flatMap((group) => found(group, requests.length, grave, evidence, target)),
    ]
  },
})

/** What the RBAC filter notes: the rule that denied, or `none` when policies allow and none of their rules took the request. */
const DENIED = /^rbac_access_denied_matched_policy\[(.*)\]$/
const RULE = /^ns\[([^\]]+)\]-policy\[([^\]]+)\]-rule\[(\d+)\]$/
const matchedPolicy = ({ entry }: Logged): string | undefined => DENIED.exec(entry.details ?? '')?.[1]
const namesOf = (pods: readonly Pod[]): ReadonlySet<string> => new Set(pods.map((pod) => formatRef(refOf(pod))))
const isLogOf = ({ log }: Logged, pods: ReadonlySet<string>): boolean =>
  log.of !== undefined && pods.has(formatRef(log.of))

/** The pod that a request came from: the proxy that passed it on or, in the last proxy's own log, whoever has the address. */
function callerOf(request: Request, evidence: Evidence): Pod | undefined {
  const { of } = request.log
  if (request.inner !== undefined && request.inner.log !== request.log && of !== undefined)
    return evidence.object('pods', of.namespace ?? '', of.name)
  return podAt(nearest(request).entry.downstreamRemote, evidence)
}

function callerName(request: Request, evidence: Evidence): string {
  const caller = callerOf(request, evidence)
  return caller === undefined
    ? `a client at ${nearest(request).entry.downstreamRemote?.replace(/:\d+$/, '') ?? 'an unknown address'}`
    : formatRef(ownerOf(caller, evidence))
}

/** The identity that a caller's sidecar shows: none in plain text, and not known when nobody knows who called. */
function principalOf(request: Request, evidence: Evidence): string | null | undefined {
  const { entry } = nearest(request)
  const caller = callerOf(request, evidence)
  if (entry.serverName === undefined && request.inner !== undefined) return null
  if (caller === undefined || !hasProxy(caller)) return undefined
  return `${trustDomainOf(evidence)}/ns/${caller.metadata.namespace ?? ''}/sa/${caller.spec?.serviceAccountName ?? 'default'}`
}

function factsOf(request: Request, evidence: Evidence, target: Target): RequestFacts {
  const { method, path, authority, downstreamLocal } = nearest(request).entry
  const port = portOf(downstreamLocal)
  const principal = principalOf(request, evidence)
  const isKnown = path !== undefined && !isRewritten(evidence, target)(path)
  return { ...defined({ method, host: authority, port, principal, path: isKnown ? path : undefined }) }
}

const allowing = (pod: Pod, evidence: Evidence): AuthorizationPolicy[] =>
  evidence
    .objects('authorization-policies')
    .filter((policy) => (policy.spec?.action ?? 'ALLOW') === 'ALLOW' && actsOn(policy, pod, rootNamespaceOf(evidence)))

/** Pods on which policies allow, and none of them has a rule: no traffic is needed to know what becomes of any request. */
function allowingNobody(
  denied: readonly Request[],
  evidence: Evidence,
  target: Target,
): { found: Found; pods: Pod[] }[] {
  const closed = podsOf(target, evidence).flatMap((pod) => {
    const policies = hasProxy(pod) ? allowing(pod, evidence) : []
    const [policy] = policies.every(({ spec }) => (spec?.rules ?? []).length === 0) ? policies : []
    return policy === undefined ? [] : [{ pod, policy }]
  })
  return [...Map.groupBy(closed, ({ policy }) => policy)].map(([policy, group]) => {
    const pods = group.map(({ pod }) => pod)
    const subject = refOf(policy)
    const live = pods.flatMap((pod) => {
      const listeners = evidence.seenOf('listeners', refOf(pod))
      return listeners !== undefined && rbacPolicies(listeners.value, 'ALLOW')?.length === 0
        ? [proof(listeners, `the RBAC filter of ${pod.metadata.name} allows nothing`)]
        : []
    })
    const names = namesOf(pods)
    const last = denied.findLast((request) => isLogOf(nearest(request), names))
    const seen =
      live.length === 0 || last === undefined
        ? []
        : [proof(nearest(last).log, 'a request was denied, and no policy allowed it', quoteLine(nearest(last).entry))]
    return {
      pods,
      found: {
        code: 'MESH0509',
        standing: standingOf({ live, observed: seen }),
        subject,
        args: { pods: byOwner(pods, evidence).map(({ owner }) => formatRef(owner)) },
        because: [
          policyProof(
            `${formatRef(subject)} acts on ${pods.map(({ metadata }) => metadata.name).join(', ')} and has no rules`,
            evidence,
          ),
          ...live,
          ...seen,
        ],
        scope: target.hosts,
      },
    }
  })
}

const policyProof = (says: string, evidence: Evidence): Proof =>
  proof(readingFor('authorization-policies', evidence), says)

/** What denied a group of requests, as a sentence's end, and what would let them through. */
interface Denial {
  subject: Ref
  why: string
  /** `rule 1`: what to change. */
  rule: string
  says: string
}

function found(group: Group, requests: number, grave: boolean, evidence: Evidence, target: Target): Found[] {
  const last = latest(group)
  const end = nearest(last)
  const pod =
    end.log.of === undefined ? undefined : evidence.object('pods', end.log.of.namespace ?? '', end.log.of.name)
  const denial = pod === undefined ? undefined : denialOf(matchedPolicy(end) ?? '', last, pod, evidence, target)
  if (denial === undefined) return []
  const { method = '', path = '', authority = '' } = end.entry
  const args: Args = {
    denied: group.length,
    requests,
    host: target.hosts[0] ?? authority,
    caller: callerName(last, evidence),
    request: `${method} ${path}`.slice(0, 200),
    why: denial.why,
    rule: denial.rule,
  }
  return [
    {
      code: grave ? 'MESH0503' : 'MESH0508',
      standing: 'observed',
      subject: denial.subject,
      args,
      because: [
        proof(
          end.log,
          `${group.length} requests from ${callerName(last, evidence)} were denied since the last change, as ${end.log.of?.name ?? 'the proxy'} logged`,
          quoteLine(end.entry),
        ),
        policyProof(denial.says, evidence),
        ...inFilter(matchedPolicy(end) ?? '', pod, evidence),
      ],
      scope: scopeOf(group, target),
    },
  ]
}

/** The same rule in the proxy's own RBAC filter; for `none`, the rules that it has and the request met none of. */
function inFilter(matched: string, pod: Pod | undefined, evidence: Evidence): Proof[] {
  const listeners = pod === undefined ? undefined : evidence.seenOf('listeners', refOf(pod))
  if (listeners === undefined || pod === undefined) return []
  const names = rbacPolicies(listeners.value, matched === 'none' ? 'ALLOW' : 'DENY') ?? []
  if (matched === 'none')
    return names.length === 0
      ? []
      : [
          proof(
            listeners,
            `the RBAC filter of ${pod.metadata.name} allows by these rules only`,
            names.slice(0, 20).join('\n'),
          ),
        ]
  return names.includes(matched)
    ? [proof(listeners, `the RBAC filter of ${pod.metadata.name} denies by ${matched}`)]
    : []
}

function denialOf(matched: string, request: Request, pod: Pod, evidence: Evidence, target: Target): Denial | undefined {
  const [, namespace, name, rule] = RULE.exec(matched) ?? []
  if (namespace !== undefined && name !== undefined) {
    const policy = evidence.object('authorization-policies', namespace, name)
    // A rule that is gone has denied what it denied; there is nothing left to change.
    if (policy?.spec?.rules?.[Number(rule)] === undefined) return undefined
    const subject = refOf(policy)
    const nth = Number(rule) + 1
    return {
      subject,
      why: `its rule ${nth} denies it`,
      rule: `rule ${nth}`,
      says: `rule ${nth} of ${formatRef(subject)} denies by ${matched}`,
    }
  }
  // A name that Istio made, for a policy whose provider nobody defines: no rule that allows was asked.
  if (matched !== 'none') return undefined
  const policies = allowing(pod, evidence)
  const near = nearestRule(policies, factsOf(request, evidence, target))
  const [first] = policies
  if (first === undefined) return undefined
  if (near === undefined)
    return {
      subject: refOf(first),
      why: 'it is an ALLOW policy without rules',
      rule: 'the rules',
      says: `${formatRef(refOf(first))} has no rules`,
    }
  return byNoRule(near, policies)
}

function byNoRule({ policy, rule, misses }: NearRule, policies: readonly AuthorizationPolicy[]): Denial {
  const rules = policies.reduce((sum, { spec }) => sum + (spec?.rules ?? []).length, 0)
  const but = misses.length === 0 ? 'the proxy may not have had it yet' : shown(misses)
  return {
    subject: refOf(policy),
    why: `none of the ${rules} ALLOW rules matches it; the closest is its rule ${rule + 1}, but ${but}`,
    rule: `rule ${rule + 1}`,
    says: `rule ${rule + 1} of ${formatRef(refOf(policy))}: ${but}`,
  }
}

/** What is certain first; what is not known only when nothing is. */
function shown(misses: readonly Miss[]): string {
  const sure = misses.filter((miss) => miss.sure)
  return (sure.length > 0 ? sure : misses)
    .map(({ says }) => says)
    .join('; ')
    .slice(0, 400)
}
