import { findFlagExample } from '../capabilities/find-flag-example.ts'
import type { AskedFlag } from '../mesh/flags-asked.ts'
import { parseTarget } from '../mesh/target-query.ts'
import { flagExampleText } from '../report/flag-example-text.ts'
import { flagsText } from '../report/flags-text.ts'
import { openClients } from './clients.ts'
import { connectionFor } from './connection.ts'
import { EXIT } from './exit-codes.ts'
import { interruptible } from './interruption.ts'
import { answer } from './output.ts'
import type { ShowOptions } from './status.ts'

export interface ExampleOptions extends ShowOptions {
  namespace?: string
}

/** `mesh-medic flags --target`: what flags mean, by a target's latest request that has one; answers the exit code. */
export async function exampleOf(
  asked: readonly AskedFlag[],
  target: string,
  { namespace, context, output }: ExampleOptions,
): Promise<number> {
  const query = parseTarget(target, namespace)
  const { connection, limits } = connectionFor(context)
  const controller = interruptible()
  const found = await findFlagExample(
    query,
    asked.map(({ flag }) => flag),
    openClients(connection, controller),
    { signal: controller.signal, stepTimeout: limits.stepTimeout, concurrency: limits.concurrency },
  )
  await answer(
    output === 'json'
      ? `${JSON.stringify({ flags: asked, found }, null, 2)}\n`
      : `${flagsText(asked)}\n${flagExampleText(found)}`,
  )
  return EXIT.healthy
}
