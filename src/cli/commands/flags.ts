import type { FlagsOptions } from '../flags.ts'
import { defineCommand } from './command.ts'
import { context, namespace, output } from './options.ts'

/** `mesh-medic flags`: what Envoy's response flags mean. */
export const flags = defineCommand({
  name: 'flags',
  summary: "what Envoy's response flags in access logs mean, and what to look at next",
  description:
    "Explains Envoy's response flags: what happened, who caused it, and what to look at next. Without a flag, lists all. With a target, shows the latest request to it that has the flag.",
  takes: (command) =>
    command
      .argument('[flags...]', 'UT, UF,URX or a long name')
      .option('--target <target>', 'show the latest request to this target that has the flag; named as for diagnose')
      .addOption(namespace())
      .addOption(context())
      .addOption(output('text', 'json')),
  examples: ['mesh-medic flags', 'mesh-medic flags UT', 'mesh-medic flags UT --target catalog -n shop'],
  run: async (words: string[], options: FlagsOptions) => (await import('../flags.ts')).flags(words, options),
})
