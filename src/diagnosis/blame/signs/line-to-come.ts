import type { Evidence } from '../../../evidence/evidence.ts'
import type { Request } from '../../../checks/facts/requests-to.ts'

/**
 * True when the log of the pod that took a request was read and ends before it: Envoy writes its lines in batches, about once a second, so that of the last requests the
 * caller's line can be there and the callee's not. Who answered is not known then.
 */
export function isLineToCome({ entry, inner, pod }: Request, evidence: Evidence): boolean {
  if (inner !== undefined || pod === undefined) return false
  const logs = evidence
    .seen('access-log')
    .filter(({ of }) => of?.name === pod.metadata.name && of.namespace === pod.metadata.namespace)
  return (
    logs.length > 0 &&
    logs.every(({ value: { lines } }) => lines.every(({ at }) => Date.parse(at) < Date.parse(entry.at)))
  )
}
