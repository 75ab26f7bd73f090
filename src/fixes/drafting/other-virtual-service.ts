import type { Finding } from '../../checks/check.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { refOf, type VirtualService } from '../../mesh/objects.ts'
import { formatRef } from '../../mesh/ref.ts'
import { textArg } from './finding-args.ts'

/** The VirtualService that a finding names as the one that takes the requests. */
export function otherVirtualService(finding: Finding, evidence: Evidence): VirtualService | undefined {
  const name = textArg(finding, 'other')
  return evidence.objects('virtual-services').find((one) => formatRef(refOf(one)) === name)
}
