import { begun } from '../evidence/clients/begun.ts'
import { STATUS } from '../evidence/collectors/proxy-status.ts'
import { parseTarget } from '../mesh/target-query.ts'
import { connectionFor } from './connection.ts'
import { openClients } from './clients.ts'
import type { DiagnoseOptions } from './diagnose-and-tell.ts'
import { interruptible } from './interruption.ts'

/** `mesh-medic diagnose`: the report on standard output; answers the exit code of its verdict. */
export async function diagnose(target: string, options: DiagnoseOptions): Promise<number> {
  const query = parseTarget(target, options.namespace)
  const { connection, limits } = connectionFor(options.context)
  const controller = interruptible()
  const clients = openClients(connection, controller)
  // What judges takes longer to load than all that has been loaded by now; meanwhile istioctl, which every diagnosis waits for, is on its way.
  const istioctl = begun(clients.istioctl, STATUS, controller.signal)
  const { diagnoseAndTell } = await import('./diagnose-and-tell.ts')
  return diagnoseAndTell(query, { ...clients, istioctl }, limits, controller.signal, options)
}
