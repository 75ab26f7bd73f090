import { labelTexts } from '../../mesh/labels.ts'
import { entryWithoutCluster, selectedBy } from '../../checks/facts/workload-entries.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { fromFqdn, hostOfService, nearestHosts, withDomain } from '../../mesh/host.ts'
import type { Service, ServiceEntry, WorkloadEntry } from '../../mesh/objects.ts'
import { changedAt, refOf, selects } from '../../mesh/objects.ts'
import { isReady } from '../../mesh/pods.ts'
import type { Ref } from '../../mesh/ref.ts'
import { formatRef } from '../../mesh/ref.ts'
import type { Lead } from './lead.ts'
import { newest, value, values } from './lead.ts'
import { noneReady } from './none-ready.ts'

const lead = (subject: Ref, why: string, remedy: string): Lead => ({ code: 'MESH0331', subject, why, remedy })

/** None of the addresses that WorkloadEntries give takes requests: the newest of them is named, or what selects them when that was changed after. */
export function addressedWrongly(
  selecting: Service | ServiceEntry,
  selected: readonly WorkloadEntry[],
  host: string,
): Lead[] {
  const last = newest<Service | ServiceEntry | WorkloadEntry>([...selected, selecting])
  const machine = selected.find((one) => one === last)
  if (machine === undefined)
    return [
      lead(
        refOf(selecting),
        `none of the addresses that ${selected.map((one) => formatRef(refOf(one))).join(', ')} ${selected.length === 1 ? 'gives' : 'give'} for ${value(host)} accepts requests`,
        'Correct its ports, its resolution or what it selects',
      ),
    ]
  const { address = '', ports } = machine.spec ?? {}
  const at = Object.values(ports ?? {}).map((port) => value(port))
  return [
    lead(
      refOf(machine),
      `it gives ${value(address)}${at.length === 0 ? '' : ` at port ${at.join(', ')}`} for ${value(host)}, and nothing there accepts requests`,
      'Correct its address or its ports',
    ),
  ]
}

/** Why the pods and WorkloadEntries that an entry selects take no requests; undefined when it selects none by labels, or pods are ready. */
export function selectedByEntry(entry: ServiceEntry, host: string, evidence: Evidence): Lead[] | undefined {
  const labels = entry.spec?.workloadSelector?.labels
  const { namespace } = entry.metadata
  if (labels === undefined || evidence.seen('pods').length === 0) return undefined
  const pods = evidence
    .objects('pods')
    .filter(({ metadata }) => metadata.namespace === namespace && selects(labels, metadata.labels))
  if (pods.some(isReady)) return undefined
  const machines = selectedBy(entry, evidence)
  if (machines.length > 0) return addressedWrongly(entry, machines, host)
  if (pods.length > 0) return noneReady(pods, host, evidence)
  const idle = [...evidence.objects('deployments'), ...evidence.objects('stateful-sets')].filter(
    ({ metadata, spec }) =>
      metadata.namespace === namespace && spec?.replicas === 0 && selects(labels, spec.template?.metadata?.labels),
  )
  if (idle.length > 0)
    return idle.map((one) =>
      lead(refOf(one), `it is scaled to 0, and no other pod is behind ${value(host)}`, 'Scale it up'),
    )
  const wanted = values(labelTexts(labels))
  const changed = newest(evidence.objects('workload-entries').filter((one) => one.metadata.namespace === namespace))
  return changed !== undefined && (changedAt(changed) ?? 0) > (changedAt(entry) ?? 0)
    ? [
        lead(
          refOf(changed),
          `it was changed after ${formatRef(refOf(entry))}, and neither it nor any pod has the labels that one selects for ${value(host)} (${wanted})`,
          'Give it the labels that the entry selects',
        ),
      ]
    : [
        lead(
          refOf(entry),
          `no pod or WorkloadEntry has the labels it selects for ${value(host)} (${wanted})`,
          'Make it select the labels of the workloads it is for',
        ),
      ]
}

/** Why a proxy has no cluster for a host of a ServiceEntry that selects no address to resolve. */
export function withoutCluster(host: string, evidence: Evidence): Lead[] {
  const entry = entryWithoutCluster(host, evidence)
  return entry === undefined ? [] : (selectedByEntry(entry, host, evidence) ?? [])
}

/** Services that an entry's endpoints name, that do not exist, and that are no slip of one that does. */
export function goneBehind(entry: ServiceEntry, host: string, evidence: Evidence): Lead[] {
  if (evidence.seen('services').length === 0) return []
  const hosts = evidence.objects('services').map(hostOfService)
  const named = [
    ...(entry.spec?.endpoints ?? []).map(({ address = '' }) => ({ address, by: refOf(entry) })),
    ...selectedBy(entry, evidence).map((one) => ({ address: one.spec?.address ?? '', by: refOf(one) })),
  ]
  return named.flatMap(({ address, by }): Lead[] => {
    const full = withDomain(address, evidence.clusterDomain)
    const service = fromFqdn(full)
    return service === undefined || hosts.includes(full) || nearestHosts(full, hosts).length > 0
      ? []
      : [
          lead(
            { kind: 'Service', ...service },
            `it does not exist, and ${formatRef(by)} sends requests for ${value(host)} to it`,
            'Create the Service, or name one that exists in the entry',
          ),
        ]
  })
}
