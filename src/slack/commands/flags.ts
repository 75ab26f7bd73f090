import { flagsAsked } from '../../mesh/flags-asked.ts'
import { UserError } from '../../mesh/user-error.ts'
import { defined } from '../../mesh/defined.ts'
import { findTyped } from '../access/find-target.ts'
import { tell } from '../access/asking.ts'
import { flagsMessage } from '../blocks/flags.ts'
import { startRun } from '../thread/start-run.ts'
import { defineCommand } from './command.ts'
import { readArguments } from './words.ts'

const usage = 'flags [FLAG] [--target TARGET [-n NAMESPACE]]'

/** Says what Envoy's response flags mean; with a target, shows the latest request to it that has one. */
export const flags = defineCommand({
  name: 'flags',
  usage,
  about:
    "says what a response flag in Envoy's access log means, who caused it, and what to look at next; with a target, shows the latest request to it that has the flag",
  asks: ['flag-example'],
  async run(deps, asking, words) {
    const { words: typed, namespace, values } = readArguments(words, usage, { '--target': { value: 'target' } })
    const asked = flagsAsked(typed, '/mesh flags')
    const [text] = values['--target'] ?? []
    if (text === undefined && namespace !== undefined)
      throw new UserError({ why: 'A namespace needs a target.', commands: [`/mesh ${usage}`] })
    if (text === undefined) {
      await tell(deps, asking, flagsMessage(asked))
      return
    }
    if (typed.length === 0)
      throw new UserError({ why: 'No flag was given.', commands: [`/mesh flags UT --target ${text.slice(0, 60)}`] })
    const names = asked.map(({ flag }) => flag)
    await findTyped(deps, text, namespace, (target) => `/mesh flags ${names.join(' ')} --target ${target}`)
    await startRun(deps, asking, {
      kind: 'flag-example',
      text,
      flags: names,
      ...defined({ namespace }),
    })
  },
})
