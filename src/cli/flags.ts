import { flagsAsked } from '../mesh/flags-asked.ts'
import { flagsText } from '../report/flags-text.ts'
import { EXIT } from './exit-codes.ts'
import { answer } from './output.ts'

/** `mesh-medic flags`: what Envoy's response flags mean; answers the exit code. */
export async function flags(words: readonly string[], { output }: { output: 'text' | 'json' }): Promise<number> {
  const asked = flagsAsked(words, 'mesh-medic flags')
  await answer(output === 'json' ? `${JSON.stringify(asked, null, 2)}\n` : flagsText(asked))
  return EXIT.healthy
}
