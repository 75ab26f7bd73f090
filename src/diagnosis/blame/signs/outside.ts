import { selectedBy } from '../../../checks/facts/workload-entries.ts'
import { ipOf, portOf } from '../../../mesh/address.ts'
import { hostOfRule } from '../../../mesh/destination-rules.ts'
import { parseClusterName } from '../../../mesh/envoy.ts'
import { fromFqdn, hostOfService } from '../../../mesh/host.ts'
import { nearestNames } from '../../../mesh/names.ts'
import type { DestinationRule, ServiceEntry, WorkloadEntry } from '../../../mesh/objects.ts'
import { refOf, selects } from '../../../mesh/objects.ts'
import { formatRef } from '../../../mesh/ref.ts'
import type { Evidence } from '../../../evidence/evidence.ts'
import { endpointLeads } from '../destination.ts'
import type { Case, Lead } from '../lead.ts'
import { newest, value } from '../lead.ts'
import { lead, times, type Sign } from './sign.ts'

/** The entries that register a host outside. */
export const entriesOf = (host: string, evidence: Evidence): ServiceEntry[] =>
  evidence.objects('service-entries').filter(({ spec }) => (spec?.hosts ?? []).includes(host))

/** The rules that are for a host outside, and those for a host that nobody registers and that is named nearly so: what they say has no effect. */
export function rulesOutside(host: string, evidence: Evidence): DestinationRule[] {
  const known = new Set(evidence.objects('service-entries').flatMap(({ spec }) => spec?.hosts ?? []))
  return evidence.objects('destination-rules').filter((rule) => {
    const named = hostOfRule(rule)
    return (
      named === host || (fromFqdn(named) === undefined && !known.has(named) && nearestNames(host, [named]).length > 0)
    )
  })
}

/** Where an entry of the mesh leads to a Service of the cluster: why that one takes no connections. */
function behindAddress(sign: Sign, entries: readonly ServiceEntry[], one: Case): Lead[] {
  const { evidence, followed } = one
  const { upstreamHost } = sign.entry
  const service = evidence.objects('services').find(({ spec }) => spec?.clusterIP === ipOf(upstreamHost))
  const port = portOf(upstreamHost)
  const { way } = followed
  if (service === undefined || port === undefined || way === undefined) return []
  const ports = service.spec?.ports ?? []
  if (!ports.some((each) => each.port === port)) {
    const blamed = newest([service, ...entries]) ?? service
    return [
      lead(
        'MESH0331',
        refOf(blamed),
        `callers are led to port ${value(port)} of ${formatRef(refOf(service))}, which has only ${value(ports.map((each) => each.port).join(', '))}: ${times(sign)} failed`,
        'Make the two ports match',
      ),
    ]
  }
  const found = endpointLeads(`outbound|${port}||${hostOfService(service)}`, way.trace, one)
  if (
    found.length > 0 ||
    !/refused|remote_connection_failure/.test(`${sign.entry.failure ?? ''} ${sign.entry.details ?? ''}`)
  )
    return found
  // Its pods are ready, and where it leads to on them nothing listens.
  const makers = [...evidence.objects('deployments'), ...evidence.objects('stateful-sets')].filter(
    ({ metadata, spec }) =>
      metadata.namespace === service.metadata.namespace &&
      selects(service.spec?.selector, spec?.template?.metadata?.labels),
  )
  if (makers.length === 0) return []
  return [
    lead(
      'MESH0331',
      refOf(newest([service, ...makers]) ?? service),
      `nothing listens where port ${value(port)} of ${formatRef(refOf(service))} leads to: ${times(sign)} refused`,
      'Point the Service to the port that the application listens on',
    ),
  ]
}

/** The connection to a host that is no pod of the target. */
export function elsewhere(sign: Sign, one: Case): Lead[] {
  const { evidence, target } = one
  const { entry, pod } = sign
  // A caller that gave up before the proxy did met the same address.
  const isUnanswered = entry.flags.includes('UF') || (entry.code === 0 && entry.flags.includes('DC'))
  if (pod !== undefined || !isUnanswered || entry.upstreamHost === undefined) return []
  const host = parseClusterName(entry.upstreamCluster ?? '')?.host
  const entries = evidence
    .objects('service-entries')
    .filter(({ spec }) => (spec?.hosts ?? []).some((each) => each === host || target.hosts.includes(each)))
  const tls = tlsOutside(sign, one)
  if (tls.length > 0) return tls
  const behind = behindAddress(sign, entries, one)
  if (behind.length > 0) return behind
  const made = newest<ServiceEntry | WorkloadEntry>([
    ...entries.flatMap((each) => selectedBy(each, evidence)),
    ...entries,
  ])
  return made === undefined
    ? []
    : [
        lead(
          'MESH0331',
          refOf(made),
          `it registers ${value(entry.upstreamHost)} for ${value(host ?? '')}, where nothing answers: ${times(sign)} failed`,
          'Correct its endpoints',
        ),
      ]
}

/** TLS to a host outside that does not come about: the rule that originates it, or the entry. */
function tlsOutside(sign: Sign, { evidence }: Case): Lead[] {
  const { entry } = sign
  const told = `${entry.failure ?? ''} ${entry.details ?? ''}`
  const host = parseClusterName(entry.upstreamCluster ?? '')?.host ?? ''
  if (!/TLS_error|WRONG_VERSION|CERTIFICATE|SSL/i.test(told)) return []
  const originating = rulesOutside(host, evidence).filter(({ spec }) => JSON.stringify(spec ?? {}).includes('"tls":'))
  const made = newest(originating) ?? newest(entriesOf(host, evidence))
  const what = told.includes('CERTIFICATE')
    ? "the other end's certificate is not accepted"
    : 'the other end speaks no such TLS'
  return made === undefined
    ? []
    : [
        lead(
          'MESH0431',
          refOf(made),
          `TLS to ${value(host)} is as it says, and ${what}: ${times(sign)} ended with ${value(entry.failure ?? entry.details ?? '')}`,
          'Make it speak what the other end does, and trust the authority that signed its certificate',
        ),
      ]
}
