import type { Evidence } from '../../evidence/evidence.ts'
import { trustDomainOf as read } from '../../mesh/trust-domain.ts'
import { once } from './fact.ts'

/** The trust domain of the mesh that was seen. */
export const trustDomainOf: (evidence: Evidence) => string = once((evidence: Evidence) =>
  read(evidence.objects('mesh-config')[0]),
)
