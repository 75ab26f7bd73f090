import type { Finding } from '../checks/check.ts'
import { formatRef } from '../mesh/ref.ts'
import { failingHeadline } from './follow-in.ts'
import type { FollowReport, Hop } from './follow/report.ts'

/** Findings of connections that are dropped below the proxies, whose configuration knows nothing of it. */
const DROPPED: readonly string[] = ['MESH0411', 'MESH0412']

const listOf = (value: Finding['args'][string] | undefined): readonly string[] =>
  typeof value === 'object' ? value : []

/** A hop into a pod that the caller cannot connect to. */
function blocked(hop: Hop, caller: string, findings: readonly Finding[]): Hop {
  if (hop.stage !== 'inbound' || !hop.ok) return hop
  const finding = findings.find(
    ({ args }) => listOf(args.callers).includes(caller) && listOf(args.pods).includes(hop.name),
  )
  if (finding === undefined) return hop
  const { subject, args } = finding
  const { kind, name, namespace = '' } = subject
  return {
    ...hop,
    ok: false,
    sure: true,
    objects: [subject, ...hop.objects],
    says: `${formatRef(subject)} does not let ${caller} connect to port ${String(args.port)} of the pod: packets are dropped and connections time out.`,
    notes: [],
    command: `kubectl get ${kind.toLowerCase()} ${name} -n ${namespace} -o yaml`,
  }
}

/** The path of a request with the hops at which its packets are dropped: what the proxies are configured to do is then not what happens. */
export function blockedWay(report: FollowReport, findings: readonly Finding[]): FollowReport {
  const { caller, request, outcome } = report
  const dropping = findings.filter(({ code, standing }) => DROPPED.includes(code) && standing !== 'configured')
  if (caller === undefined || outcome === 'dies' || dropping.length === 0) return report
  const hops = report.hops.map((hop) => blocked(hop, caller.pod.name, dropping))
  const failing = hops.filter((hop, index) => hop !== report.hops[index])
  if (failing.length === 0) return report
  const inbound = hops.filter(({ stage }) => stage === 'inbound')
  const share = (100 * failing.length) / inbound.length
  const { method, scheme, host, path } = request
  return {
    ...report,
    hops,
    dies: 'inbound',
    outcome: 'dies',
    headline: failingHeadline(`${method} ${scheme}://${host}${path}`, share, failing),
  }
}
