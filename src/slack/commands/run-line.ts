import { nearestNames } from '../../mesh/names.ts'
import type { Asking } from '../access/asking.ts'
import { orTell } from '../access/or-tell.ts'
import type { SlackDeps } from '../deps.ts'
import { UserError } from '../../mesh/user-error.ts'
import { COMMANDS } from './index.ts'
import { splitWords } from './words.ts'

/** Does what a person typed after `/mesh` or after the bot's name; whatever is wrong with it is told to that person alone. Never rejects. */
export async function runLine(deps: SlackDeps, asking: Asking, line: string): Promise<void> {
  await orTell(deps, asking, line, async () => {
    const [name = 'help', ...words] = splitWords(line)
    const command = COMMANDS.find((one) => one.name === name.toLowerCase())
    if (command === undefined) throw unknownCommand(name, words)
    await command.run(deps, asking, words, COMMANDS)
  })
}

function unknownCommand(name: string, words: readonly string[]): UserError {
  const near = nearestNames(
    name,
    COMMANDS.map((command) => command.name),
  )
  // `help` takes no words.
  const commands = near.map((one) => ['/mesh', one, ...(one === 'help' ? [] : words)].join(' ').slice(0, 200))
  return new UserError({
    why: `Unknown command ${JSON.stringify(name.slice(0, 60))}.`,
    commands: commands.length > 0 ? [...commands, '/mesh help'] : COMMANDS.map(({ usage }) => `/mesh ${usage}`),
  })
}
