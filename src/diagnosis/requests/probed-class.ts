import { podAt, type Logged, type Request } from '../../checks/facts/requests-to.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { defined } from '../../mesh/defined.ts'
import { parseClusterName } from '../../mesh/envoy.ts'

/** What probes of ours tell of a class of requests. */
export interface ProbedClass {
  /** Those that count as requests. */
  ids: readonly string[]
  /** True when one failed and no log shows how: that requests arrive cannot be said any more. */
  isDoubtful: boolean
}

/** Probes as the proxies logged them, by their ids. */
export function probeRequests({ ids }: ProbedClass, evidence: Evidence): Request[] {
  const logged = evidence
    .seen('access-log')
    .flatMap((log) =>
      log.value.lines.filter(({ probe = '' }) => ids.includes(probe)).map((entry): Logged => ({ entry, log })),
    )
  const isInner = ({ entry }: Logged): boolean => parseClusterName(entry.upstreamCluster ?? '')?.direction === 'inbound'
  return ids.flatMap((id): Request[] => {
    const own = logged.filter(({ entry }) => entry.probe === id)
    const outer = own.find((one) => !isInner(one))
    if (outer === undefined) return []
    const inner = own.find((one) => one.log !== outer.log)
    return [{ ...outer, ...defined({ inner, pod: podAt(outer.entry.upstreamHost, evidence) }) }]
  })
}
