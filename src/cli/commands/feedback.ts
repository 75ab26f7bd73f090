import { defineCommand } from './command.ts'
import { output } from './options.ts'

/** `mesh-medic feedback`: which causes people held for right or wrong. */
export const feedback = defineCommand({
  name: 'feedback',
  summary: 'which causes people held for right or wrong in Slack',
  description:
    'Lists what people said with the buttons Right cause and Wrong cause under a diagnosis, as the audit has it, latest first; of several presses of one person on one run the last counts. Reads the store of the bot that is configured here.',
  takes: (command) => command.option('--wrong', 'only what was held for wrong').addOption(output('text', 'json')),
  examples: ['mesh-medic feedback', 'mesh-medic feedback --wrong -o json'],
  run: async (options: { wrong?: boolean; output: 'text' | 'json' }) =>
    (await import('../feedback.ts')).feedback(options),
})
