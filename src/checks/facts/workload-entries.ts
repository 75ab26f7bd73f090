import type { Evidence } from '../../evidence/evidence.ts'
import type { Labels, ServiceEntry, WorkloadEntry } from '../../mesh/objects.ts'
import { selects } from '../../mesh/objects.ts'

/** The WorkloadEntries of a namespace that have some labels; none for no labels. */
export const workloadEntries = (
  labels: Labels | undefined,
  namespace: string | undefined,
  evidence: Evidence,
): WorkloadEntry[] =>
  labels === undefined
    ? []
    : evidence
        .objects('workload-entries')
        .filter(({ metadata, spec }) => metadata.namespace === namespace && selects(labels, spec?.labels))

/** The WorkloadEntries that a ServiceEntry selects. */
export const selectedBy = ({ metadata, spec }: ServiceEntry, evidence: Evidence): WorkloadEntry[] =>
  workloadEntries(spec?.workloadSelector?.labels, metadata.namespace, evidence)

/** The ServiceEntry of a host that selects no WorkloadEntry whose address could be resolved: istiod makes no cluster for its hosts then. */
export const entryWithoutCluster = (host: string, evidence: Evidence): ServiceEntry | undefined =>
  evidence
    .objects('service-entries')
    .filter(({ spec }) => (spec?.hosts ?? []).includes(host))
    .slice(0, 1)
    .find(
      (entry) =>
        entry.spec?.resolution?.startsWith('DNS') === true &&
        entry.spec.workloadSelector?.labels !== undefined &&
        selectedBy(entry, evidence).length === 0,
    )
