import { noteMessage } from '../blocks/refusal.ts'
import type { SlackDeps } from '../deps.ts'
import type { Asking } from './asking.ts'

/** Milliseconds within which whoever typed something sees that it was heard. */
const HEARD_WITHIN = 800

/** Says something to the person by the response_url alone, which works while the Web API does not. Never rejects. */
export async function respondOnly({ log }: Pick<SlackDeps, 'log'>, asking: Asking, says: string): Promise<void> {
  const { text, blocks } = noteMessage(says)
  try {
    await asking.respond?.({ text, blocks, response_type: 'ephemeral', replace_original: false })
  } catch (err) {
    log.warn({ err }, 'a person could not be told by the response_url')
  }
}

/** Does something for whoever typed it, and says that it was heard when nothing is to be seen of it soon. */
export async function soonHeard(
  deps: Pick<SlackDeps, 'log' | 'heardWithin'>,
  asking: Asking,
  line: string,
  act: () => Promise<void>,
): Promise<void> {
  const timer = setTimeout(
    () =>
      void respondOnly(deps, asking, `Received: ${`/mesh ${line}`.trim().slice(0, 200)}. The answer is on its way.`),
    deps.heardWithin ?? HEARD_WITHIN,
  )
  try {
    await act()
  } finally {
    clearTimeout(timer)
  }
}
