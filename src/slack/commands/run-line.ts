import { nearestNames } from '../../mesh/names.ts'
import { tell, type Asking } from '../access/asking.ts'
import { refusalMessage } from '../blocks/refusal.ts'
import type { SlackDeps } from '../deps.ts'
import { isForPeople, refusalOf, RefusalError } from '../access/refusal-of.ts'
import { COMMANDS } from './index.ts'
import { splitWords } from './words.ts'
import { defined } from '../../mesh/defined.ts'

/** Does what a person typed after `/mesh` or after the bot's name; whatever is wrong with it is told to that person alone. Never rejects. */
export async function runLine(deps: SlackDeps, asking: Asking, line: string): Promise<void> {
  await orTell(deps, asking, line, async () => {
    const [name = 'help', ...words] = splitWords(line)
    const command = COMMANDS.find((one) => one.name === name.toLowerCase())
    if (command === undefined) throw unknownCommand(name, words)
    await command.run(deps, asking, words, COMMANDS)
  })
}

/** Does something for a person; an error is told to that person, and logged when it is ours. Never rejects. */
export async function orTell(deps: SlackDeps, asking: Asking, typed: string, act: () => Promise<void>): Promise<void> {
  try {
    await act()
  } catch (error) {
    if (!isForPeople(error)) deps.log.error({ err: error, user: asking.user }, 'a request failed')
    await tell(deps, asking, refusalMessage(refusalOf(error, typed)))
    await deps.audit({
      event: 'command-refused',
      by: { user: asking.user, ...defined({ team: asking.team }) },
      facts: { text: typed.slice(0, 500), why: error instanceof Error ? error.name : 'unknown' },
    })
  }
}

function unknownCommand(name: string, words: readonly string[]): RefusalError {
  const near = nearestNames(
    name,
    COMMANDS.map((command) => command.name),
  )
  const commands = near.map((one) => ['/mesh', one, ...words].join(' ').slice(0, 200))
  return new RefusalError({
    why: `I do not know the command ${JSON.stringify(name.slice(0, 60))}.`,
    commands: commands.length > 0 ? [...commands, '/mesh help'] : COMMANDS.map(({ usage }) => `/mesh ${usage}`),
  })
}
