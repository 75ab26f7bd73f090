import { flagsAsked } from '../../mesh/flags-asked.ts'
import { tell } from '../access/asking.ts'
import { flagsMessage } from '../blocks/flags.ts'
import { defineCommand } from './command.ts'

/** Says what Envoy's response flags mean. */
export const flags = defineCommand({
  name: 'flags',
  usage: 'flags [FLAG]',
  about: "says what a response flag in Envoy's access log means, who caused it, and what to look at next",
  asks: [],
  run: (deps, asking, words) => tell(deps, asking, flagsMessage(flagsAsked(words, '/mesh flags'))),
})
