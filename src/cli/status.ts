import { meshStatus } from '../diagnosis/mesh-status.ts'
import { statusText, statusVerdict } from '../report/mesh-status-text.ts'
import { isDnsLabel } from '../mesh/names.ts'
import { openClients } from './clients.ts'
import { connectionFor } from './connection.ts'
import { exitCodeOf } from './exit-codes.ts'
import { UserError } from '../mesh/user-error.ts'
import { interruptible } from './interruption.ts'
import { answer } from './output.ts'

/** Options of the commands that show something about a whole cluster. */
export interface ShowOptions {
  context?: string
  output: 'text' | 'json'
}

/** `mesh-medic status`: how every proxy stands with istiod; answers the exit code. */
export async function status(namespace: string | undefined, { context, output }: ShowOptions): Promise<number> {
  if (namespace !== undefined && !isDnsLabel(namespace))
    throw new UserError({ why: `${JSON.stringify(namespace.slice(0, 80))} is not a namespace name.` })
  const { connection, limits } = connectionFor(context)
  const controller = interruptible()
  const found = await meshStatus(openClients(connection, controller), {
    namespace,
    signal: controller.signal,
    stepTimeout: limits.stepTimeout,
  })
  const verdict = statusVerdict(found)
  await answer(output === 'json' ? `${JSON.stringify({ verdict, ...found }, null, 2)}\n` : statusText(found))
  return exitCodeOf(verdict)
}
