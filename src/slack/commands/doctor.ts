import { UserError } from '../../mesh/user-error.ts'
import { startRun } from '../thread/start-run.ts'
import { defineCommand } from './command.ts'

/** Tests the bot itself. */
export const doctor = defineCommand({
  name: 'doctor',
  usage: 'doctor',
  about: 'tests the bot: Slack, buttons, queue, permissions in the cluster, istioctl, Prometheus',
  asks: ['doctor'],
  async run(deps, asking, words) {
    if (words.length > 0) throw new UserError({ why: 'doctor takes no arguments.', commands: ['/mesh doctor'] })
    await startRun(deps, asking, { kind: 'doctor', text: '' })
  },
})
