import { tell } from '../access/asking.ts'
import { helpMessage } from '../blocks/help.ts'
import { defineCommand } from './command.ts'

/** Says what can be typed. */
export const help = defineCommand({
  name: 'help',
  usage: 'help',
  about: 'shows this help',
  asks: [],
  run: (deps, asking, _words, all) => tell(deps, asking, helpMessage(all)),
})
