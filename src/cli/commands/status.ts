import type { ShowOptions } from '../status.ts'
import { defineCommand } from './command.ts'
import { context, output } from './options.ts'

/** `mesh-medic status`: how every proxy stands with istiod. */
export const status = defineCommand({
  name: 'status',
  summary: 'which proxies are in sync with istiod, and which are not',
  description:
    'Shows the state of every proxy as istiod sees it: in sync, stale, configuration rejected, or not connected.',
  takes: (command) =>
    command
      .argument('[namespace]', 'only proxies of this namespace')
      .addOption(context())
      .addOption(output('text', 'json')),
  examples: ['mesh-medic status', 'mesh-medic status istioinaction -o json'],
  run: async (only: string | undefined, options: ShowOptions) => (await import('../status.ts')).status(only, options),
})
