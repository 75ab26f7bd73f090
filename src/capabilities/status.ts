import type { MeshStatus } from '../diagnosis/mesh-status.ts'
import type { Clients } from '../evidence/clients/clients.ts'
import { carryOut } from './carry-out.ts'
import type { Processor, ProcessorDeps } from './processor.ts'
import { defined } from '../mesh/defined.ts'

/** Looks at the mesh as a whole, or at one namespace. */
export type LookAtMesh = (clients: Clients, options: { namespace?: string; signal: AbortSignal }) => Promise<MeshStatus>

/** Tells the thread how the proxies of the mesh stand. */
export function status(deps: ProcessorDeps & { meshStatus: LookAtMesh }): Processor {
  return carryOut(deps, async ({ request }, _thread, signal) => ({
    kind: 'status',
    status: await deps.meshStatus(deps.clients, { signal, ...defined({ namespace: request.namespace }) }),
  }))
}
