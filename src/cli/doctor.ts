import { testCluster } from '../diagnosis/self-test.ts'
import { testAccessLogRights } from '../leases/access-logs/test-rights.ts'
import { selfTestText } from '../report/self-test-text.ts'
import { openClients } from './clients.ts'
import { connectionFor } from './connection.ts'
import { EXIT } from './exit-codes.ts'
import { interruptible } from './interruption.ts'
import { answer } from './output.ts'
import type { ShowOptions } from './status.ts'

/** `mesh-medic doctor`: whether what a diagnosis needs is there; exit code 0 when all is, else 2. */
export async function doctor({ context, output }: ShowOptions): Promise<number> {
  const { connection } = connectionFor(context)
  const controller = interruptible()
  const clients = openClients(connection, controller)
  const { signal } = controller
  const items = (await Promise.all([testCluster(clients, signal), testAccessLogRights(clients, signal)])).flat()
  await answer(output === 'json' ? `${JSON.stringify(items, null, 2)}\n` : selfTestText(items))
  return items.every(({ ok }) => ok) ? EXIT.healthy : EXIT.ill
}
