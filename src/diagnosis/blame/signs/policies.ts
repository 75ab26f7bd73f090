import { rootNamespaceOf } from '../../../checks/facts/root-namespace-of.ts'
import type { AccessLogLine } from '../../../mesh/access-log.ts'
import { actsOn } from '../../../mesh/authorization.ts'
import { refOf } from '../../../mesh/objects.ts'
import type { Ref } from '../../../mesh/ref.ts'
import type { Case, Lead } from '../lead.ts'
import { latest, podAt } from '../../../checks/facts/requests-to.ts'
import { hasProxy } from '../../../mesh/pods.ts'
import { hiddenFrom } from '../hidden.ts'
import { portOf } from '../../../mesh/address.ts'
import { emptied } from '../emptied.ts'
import { identityTaken } from '../identity.ts'
import { noRuleAllows } from '../no-rule-allows.ts'
import { routeBeforePolicies } from '../policy-or-route.ts'
import { value } from '../lead.ts'
import { addingFilters } from '../../follow/envoy-filters.ts'
import { notForwarded, tokensUnread } from '../token.ts'
import { lead, reasonOf, times, type Sign } from './sign.ts'

/** `ns[shop]-policy[orders]-rule[0]` in the details of a refusal, whatever stands around it. */
function policyNamed(entry: AccessLogLine): Ref | undefined {
  const [, namespace, name] = /ns\[([^\]]+)\]-policy\[([^\]]+)\]/.exec(reasonOf(entry)) ?? []
  return namespace === undefined || name === undefined ? undefined : { kind: 'AuthorizationPolicy', namespace, name }
}

/** A policy refused the request. */
export function refused(sign: Sign, one: Case): Lead[] {
  const { evidence } = one
  const { entry, at } = sign
  const details = reasonOf(entry)
  if (!/rbac|RBAC|ext_authz|deny-all/.test(details) && !(entry.code === 403 && entry.details !== 'via_upstream'))
    return []
  const named = policyNamed(entry)
  const bad = /deny-due-to-bad-CUSTOM-action/i.test(details)
  const isCustom = bad || /ext_authz|default-deny-all/.test(details)
  const policies =
    at === undefined
      ? []
      : evidence.objects('authorization-policies').filter((policy) => actsOn(policy, at, rootNamespaceOf(evidence)))
  const kept = notForwarded(policies, one)
  if (kept.length > 0) return kept
  const port = portOf(entry.downstreamLocal)
  const isPlain = at !== undefined && entry.serverName === undefined
  const caller = one.followed.way?.trace.callerPod ?? (isPlain ? podAt(entry.downstreamRemote, evidence) : undefined)
  const host = (entry.authority ?? '').replace(/:\d+$/, '')
  // Who knows nothing of the target sends in plain text, and has no identity.
  const hidden = isPlain && caller !== undefined && hasProxy(caller) ? hiddenFrom(caller, host, undefined, one) : []
  if (hidden.length > 0) return hidden
  const taken =
    !isPlain || port === undefined
      ? []
      : identityTaken(
          policies,
          {
            pod: at,
            port,
            cluster: latest(sign.group).entry.upstreamCluster ?? '',
            caller,
          },
          one,
        )
  if (taken.length > 0) return taken
  const why = bad
    ? `its provider is not among the extension providers of MeshConfig, so it denies everything: ${times(sign)} refused (${value(details)})`
    : `it refused ${times(sign)} (${value(details)})`
  if (
    named !== undefined &&
    policies.some(({ metadata }) => metadata.name === named.name && metadata.namespace === named.namespace)
  )
    return [
      lead(
        'MESH0531',
        named,
        why,
        bad ? 'Define the provider in MeshConfig, or name one that is defined' : 'Make it accept these requests',
      ),
    ]
  const custom = policies.filter(({ spec }) => spec?.action === 'CUSTOM')
  if (isCustom && custom.length > 0)
    return custom.map((each) =>
      lead('MESH0531', refOf(each), why, 'Define its provider in MeshConfig, or make it accept these requests'),
    )
  const guards =
    at === undefined || !details.startsWith('ext_authz')
      ? []
      : addingFilters(['envoy.filters.http.ext_authz', 'envoy.ext_authz'], at, evidence)
  if (guards.length > 0)
    return guards.map((each) =>
      lead(
        'MESH0531',
        each,
        `the external authorizer that it asks ${details === 'ext_authz_error' ? 'could not be asked' : 'refused'}: ${times(sign)} got ${value(entry.code)} (${value(details)})`,
        'Make it ask an authorizer that answers, or remove the filter',
      ),
    )
  const allowing = policies.filter(({ spec }) => (spec?.action ?? 'ALLOW') === 'ALLOW')
  const unread = tokensUnread(allowing, at, one)
  if (unread.length > 0) return unread
  const trace = one.followed.way?.trace
  const unallowed =
    details === 'rbac_access_denied_matched_policy[none]'
      ? noRuleAllows(
          {
            pod: at,
            tcpPort: entry.method === undefined ? port : undefined,
            acting: allowing,
            deciding: allowing,
            trace,
          },
          one,
        )
      : [emptied(allowing), routeBeforePolicies(allowing, trace, one)].find((leads) => leads.length > 0)
  if (unallowed !== undefined && unallowed.length > 0) return unallowed
  return allowing.map((each) =>
    lead(
      'MESH0531',
      refOf(each),
      `none of its rules matches ${times(sign)}, and what no rule matches is refused`,
      'Add a rule that matches them',
    ),
  )
}

/** A token was missing or bad. */
export function token(sign: Sign, { evidence }: Case): Lead[] {
  const {
    entry: { details = '' },
    at,
  } = sign
  if (!details.startsWith('jwt_authn') || at === undefined) return []
  return evidence
    .objects('request-authentications')
    .filter((one) => actsOn(one, at, rootNamespaceOf(evidence)))
    .map((one) =>
      lead(
        'MESH0531',
        refOf(one),
        `it refused the token of ${times(sign)} (${value(details)})`,
        'Correct its issuer, audiences or keys, or the token',
      ),
    )
}
