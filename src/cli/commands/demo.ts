import { defineCommand } from './command.ts'

/** `mesh-medic demo`: the bot on a recorded mesh. */
export const demo = defineCommand({
  name: 'demo',
  summary: 'try it with a recorded mesh: no cluster, no Slack',
  description: 'Runs the bot against a stand-in for Slack and a recorded mesh, and shows the thread as it grows.',
  examples: ['mesh-medic demo'],
  run: async () => (await import('../demo.ts')).demo(),
})
