import { telemetryOf, WINDOW } from '../diagnosis/telemetry/telemetry.ts'
import { windowAsked } from '../diagnosis/telemetry/window-asked.ts'
import { parseTarget } from '../mesh/target-query.ts'
import { telemetryText } from '../report/telemetry-text.ts'
import { openClients } from './clients.ts'
import { connectionFor } from './connection.ts'
import { EXIT } from './exit-codes.ts'
import { interruptible } from './interruption.ts'
import { answer } from './output.ts'

export interface TelemetryOptions {
  namespace?: string
  window?: string
  context?: string
  output: 'text' | 'json'
}

/** `mesh-medic telemetry`: how a target's requests were answered as both ends counted them; answers 0, or 3 when nothing was counted. */
export async function telemetry(
  text: string,
  { namespace, window, context, output }: TelemetryOptions,
): Promise<number> {
  const query = parseTarget(text, namespace)
  const seconds = window === undefined ? WINDOW : windowAsked(window, 'mesh-medic telemetry')
  const { connection, limits, links } = connectionFor(context)
  const controller = interruptible()
  const found = await telemetryOf(query, openClients(connection, controller), {
    window: seconds,
    signal: controller.signal,
    stepTimeout: limits.stepTimeout,
  })
  await answer(output === 'json' ? `${JSON.stringify(found, null, 2)}\n` : telemetryText(found, links))
  return found.client === undefined && found.server === undefined ? EXIT.unclear : EXIT.healthy
}
