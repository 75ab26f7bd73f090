import { defineCommand } from './command.ts'

/** `mesh-medic serve`: the bot. */
export const serve = defineCommand({
  name: 'serve',
  summary: 'run the Slack bot',
  description: 'Runs the Slack bot, its worker and the health server, until SIGTERM.',
  examples: ['SLACK_BOT_TOKEN=… SLACK_APP_TOKEN=… mesh-medic serve'],
  run: async () => (await import('../../main.ts')).serve(),
})
