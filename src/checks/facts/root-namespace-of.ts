import type { Evidence } from '../../evidence/evidence.ts'
import { rootNamespaceIn } from '../../mesh/root-namespace.ts'
import { once } from './fact.ts'

/** The root namespace of the mesh that was seen. */
export const rootNamespaceOf: (evidence: Evidence) => string = once((evidence: Evidence) =>
  rootNamespaceIn(evidence.objects('mesh-config')[0], evidence.objects('pods')),
)
