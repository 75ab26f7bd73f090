import { flagsAsked } from '../mesh/flags-asked.ts'
import { UserError } from '../mesh/user-error.ts'
import { flagsText } from '../report/flags-text.ts'
import { EXIT } from './exit-codes.ts'
import type { ExampleOptions } from './flag-example.ts'
import { answer } from './output.ts'

export interface FlagsOptions extends ExampleOptions {
  target?: string
}

/** `mesh-medic flags`: what Envoy's response flags mean, and with a target its latest request that has one; answers the exit code. */
export async function flags(words: readonly string[], { target, ...options }: FlagsOptions): Promise<number> {
  const asked = flagsAsked(words, 'mesh-medic flags')
  if (target === undefined) {
    await answer(options.output === 'json' ? `${JSON.stringify(asked, null, 2)}\n` : flagsText(asked))
    return EXIT.healthy
  }
  if (words.length === 0)
    throw new UserError({ why: 'No flag was given.', commands: ['mesh-medic flags UT --target catalog'] })
  // What flags mean is said without what asks a cluster.
  const { exampleOf } = await import('./flag-example.ts')
  return exampleOf(asked, target, options)
}
