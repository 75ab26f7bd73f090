import { findFlagExample } from '../capabilities/find-flag-example.ts'
import { flagsAsked } from '../mesh/flags-asked.ts'
import { parseTarget } from '../mesh/target-query.ts'
import { UserError } from '../mesh/user-error.ts'
import { flagExampleText } from '../report/flag-example-text.ts'
import { flagsText } from '../report/flags-text.ts'
import { openClients } from './clients.ts'
import { connectionFor } from './connection.ts'
import { EXIT } from './exit-codes.ts'
import { interruptible } from './interruption.ts'
import { answer } from './output.ts'

export interface FlagsOptions {
  target?: string
  namespace?: string
  context?: string
  output: 'text' | 'json'
}

/** `mesh-medic flags`: what Envoy's response flags mean, and with a target its latest request that has one; answers the exit code. */
export async function flags(
  words: readonly string[],
  { target, namespace, context, output }: FlagsOptions,
): Promise<number> {
  const asked = flagsAsked(words, 'mesh-medic flags')
  if (target === undefined) {
    await answer(output === 'json' ? `${JSON.stringify(asked, null, 2)}\n` : flagsText(asked))
    return EXIT.healthy
  }
  if (words.length === 0)
    throw new UserError({ why: 'No flag was given.', commands: ['mesh-medic flags UT --target catalog'] })
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
