import { defineCommand } from './command.ts'
import { output } from './options.ts'

/** `mesh-medic flags`: what Envoy's response flags mean. */
export const flags = defineCommand({
  name: 'flags',
  summary: "what Envoy's response flags in access logs mean, and what to look at next",
  description:
    "Explains Envoy's response flags: what happened, who caused it, and what to look at next. Without a flag, lists all.",
  takes: (command) => command.argument('[flags...]', 'UT, UF,URX or a long name').addOption(output('text', 'json')),
  examples: ['mesh-medic flags', 'mesh-medic flags UT', 'mesh-medic flags UF,URX -o json'],
  run: async (words: string[], options: { output: 'text' | 'json' }) =>
    (await import('../flags.ts')).flags(words, options),
})
