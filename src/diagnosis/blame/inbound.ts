import { rootNamespaceOf } from '../../checks/facts/root-namespace-of.ts'
import { actsOn } from '../../mesh/authorization.ts'
import type { Callee } from '../follow/callee.ts'
import { calleesOf, connectionTo } from '../follow/callee.ts'
import type { Hop } from '../follow/report.ts'
import type { Trace } from '../follow/trace.ts'
import { hiddenFrom } from './hidden.ts'
import { identityTaken } from './identity.ts'
import { notForwarded, tokensUnread } from './token.ts'
import { tlsLeads } from './tls.ts'
import type { Case, Lead } from './lead.ts'
import { clauseOf, eachOnce } from './lead.ts'
import { noRuleAllows } from './no-rule-allows.ts'

/** The filter that enforces policies where the proxy takes connections for plain TCP. */
const TCP_RBAC = 'envoy.filters.network.rbac'

function leadsAt(callee: Callee, hop: Hop, trace: Trace, one: Case): Lead[] {
  const { pod, cluster, endpoint } = callee
  const deciding = hop.objects.filter(({ kind }) => kind === 'AuthorizationPolicy' || kind === 'RequestAuthentication')
  if (deciding.length > 0) {
    // A caller that leaves as plain text has no identity: what hides the target from it comes first.
    const hidden =
      cluster === 'PassthroughCluster' ? hiddenFrom(trace.callerPod, trace.question.host, trace.sent.port, one) : []
    if (hidden.length > 0) return hidden
    const policies = deciding.flatMap(
      ({ kind, namespace = '', name }) =>
        (kind === 'AuthorizationPolicy' ? one.evidence.object('authorization-policies', namespace, name) : undefined) ??
        [],
    )
    const kept = notForwarded(policies, one)
    if (kept.length > 0) return kept
    const { connection } = connectionTo(callee, trace)
    const taken =
      connection.principal === undefined
        ? identityTaken(policies, { pod, port: connection.port, cluster, caller: trace.callerPod }, one)
        : []
    if (taken.length > 0) return taken
    const allowing = policies.filter(({ spec }) => (spec?.action ?? 'ALLOW') === 'ALLOW')
    const unread = tokensUnread(allowing, pod, one)
    if (unread.length > 0) return unread
    const acting = one.evidence
      .objects('authorization-policies')
      .filter((each) => (each.spec?.action ?? 'ALLOW') === 'ALLOW' && actsOn(each, pod, rootNamespaceOf(one.evidence)))
    const tcpPort = hop.refusedBy === TCP_RBAC ? connection.port || (endpoint.port ?? 0) : undefined
    const leads =
      allowing.length === policies.length ? noRuleAllows({ pod, tcpPort, acting, deciding: allowing, trace }, one) : []
    if (leads.length > 0) return leads
    return deciding.map((subject) => ({
      code: 'MESH0531',
      subject,
      why: clauseOf(hop),
      remedy: 'Make it accept these requests',
    }))
  }
  const { connection } = connectionTo(callee, trace)
  return tlsLeads(
    cluster,
    trace.callerPod,
    pod,
    connection.port || (endpoint.port ?? 0),
    { host: trace.question.host, port: trace.sent.port },
    one,
  )
}

/** Leads for a request that fails at its callee's proxy. */
export function inboundLeads(one: Case): Lead[] {
  const { way } = one.followed
  if (way === undefined || way.failing[0]?.stage !== 'inbound') return []
  const { trace, failing } = way
  const callees = calleesOf(trace)
  return eachOnce(
    failing.flatMap((hop) => {
      const callee = callees.find(({ pod }) => pod.metadata.name === hop.name)
      return callee === undefined ? [] : leadsAt(callee, hop, trace, one)
    }),
  )
}
